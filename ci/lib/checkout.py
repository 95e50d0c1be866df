"""The checkout that these scripts belong to: its folders, its files, its builds."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDS = Path(os.environ.get("EDGECASE_BUILD") or ROOT / "build").resolve()

EXIT_PASS, EXIT_FAILED, EXIT_UNUSABLE = 0, 1, 2


class Unusable(Exception):
    """What was asked for cannot be done at all: exit 2."""


def run_main(main):
    """Runs main(arguments), which returns the exit code, and turns what it throws into a line and a code."""
    command = "ci/" + {"run_tests": "test"}.get(Path(sys.argv[0]).stem, Path(sys.argv[0]).stem.replace("_", "-"))
    try:
        sys.exit(main(sys.argv[1:]))
    except Unusable as problem:
        print(f"{command}: {problem}", file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)
    except KeyboardInterrupt:
        print(f"{command}: interrupted", file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_UNUSABLE)
    except OSError as problem:  # no space, no permission, a program that is not there
        print(f"{command}: {problem}", file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)


def set_up():
    if subprocess.run([ROOT / "ci/setup"]).returncode != 0:
        raise Unusable("not set up, see above")


def files(*suffixes):
    """Paths, relative to the root and sorted, of the files that are tracked or would be if they were added."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True)
    if listed.returncode == 0:
        found = set(os.fsdecode(listed.stdout).split("\0")) - {""}
    else:  # not a git checkout, or one that belongs to someone else
        found = set()
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [name for name in folders if not name.startswith((".git", "build", "findings"))]
            found.update(os.path.relpath(os.path.join(folder, name), ROOT) for name in names)
    return sorted(path for path in found
                  if (ROOT / path).is_file() and (not suffixes or path.endswith(suffixes)))


def processors():
    return len(os.sched_getaffinity(0))


def make_folder(path, variable="EDGECASE_BUILD"):
    advice = f"Set {variable} to a folder that can be written."
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Unusable(f"cannot make {path}: {problem.strerror}. {advice}") from None
    if not os.access(path, os.W_OK):
        raise Unusable(f"cannot write to {path}. {advice}")
    return path


@contextlib.contextmanager
def lock(name):
    """Holds the lock of that name in the build folder, waiting for whoever has it."""
    with open(make_folder(BUILDS) / f"{name}.lock", "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another '{name}' in this checkout", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def program(preset):
    """The edgecase command line of a build."""
    return BUILDS / preset / "fuzz" / "edgecase"


def built_program(preset):
    path = program(preset)
    if not path.exists():
        raise Unusable(f"the build '{preset}' has no {path.relative_to(BUILDS)}")
    return path


def llvm_tool(name):
    """llvm-cov and its kind, which Debian installs with the version in the name."""
    for candidate in (name, f"{name}-14", f"/usr/lib/llvm-14/bin/{name}"):
        if path := shutil.which(candidate):
            return path
    raise Unusable(f"{name} is not installed")


def environment(**more):
    """The environment that tests and fuzzers run in. Sanitizers must find a symbolizer of that very name."""
    result = dict(os.environ)
    if not shutil.which("llvm-symbolizer"):
        result.setdefault("ASAN_SYMBOLIZER_PATH", "/usr/lib/llvm-14/bin/llvm-symbolizer")
    result.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    result.update({name: str(value) for name, value in more.items()})
    return result


def seeded_rapidcheck(seed):
    """RC_PARAMS as the caller set them, with this seed if they name none: the same run for everyone."""
    given = os.environ.get("RC_PARAMS", "")
    return given if "seed=" in given else f"{given} seed={seed}".strip()
