"""ci/hunt on a small project whose fuzz targets look once and say what they found."""

import unittest

from fake_checkout import FakeCheckout

PRESETS = """{"version": 6, "configurePresets": [{"name": "fuzz-fast", "generator": "Ninja",
"binaryDir": "${sourceDir}/build/${presetName}"}]}"""

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(fake LANGUAGES CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
foreach(name module_fuzz server_fuzz)
  add_executable(${name} fuzz.cpp)
  target_compile_definitions(${name} PRIVATE NAME="${name}")
endforeach()
"""

FUZZ = r"""
#include <cstdio>
#include "sum.hpp"
int main() {
    std::puts("stat::number_of_executed_units: 7");
    if (sum(1, 2) == 3) return 0;
    std::puts(NAME[0] == 'm' ? "finding: no-lost-wakeup" : "finding: fds-balanced");
    return 77;
}
"""


class Hunt(FakeCheckout):
    def setUp(self):
        super().setUp()
        for name, text in (("CMakePresets.json", PRESETS), ("CMakeLists.txt", CMAKE), ("fuzz.cpp", FUZZ),
                           ("sum.hpp", "inline int sum(int a, int b) { return a + b; }\n")):
            (self.root / name).write_text(text)

    def mutant(self, name, new, more=""):
        self.script(self.root / "props" / "mutants" / f"{name}.mutant",
                    f"stands for: {name}\nexpect: fds-balanced\n{more}file: sum.hpp\nold: a + b\nnew: {new}\n")

    def test_the_target_that_a_mutant_names_looks_for_it(self):
        self.mutant("by-server", "a - b", "target: server_fuzz\n")
        run = self.ci("hunt", "by-server")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^by-server +server_fuzz +1 +fds-balanced +7 ")

    def test_module_fuzz_looks_if_none_is_named_and_another_finding_is_not_it(self):
        self.mutant("by-module", "a - b")
        run = self.ci("hunt", "by-module")
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^by-module +module_fuzz +1 +no-lost-wakeup +7 ")
        run = self.ci("hunt", "by-module", "--target", "server_fuzz")
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_what_is_not_found_is_exit_1_and_what_is_unknown_2(self):
        self.mutant("harmless", "b + a")
        run = self.ci("hunt", "harmless", "--seeds", 2)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^harmless +module_fuzz +2 +not found +7 ")
        run = self.ci("hunt", "harmles")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("did you mean 'harmless'?", run.stdout)


if __name__ == "__main__":
    unittest.main()
