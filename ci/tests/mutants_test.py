"""ci/mutants on a small project whose tests are programs that print what Catch2 would."""

import unittest

from fake_checkout import FakeCheckout

PRESETS = """{"version": 6, "configurePresets": [{"name": "mutants", "generator": "Ninja",
"binaryDir": "${sourceDir}/build/${presetName}"}]}"""

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(fake LANGUAGES CXX)
enable_testing()
add_executable(unit_test unit_test.cpp)
add_test(NAME unit_test COMMAND unit_test)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
file(WRITE ${CMAKE_BINARY_DIR}/fuzz/edgecase "#!/bin/sh\\nexit 0\\n")
file(CHMOD ${CMAKE_BINARY_DIR}/fuzz/edgecase PERMISSIONS OWNER_READ OWNER_EXECUTE)
"""

UNIT_TEST = r"""
#include <cstdio>
#include "sum.hpp"
#define TEST_CASE(title, tags) static int sums()
TEST_CASE("sum: two numbers are added, "
          "and nothing is lost", "[no-lost-wakeup][bounded-turn][sum]") {
    if (sum(1, 2) == 3) return 0;
    std::printf("---\nsum: two numbers\n---\n%s:%d\n....\n\n%s:%d: FAILED:\n", __FILE__, __LINE__ - 1, __FILE__, __LINE__);
    return 1;
}
static int differs() {
    if (difference(5, 2) == 3) return 0;
    std::puts("file.scn: finding: fds-balanced");
    return 1;
}
int main() { return sums() + differs() + zero(); }
"""

SUM = """inline int sum(int a, int b) { return a + b; }
inline int difference(int a, int b) { return a - b; }
inline int zero() { return 0; }
"""


INVARIANTS = """{Invariant::no_lost_wakeup, "no-lost-wakeup", ...
{Invariant::fds_balanced, "fds-balanced", ...
"""


class Mutants(FakeCheckout):
    def setUp(self):
        super().setUp()
        for name, text in (("CMakePresets.json", PRESETS), ("CMakeLists.txt", CMAKE), ("unit_test.cpp", UNIT_TEST),
                           ("sum.hpp", SUM)):
            (self.root / name).write_text(text)
        self.script(self.root / "props" / "invariants.cpp", INVARIANTS)

    def mutant(self, name, old, new, expect="no-lost-wakeup", file="sum.hpp"):
        self.script(self.root / "props" / "mutants" / f"{name}.mutant",
                    f"# {name}\nstands for: {name}\nrow: {name}\nexpect: {expect}\nfile: {file}\n"
                    f"old: {old}\nnew:\n```\n{new}\n```\n")

    def test_each_verdict_is_told(self):
        self.mutant("by-tag", "return a + b;", "    return a;")
        self.mutant("by-verdict", "return a - b;", "return a;", expect="no-lost-wakeup, fds-balanced")
        self.mutant("by-another", "return a - b;", "return 7;")
        self.mutant("unnamed", "return 0;", "return 1;")
        self.mutant("survivor", "return a + b;", "return b + a;")
        self.mutant("no-build", "return a + b;", "return a +;")
        self.mutant("endless", "return 0;", "for (volatile int i = 0;; i = 0) {}")
        run = self.ci("mutants", "--tests-only", "--jobs", 2, "--only", "[!e]*")
        self.assertEqual(run.returncode, 1, run.stdout)
        for row in (r"by-tag +by-tag +killed +no-lost-wakeup", r"by-verdict +by-verdict +killed +fds-balanced",
                    r"by-another +by-another +killed by another +named fds-balanced: unit_test",
                    r"unnamed +unnamed +killed by another +named nothing: unit_test", r"survivor +survivor +SURVIVED",
                    r"no-build +no-build +does not build +sum.hpp:1:\d+: error"):
            self.assertRegex(run.stdout, rf"(?m)^{row}")
        self.assertIn("2 of 6 killed", run.stdout)
        self.assertEqual((self.root / "sum.hpp").read_text(), SUM)

        again = self.ci("mutants", "--only", "by-tag")
        self.assertEqual(again.returncode, 0, again.stdout)

    def test_an_edit_that_does_not_fit_exactly_once_is_exit_2(self):
        for old, times in (("return a * b;", "no"), ("inline int", "3")):
            self.mutant("misfit", old, "")
            run = self.ci("mutants")
            self.assertEqual(run.returncode, 2, run.stdout)
            self.assertIn(f"sum.hpp, and occurs {times} times:\n{old}", run.stdout)

    def test_tests_that_fail_without_a_mutant_are_exit_2(self):
        self.mutant("by-tag", "return a + b;", "return a;")
        (self.root / "sum.hpp").write_text(SUM.replace("return 0", "return 1"))
        run = self.ci("mutants")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("fail without any mutant", run.stdout)

    def test_an_expectation_that_is_no_invariant_is_exit_2(self):
        self.mutant("typo", "return a + b;", "return a;", expect="no-lost-wakup")
        run = self.ci("mutants")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("'no-lost-wakup' is neither", run.stdout)

    def test_malformed_files_are_refused_with_file_and_line(self):
        path = self.root / "props" / "mutants" / "wrong.mutant"
        path.parent.mkdir(parents=True)
        good = "stands for: x\nexpect: fds-balanced\nfile: sum.hpp\nold: return 0;\nnew: return 1;\n"
        for text, answer in ((good.replace("expect", "expects"), "wrong.mutant:2: unknown key 'expects'; did you mean 'expect'?"),
                             (good.replace("new: return 1;\n", ""), "there is no edit"),
                             (good.replace("old: return 0;", "old:\n```\nreturn 0;"), "no closing ```"),
                             (good.replace("file: sum.hpp\n", ""), "'old' before any 'file'"),
                             (good.replace("stands for: x\n", ""), "there is no 'stands for'"),
                             (good.replace("sum.hpp", "some.hpp"), "no file some.hpp"),
                             ("", "there is no 'stands for'"), ("nonsense\n", "wrong.mutant:1: expected 'key: value'")):
            path.write_text(text)
            run = self.ci("mutants")
            self.assertEqual(run.returncode, 2, run.stdout)
            self.assertIn(answer, run.stdout)


if __name__ == "__main__":
    unittest.main()
