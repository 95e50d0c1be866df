"""Breaks the code on purpose, one mutant at a time, and sees whether the tests notice and name what is broken.

Each worker has a copy of the tree and a build folder under build/mutants/N, kept from run to run, so that a mutant
costs the translation units it touches.
"""

import concurrent.futures
import fnmatch
import os
import queue
import re
import shutil
import signal
import subprocess
import time

import checkout
from arguments import Arguments
from console import duration, table
from mutant_file import FOLDER, KERNEL_STATEMENT, read_mutants

KILLED, KILLED_BY_ANOTHER, SURVIVED, NO_BUILD = "killed", "killed by another", "SURVIVED", "does not build"
LEAST_LIMIT_SECONDS = 30   # for one test program
SLOWDOWN = 4               # over what it takes unbroken
BUILD_LIMIT_SECONDS = 1800
RANDOM_PROGRAMS = 200      # they name no statement, so a few are enough here

running = set()  # the commands under way, to be ended when the whole is interrupted


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

    def build(self, jobs):
        """What the compiler said, or None if all went well."""
        if not (self.build_folder / "build.ninja").exists():
            configure = run_limited(["cmake", "--preset", "mutants", "-B", self.build_folder], BUILD_LIMIT_SECONDS,
                                    self.source)
            if configure.returncode != 0:
                return configure.stdout
        build = run_limited(["cmake", "--build", self.build_folder, "-j", str(jobs)], BUILD_LIMIT_SECONDS, self.source)
        return build.stdout if build.returncode != 0 else None

    def test(self):
        """(passed, output of what failed)."""
        environment = checkout.environment(RC_PARAMS=checkout.seeded_rapidcheck(1),
                                           EDGECASE_PROGRAMS=os.environ.get("EDGECASE_PROGRAMS", RANDOM_PROGRAMS))
        tests = run_limited(["ctest", "--test-dir", self.build_folder, "-LE", "slow", "--output-on-failure",
                             "--timeout", str(round(self.limit))], self.limit * 10, self.source, environment)
        program = self.build_folder / "fuzz" / "edgecase"
        corpus = run_limited([program, "replay", "corpus"], self.limit, self.source, environment)
        output = tests.stdout if tests.returncode != 0 else ""
        if corpus.returncode != 0:
            output += f"\nedgecase replay corpus: exit {corpus.returncode}\n{corpus.stdout}"
        return tests.returncode == 0 and corpus.returncode == 0, output


def run_limited(command, seconds, folder, environment=None):
    """Runs a command, and kills it with all its children when its time is up."""
    process = subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    running.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n(killed after {duration(seconds)})\n"
    finally:
        running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, output)


# --- what a failing run names ---

# Catch2 prints the place of a test case, or of the section that failed, below its title, alone on a line.
PLACE = re.compile(r"^(/?[^\s:][^:\n]*\.cpp):(\d+)$", re.M)
FAILED_PROGRAM = re.compile(r"^\s*\d+ - (\S+) \((.*)\)", re.M)
TEST_CASE_LINE = re.compile(r"\s*\w*(?:TEST_CASE|SCENARIO)\w*\s*\(")
TEST_CASE_HEAD = re.compile(r"[^(]*\((.*?)\)\s*\{", re.S)


def failed_test_cases(tree, output):
    """[(title, tags)] of the test cases whose failure the output tells, read from their source."""
    found = []
    for path, line in dict.fromkeys(PLACE.findall(output)):
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


# --- the run ---

def try_mutant(tree, mutant, jobs):
    """(verdict, detail, seconds)."""
    began = time.monotonic()
    tree.show(mutant.edited())
    said = tree.build(jobs)
    log = tree.folder.parent / "logs" / f"{mutant.name}.log"
    log.parent.mkdir(exist_ok=True)
    if said is not None:
        log.write_text(said)
        first = next((line for line in said.splitlines() if "error" in line), "see the log")
        return NO_BUILD, first.removeprefix(f"{tree.source}/")[:110], time.monotonic() - began
    passed, output = tree.test()
    log.write_text(output)
    seconds = time.monotonic() - began
    if passed:
        return SURVIVED, mutant.stands_for[:110], seconds
    names = named(tree.source, output)
    allowed = [name for name in mutant.expect if name in names]
    if allowed:
        others = sum(name not in mutant.expect for name in names)
        return KILLED, allowed[0] + (f" (and {others} more)" if others else ""), seconds
    failing = who_failed(tree.source, output)
    detail = f"named {', '.join(sorted(names)) or 'nothing'}: {failing[0][:80]}"
    return KILLED_BY_ANOTHER, detail + (f" and {len(failing) - 1} more" if len(failing) > 1 else ""), seconds


def chosen(mutants, only, quick):
    if only:
        mutants = [mutant for mutant in mutants if only in mutant.name or fnmatch.fnmatch(mutant.name, only)]
    if quick:  # one of each row
        mutants = list({mutant.row or mutant.name: mutant for mutant in reversed(mutants)}.values())[::-1]
    return mutants


def check_expectations(mutants):
    """Every expected name is an invariant of the oracle or a statement of the kernel's rules."""
    listed = subprocess.run([checkout.ROOT / "ci/edgecase", "list", "invariants"], capture_output=True, text=True)
    if listed.returncode != 0:
        raise checkout.Unusable(f"edgecase list invariants: {listed.stderr.strip()}")
    known = {line.split()[0] for line in listed.stdout.splitlines() if line.strip()}
    for mutant in mutants:
        for name in mutant.expect:
            if name not in known and not KERNEL_STATEMENT.match(name):
                raise checkout.Unusable(f"{mutant.place()}: '{name}' is neither an invariant nor a statement S-nn")


def prepare(tree, jobs):
    """Builds the tree unbroken: it must pass, or no verdict means anything."""
    tree.show({})
    said = tree.build(jobs)
    if said is not None:
        raise checkout.Unusable(f"the unbroken tree does not build:\n{said[-3000:]}")
    tree.limit = 600
    began = time.monotonic()
    passed, output = tree.test()
    if not passed:
        raise checkout.Unusable(f"the tests fail without any mutant:\n{output[-3000:]}")
    tree.limit = max(LEAST_LIMIT_SECONDS, SLOWDOWN * (time.monotonic() - began))


def main(arguments):
    parser = Arguments("ci/mutants", f"Applies each mutant of {FOLDER}/ to a copy of the tree, and runs the unit, property,"
                       "\nconformance and corpus tests there.",
                       "Exit: 0 each mutant was killed by a test that names an expected invariant, 1 not so,\n"
                       "2 a mutant cannot be applied, or the tests fail without any.\n"
                       "RC_PARAMS is passed on to the property tests; without a seed in it, the seed is 1.")
    parser.add_argument("--tests-only", action="store_true", help="only the tests, no fuzzing (as it always is so far)")
    parser.add_argument("--only", metavar="PATTERN", help="mutants whose name contains or matches PATTERN")
    parser.add_argument("--quick", action="store_true", help="one mutant of each row")
    parser.add_argument("--jobs", type=int, metavar="N", help="trees at once (one for every processor, at most 4)")
    parsed = parser.parse(arguments)
    if parsed.jobs is not None and parsed.jobs < 1:
        parser.error("--jobs must be at least 1")

    mutants = chosen(read_mutants(), parsed.only, parsed.quick)
    if not mutants:
        raise checkout.Unusable(f"no mutant matches '{parsed.only}'" if parsed.only else f"{FOLDER}/ holds no mutant")
    for mutant in mutants:
        mutant.edited()
    checkout.set_up()
    check_expectations(mutants)

    number = min(parsed.jobs or min(checkout.processors(), 4), len(mutants))
    jobs = max(1, checkout.processors() // number)
    began = time.monotonic()
    with checkout.lock("mutants"):
        trees = [Tree(place) for place in range(number)]
        print(f"mutants: {len(mutants)}, {number} at once; building the unbroken tree ...", flush=True)
        results = {}
        with concurrent.futures.ThreadPoolExecutor(number) as pool:
            free = queue.SimpleQueue()
            for tree in trees:
                free.put(tree)

            def attempt(mutant):
                tree = free.get()
                try:
                    results[mutant.name] = try_mutant(tree, mutant, jobs)
                finally:
                    free.put(tree)
                verdict, detail, seconds = results[mutant.name]
                print(f"  {len(results)}/{len(mutants)} {mutant.name}: {verdict}, {duration(seconds)}: {detail}", flush=True)

            try:
                list(pool.map(lambda tree: prepare(tree, jobs), trees))
                print(f"the unbroken tree passes ({duration(time.monotonic() - began)})", flush=True)
                list(pool.map(attempt, mutants))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(running):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    print()
    rows = [[mutant.name, mutant.row, *results[mutant.name][:2], duration(results[mutant.name][2])]
            for mutant in mutants]
    print("\n".join(table(["mutant", "row", "verdict", "", "time"], rows, left=4)))
    killed = sum(results[mutant.name][0] == KILLED for mutant in mutants)
    print(f"\n{killed} of {len(mutants)} killed by a test that names an expected invariant, "
          f"{duration(time.monotonic() - began)}")
    if killed < len(mutants):
        print(f"output of each: {os.path.relpath(checkout.BUILDS / 'mutants' / 'logs')}/NAME.log; "
              "one alone: ci/mutants --only NAME")
    return checkout.EXIT_PASS if killed == len(mutants) else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
