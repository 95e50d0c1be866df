"""ci/setup with a dpkg-query and an apt-get that only pretend."""

import shutil
import subprocess
import unittest

from fake_checkout import CI, FakeCheckout

# Everything the real one was asked for is installed, but for $MISSING until apt-get was there.
DPKG_QUERY = """#!/bin/sh
shift 2
for name in "$@"; do
    [ "$name" = "${MISSING-}" ] && ! [ -e "$DONE" ] || echo "$name installed"
done
"""
APT_GET = """#!/bin/sh
echo "$@" >>"$ASKED"
[ -z "${APT_SAYS-}" ] || { echo "$APT_SAYS"; exit 100; }
[ "$1" = update ] || { sleep 0.3; touch "$DONE"; }
"""


class Setup(FakeCheckout):
    def setUp(self):
        super().setUp()
        shutil.copy(CI / "setup", self.root / "ci" / "setup")
        self.tools = self.folder / "bin"
        self.script(self.tools / "dpkg-query", DPKG_QUERY)
        self.script(self.tools / "apt-get", APT_GET)
        self.script(self.tools / "id", "#!/bin/sh\necho ${FAKE_ID:-0}\n")

    def setup_environment(self, **more):
        environment = self.environment(DONE=str(self.folder / "done"), ASKED=str(self.folder / "asked"), **more)
        environment["PATH"] = f"{self.tools}:{environment['PATH']}"
        return environment

    def run_setup(self, *words, **more):
        return subprocess.run([self.root / "ci/setup", *words], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.setup_environment(**more))

    def asked(self):
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def test_nothing_is_asked_of_the_network_when_all_is_there(self):
        run = self.run_setup()
        self.assertEqual((run.returncode, run.stdout, self.asked()), (0, "", []))

    def test_root_installs_what_is_missing_and_nothing_else(self):
        run = self.run_setup(MISSING="ninja-build")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(self.asked()[0], "update")
        self.assertTrue(self.asked()[1].endswith(" ninja-build"), self.asked())

    def test_anyone_else_is_told_the_line_to_type(self):
        run = self.run_setup(MISSING="ninja-build", FAKE_ID="1000")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("apt-get update && apt-get install -y --no-install-recommends ninja-build\n", run.stdout)
        self.assertEqual(self.asked(), [])

    def test_two_at_once_install_once(self):
        both = [subprocess.Popen([self.root / "ci/setup"], stderr=subprocess.PIPE, text=True,
                                 env=self.setup_environment(MISSING="ninja-build")) for _ in range(2)]
        for process in both:
            process.communicate()
            self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.asked()), 2)

    def test_each_failure_is_told_apart(self):
        for said, answer in (("Temporary failure resolving 'somewhere'", "cannot be reached"),
                             ("You don't have enough free space", "the disk is full"),
                             ("E: Unable to locate package ninja-build", "do not know these packages"),
                             ("nobody knows", "apt-get failed")):
            run = self.run_setup(MISSING="ninja-build", APT_SAYS=said)
            self.assertEqual(run.returncode, 2, run.stdout)
            self.assertIn(answer, run.stdout)
            self.assertIn("Still missing: ninja-build", run.stdout)

    def test_an_unknown_argument_is_exit_2(self):
        run = self.run_setup("--chek")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("usage", run.stdout)


if __name__ == "__main__":
    unittest.main()
