"""A checkout in a temporary folder, with the real scripts of ci/ and fake programs, to try the scripts on."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CI = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CI / "lib"))

EDGECASE = """
import os, pathlib, sys
words = sys.argv[1:]
if words == ["list", "targets"]:
    print(os.environ.get("FAKE_TARGETS", "module steps"))
elif words == ["list", "invariants"]:
    print("no-lost-wakeup  says something\\nfds-balanced  says something else")
elif words == ["list", "words"]:
    print('"open"')
elif words == ["canaries"]:
    silent = os.environ.get("FAKE_SILENT", "")
    for name in ("no-lost-wakeup", "fds-balanced"):
        print(name, "silent" if name == silent else "fired")
    sys.exit(1 if silent else 0)
elif words[0] == "encode":
    (pathlib.Path(words[-1]) / "seed").write_bytes(b"seed")
elif words[0] == "decode":
    print("edgecase 1\\n# decoded", pathlib.Path(words[1]).read_text())
elif words[0] == "replay" and "breaks " in (text := pathlib.Path(words[1]).read_text()):
    print("finding:", text.split("breaks ")[1].split()[0])
    sys.exit(1)
else:
    sys.exit(0)
"""


class FakeCheckout(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgecase-ci-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.root = self.folder / "checkout"
        shutil.copytree(CI, self.root / "ci", ignore=shutil.ignore_patterns("tests", "__pycache__"))
        for name in ("setup", "build"):
            self.script(self.root / "ci" / name, "#!/bin/sh\nexit 0\n")
        self.script(self.root / "corpus" / "seed.scn", "edgecase 1\n")
        for preset in ("fuzz", "plain"):
            self.program(preset, "edgecase", EDGECASE)

    def script(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def program(self, preset, name, python):
        return self.script(self.root / "build" / preset / "fuzz" / name, f"#!{sys.executable} -S\n{python}")

    def environment(self, **more):
        left_out = ("EDGECASE_", "RC_PARAMS", "GIT_")
        return {**{key: value for key, value in os.environ.items() if not key.startswith(left_out)}, **more}

    def ci(self, *words, cwd=None, **environment):
        """Runs a script of ci/; its output and errors are in stdout."""
        return subprocess.run([self.root / "ci" / words[0], *map(str, words[1:])], cwd=cwd or self.root, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(**environment))
