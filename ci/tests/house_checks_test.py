"""Each house check is shown to fire, and to keep quiet where it should."""

import unittest

from fake_checkout import FakeCheckout

CASES = {
    "file-length": ("core/long.hpp", "int i;\n" * 801, "core/long.hpp: 801 lines"),
    "include-direction": ("fakekernel/a.hpp", '#include "props/b.hpp"\n', "fakekernel/a.hpp:1"),
    "system-calls-in-core": ("core/a.cpp", "// errno and ::close(3) in a comment\nint f() { return ::close(3); }\n",
                             "core/a.cpp:2"),
    "determinism": ("props/a.cpp", 'const char* s = "std::random_device";\nstd::unordered_map<int, int> m;\n', "props/a.cpp:2"),
    "catch-in-one-file": ("props/a.hpp", "#include <rapidcheck/catch.h>\n", "props/a.hpp:1"),
    "left-open": ("core/a.hpp", "// TO" + "DO: the rest\n", "core/a.hpp:1"),
    "machine-paths": ("README.md", "see /ho" + "me/someone/file\n", "README.md:1"),
    "formatting": ("core/a.hpp", "int  f( );\n", "core/a.hpp"),
    "mutants": ("props/mutants/a.mutant", "stands for: a\nexpect: fds-balanced\nfile: ci/setup\nold: not there\nnew: x\n",
                "props/mutants/a.mutant: this text must occur exactly once in ci/setup"),
    "fidelity-page": ("fakekernel/FIDELITY.md", "# Page\n\n## Statement, place, test\n\n| statements | place | test |\n|---|---|---|\n"
                      "| S-1 creation | `nowhere.cpp` | nothing |\n", "there is no nowhere.cpp"),
    "scripts": ("ci/wrong", "#!/usr/bin/env bash\nif true; then\n", "ci/wrong"),
}

QUIET = {
    "core/a.cpp": '#include "core/b.hpp"\n#include <cerrno>\nint f() { return kernel.close(3) + EAGAIN + n::call(2); }\n',
    "core/a_test.cpp": "#include <unistd.h>\nint f() { return ::close(errno); }\n",
    "core/linux_kernel.hpp": "#include <sys/epoll.h>\ninline int f() { return ::epoll_create1(0) + errno; }\n",
    "props/a.cpp": '#include "fakekernel/b.hpp"\n#include "core/b.hpp"\n',
    "props/catch.hpp": "#include <catch2/catch.hpp>\n",
    "corpus/captures/a.strace": "line\n" * 900,
}


class HouseChecks(FakeCheckout):
    def test_each_check_fires(self):
        self.script(self.root / ".clang-format", "BasedOnStyle: LLVM\n")
        for name, (path, text, place) in CASES.items():
            self.script(self.root / path, text)
            run = self.ci("house-checks", name)
            self.assertEqual(run.returncode, 1, run.stdout)
            self.assertIn(f"FAILED  {name}:", run.stdout)
            self.assertIn(place, run.stdout)
            (self.root / path).unlink()

    def test_what_is_allowed_is_not_reported(self):
        for path, text in QUIET.items():
            self.script(self.root / path, text)
        names = [name for name in CASES if name != "formatting"]
        run = self.ci("house-checks", *names)
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_an_unknown_check_is_answered_with_the_nearest(self):
        run = self.ci("house-checks", "formating")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("did you mean 'formatting'?", run.stdout)


if __name__ == "__main__":
    unittest.main()
