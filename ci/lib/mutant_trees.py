"""Copies of the checkout in which mutants are built and tested, and what a failing test names."""

import os
import re
import shutil

import checkout
from commands import run_limited

LEAST_LIMIT_SECONDS = 30   # for one test program
BUILD_LIMIT_SECONDS = 1800
RANDOM_PROGRAMS = 200      # they name no statement, so a few are enough here


class Tree:
    """A copy of the checkout with a build of its own, in which mutants are tried."""

    def __init__(self, number):
        self.folder = checkout.make_folder(checkout.BUILDS / "mutants" / str(number))
        self.source = self.folder / "tree"
        self.build_folder = self.folder / "build"
        self.limit = LEAST_LIMIT_SECONDS

    def write(self, path, data):
        """Writes a file only if it differs: the build goes by modification times."""
        target = self.source / path
        if target.is_symlink() or not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            shutil.copymode(checkout.ROOT / path, target)

    def show(self, edited):
        """Makes the copy equal to the checkout, but for these files."""
        paths = checkout.files()
        for path in paths:
            self.write(path, edited[path].encode() if path in edited else (checkout.ROOT / path).read_bytes())
        known = set(paths)
        for folder, _, names in os.walk(self.source):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.source) not in known:
                    os.unlink(path)

    def build(self, jobs, part=""):
        """Builds all, or that folder. What the compiler said, or None if all went well."""
        if not (self.build_folder / "build.ninja").exists():
            configure = run_limited(["cmake", "--preset", "mutants", "-B", self.build_folder], BUILD_LIMIT_SECONDS,
                                    self.source)
            if configure.returncode != 0:
                return configure.stdout
        build = run_limited(["cmake", "--build", self.build_folder, "-j", str(jobs), "--target", f"{part}/all" if part else "all"],
                            BUILD_LIMIT_SECONDS, self.source)
        return build.stdout if build.returncode != 0 else None

    def test(self, part=""):
        """Runs all tests and the corpus, or the tests of that folder. (passed, output of what failed)."""
        environment = checkout.environment(RC_PARAMS=checkout.seeded_rapidcheck(1),
                                           EDGECASE_PROGRAMS=os.environ.get("EDGECASE_PROGRAMS", RANDOM_PROGRAMS))
        tests = run_limited(["ctest", "--test-dir", self.build_folder / part, "-LE", "slow", "--output-on-failure",
                             "--timeout", str(round(self.limit))], self.limit * 10, self.source, environment)
        if part:
            return tests.returncode == 0, tests.stdout
        program = self.build_folder / "fuzz" / "edgecase"
        corpus = run_limited([program, "replay", "corpus"], self.limit, self.source, environment)
        output = tests.stdout if tests.returncode != 0 else ""
        if corpus.returncode != 0:
            output += f"\nedgecase replay corpus: exit {corpus.returncode}\n{corpus.stdout}"
        return tests.returncode == 0 and corpus.returncode == 0, output


# --- what a failing run names ---

# Whoever compiles with paths that are relative to the build (a compiler cache may) gets them printed so.
RELATIVE = re.compile(r"^(\.\./)+(tree/)?")

# Catch2 prints the place of a test case, or of the section that failed, below its title, alone on a line.
PLACE = re.compile(r"^(/?[^\s:][^:\n]*\.cpp):(\d+)$", re.M)
FAILED_PROGRAM = re.compile(r"^\s*\d+ - (\S+) \((.*)\)", re.M)
TEST_CASE_LINE = re.compile(r"\s*\w*(?:TEST_CASE|SCENARIO)\w*\s*\(")
TEST_CASE_HEAD = re.compile(r"[^(]*\((.*?)\)\s*\{", re.S)


def failed_test_cases(tree, output):
    """[(title, tags)] of the test cases whose failure the output tells, read from their source."""
    found = []
    for path, line in dict.fromkeys(PLACE.findall(output)):
        path = RELATIVE.sub("", path)
        if not (tree / path).is_file():
            continue
        lines = (tree / path).read_text(errors="replace").splitlines()
        first = int(line) - 1
        while first > 0 and not TEST_CASE_LINE.match(lines[first]):
            first -= 1
        if match := TEST_CASE_HEAD.match("\n".join(lines[first:first + 20])):
            literals = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', match.group(1)))
            test_case = (literals.partition("[")[0].strip(), tuple(re.findall(r"\[([^\]]+)\]", literals)))
            if test_case not in found:
                found.append(test_case)
    return found


def named(tree, output):
    """The invariants and statements that a failing run names: tags of failed test cases, and verdicts' 'finding:'."""
    names = set()
    for title, tags in failed_test_cases(tree, output):
        names.update(tags)
        names.update(re.findall(r"\bS-\d+[a-z]?\b", title))
    names.update(re.findall(r"\b(?:finding|broken): +([a-z]+(?:-[a-z]+)+|S-\d+[a-z]?\b)", output))
    return names


def who_failed(tree, output):
    """What to say of a failing run: the titles of the failed test cases, else the programs."""
    titles = [title for title, _ in failed_test_cases(tree, output)]
    programs = [f"{name} ({how})" for name, how in FAILED_PROGRAM.findall(output)]
    if "edgecase replay corpus: exit" in output:
        programs.append("replay of the corpus")
    return titles or programs or ["(nobody said)"]
