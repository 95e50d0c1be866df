"""Everything that must be green, phase by phase."""

import concurrent.futures
import dataclasses
import re
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

import checkout
import coverage
import house_checks
from arguments import Arguments
from console import duration, table

TRACE_LINES_SHOWN = 10
RANDOM_PROGRAMS_SECONDS = 30
EXPLORED_DEPTH, EXPLORED_SECONDS = 6, 60
LATEST_MINUTES = 40  # after which no phase of --long begins any more: a gate has its limit, and a slow machine its day


class Failed(Exception):
    """The phase found something wrong; it has been printed."""


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0

    def add(self, ok):
        self.passed += bool(ok)
        self.failed += not ok


@dataclasses.dataclass
class Phase:
    name: str
    run: callable  # returns a Count, or None for one thing that passed; throws Failed for one that did not
    needs: tuple = ()  # names of phases without which this one makes no sense


def build(preset):
    """A phase that builds a preset. Shows the compiler's words at once, progress every ten seconds."""
    def run():
        process = subprocess.Popen([checkout.ROOT / "ci/build", preset], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        last = time.monotonic()
        said = False
        for line in process.stdout:
            if re.match(r"-- |Preset CMake|\s+\w+=|\s*$|ninja: no work", line) and not said:
                continue
            if re.match(r"\[\d+/\d+\] ", line):
                if time.monotonic() - last < 10:
                    continue
                last = time.monotonic()
            else:
                said = True
            print("   ", line, end="", flush=True)
        if process.wait() != 0:
            raise Failed
    return run


def scripts():
    """The tests of ci/'s own scripts. They mostly wait, so they run side by side, each in a process of its own."""
    folder = checkout.ROOT / "ci/tests"

    def names(suite):
        for test in suite:
            yield from names(test) if isinstance(test, unittest.TestSuite) else [test.id()]

    def run(name):
        return subprocess.run([sys.executable, "-B", "-m", "unittest", name], cwd=folder, capture_output=True, text=True)

    count = Count()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for result in pool.map(run, names(unittest.TestLoader().discover(str(folder), "*_test.py"))):
            count.add(result.returncode == 0)
            if result.returncode != 0:
                print(result.stderr, flush=True)
    if count.passed + count.failed == 0:
        print("    there is not one test")
        count.failed = 1
    return count


def house():
    count = Count()
    for name in house_checks.CHECKS:
        count.add(house_checks.run_check(name))
    return count


class Ctest:
    """All tests of one build. Their closing lines are kept for the end."""

    def __init__(self, preset):
        self.preset = preset
        self.closing = []

    def run(self):
        folder = checkout.BUILDS / self.preset
        junit = folder / "junit.xml"
        junit.unlink(missing_ok=True)
        coverage.forget(self.preset)
        rapidcheck = checkout.seeded_rapidcheck(seed_of_commit())
        print(f"    RC_PARAMS={rapidcheck!r}")
        process = subprocess.Popen(
            ["ctest", "--test-dir", folder, "--output-on-failure", "--parallel", str(checkout.processors()),
             "--timeout", "600", "--output-junit", junit, "--test-output-size-passed", "1000000"],
            env=checkout.environment(RC_PARAMS=rapidcheck),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if not line.lstrip().startswith("Start "):
                print("   ", line, end="", flush=True)
        process.wait()
        closing = next((place for place, line in enumerate(lines) if re.match(r"\d+% tests passed", line)), len(lines))
        self.closing = lines[closing:]
        count = test_cases(junit)
        if process.returncode != 0 and count.failed == 0:
            count.failed = 1
        if count.passed + count.failed == 0:
            print("    there is not one test")
            count.failed = 1
        return count


class CtestWithoutEpoll(Ctest):
    """The same where epoll is hidden: there must be tests that are named as needing the real kernel."""

    def run(self):
        count = super().run()
        if not any("(Disabled)" in line for line in self.closing):
            print("    every test was run: epoll is not hidden")
            count.failed += 1
        return count


def test_cases(junit):
    """The test cases within the programs that CTest ran; a program that does not say counts as one. Those that a build
    without epoll names and does not run do not count."""
    count = Count()
    if not junit.exists():
        return count
    for program in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        if program.get("status") == "disabled":
            continue
        ok = program.get("status") == "run"
        said = program.findtext("system-out") or ""
        skipped = program.find("skipped")
        if skipped is not None and skipped.get("message", "").startswith("SKIP_RETURN_CODE"):
            print(f"    {program.get('name')}: {said.strip()}")  # it says what it misses
            continue
        for line in re.findall(r"^(?:on this kernel: |left out: |S-\d+: this kernel).*", said, re.M):
            print(f"    {program.get('name')}: {line}")
        all_passed = re.findall(r"^All tests passed \(.* in (\d+) test cases?\)", said, re.M)
        some_failed = re.findall(r"^test cases: +(\d+) \|(.*)", said, re.M)
        passed = sum(int(number) for number in all_passed)
        failed = 0
        for total, rest in some_failed:
            these = sum(int(number) for number in re.findall(r"(\d+) failed", rest))
            passed, failed = passed + int(total) - these, failed + these
        count.passed += passed or (1 if ok and not failed else 0)
        count.failed += failed or (0 if ok else 1)
    return count


def seed_of_commit():
    """The seed of the properties: another one for every commit, the same one for everybody."""
    head = subprocess.run(["git", "-C", checkout.ROOT, "rev-parse", "HEAD"], capture_output=True, text=True)
    return int(head.stdout[:12], 16) if head.returncode == 0 else 1


def run_edgecase(preset, *words):
    """The command line of a build: (whether it succeeded, the lines of its results, those of everything it said)."""
    result = subprocess.run([checkout.built_program(preset), *words], cwd=checkout.ROOT, env=checkout.environment(),
                            capture_output=True, text=True, errors="replace")
    results, all_said = result.stdout.splitlines(), (result.stdout + result.stderr).splitlines()
    if result.returncode != 0:
        all_said.append(f"{preset}: edgecase {' '.join(words)}: exit {result.returncode}")
    return result.returncode == 0, results, all_said or ["(it said nothing)"]


def results_of(preset, *words):
    """What it printed; if it fails or has nothing to print, the phase has failed."""
    ok, results, all_said = run_edgecase(preset, *words)
    if not ok or not results:
        print("    " + "\n    ".join(all_said))
        raise Failed
    return results


def replay(preset):
    """A phase that replays the corpus in a build."""
    def run():
        print("   ", results_of(preset, "replay", "corpus")[-1])
    return run


def search(name, words, shown):
    """Looks for trouble with the plain build's command line: (whether all is well, what to print), which are its last
    lines, or all of them if it found some."""
    began = time.monotonic()
    ok, _, all_said = run_edgecase("plain", *words)
    return ok, [f"{name}, {duration(time.monotonic() - began)}",
                *("  " + line for line in (all_said[-shown:] if ok else all_said))]


def searches():
    """Every call of every scenario fails once, those of captures, some of which make thousands, with fewer errors; every
    scenario of a small scope, as far as the time reaches; random programs of system calls on the real kernel and on the
    model. Each is one process, and for some of them time is what they are given: they run side by side."""
    folders = sorted({path.relative_to(checkout.ROOT).parts[1] for path in (checkout.ROOT / "corpus").rglob("*/*.scn")})
    some = [
        ("exploration", ["explore", "--connections", "2", "--depth", str(EXPLORED_DEPTH),
                         "--seconds", str(EXPLORED_SECONDS)], 1),
        ("fault sweep", ["sweep", *("corpus/" + name for name in folders if name != "captures")], 2),
        ("fault sweep of captures", ["sweep", "--by-class", "corpus/captures"], 2),
        ("random programs", ["diff", "--seconds", str(RANDOM_PROGRAMS_SECONDS), "--seed", "1"], 1),
    ]
    count = Count()
    with concurrent.futures.ThreadPoolExecutor(checkout.processors()) as pool:
        for ok, said in pool.map(lambda one: search(*one), some):
            count.add(ok)
            for line in said:
                print("   ", line, flush=True)
    return count


def trace_hashes(preset):
    lines = results_of(preset, "trace", "--hash", "corpus")
    return {path: trace_hash for trace_hash, _, path in (line.partition(" ") for line in lines)}


def compare_traces():
    """The same scenario gives the same trace under clang with sanitizers and under g++ without."""
    clang, gcc = trace_hashes("sanitize"), trace_hashes("plain")
    count = Count()
    shown = 0
    for path in sorted(clang.keys() | gcc.keys()):
        same = clang.get(path) == gcc.get(path)
        count.add(same)
        if not same and shown < TRACE_LINES_SHOWN:
            shown += 1
            print(f"    {path.strip()}: clang {clang.get(path)}, g++ {gcc.get(path)}")
    print(f"    {count.passed} of {count.passed + count.failed} traces are the same")
    return Count(1, 0) if count.failed == 0 else Count(0, count.failed)


def cover():
    if not coverage.report("sanitize"):
        raise Failed


def tidy():
    """clang-tidy over every translation unit of ours, with the compile commands of the sanitized build."""
    units = [path for path in house_checks.code_files() if path.endswith(".cpp")]
    found = []

    def work(unit):
        run = subprocess.run(["clang-tidy", "-p", checkout.BUILDS / "sanitize", "--quiet", "--warnings-as-errors=*", unit],
                             cwd=checkout.ROOT, capture_output=True, text=True, errors="replace")
        if run.returncode != 0:
            found.append(unit)
            print(run.stdout, flush=True)

    with concurrent.futures.ThreadPoolExecutor(checkout.processors()) as pool:
        list(pool.map(work, units))
    return Count(len(units) - len(found), len(found))


def mutants():
    run = subprocess.run([checkout.ROOT / "ci/mutants", "--quick"])
    if run.returncode != 0:
        raise Failed


def phases(ctest):
    """Every phase, in order; those of --long after the others."""
    always = [
        Phase("house checks", house),
        Phase("scripts of ci/", scripts),
        Phase("build sanitize", build("sanitize")),
        Phase("tests", ctest.run, needs=("build sanitize",)),
        Phase("corpus, sanitize", replay("sanitize"), needs=("build sanitize",)),
        Phase("coverage of core/", cover, needs=("tests", "corpus, sanitize")),
        Phase("build plain", build("plain")),
        Phase("corpus, plain", replay("plain"), needs=("build plain",)),
        Phase("searches, plain", searches, needs=("build plain",)),
        Phase("same traces", compare_traces, needs=("build sanitize", "build plain")),
    ]
    long = [
        Phase("clang-tidy", tidy, needs=("build sanitize",)),
        Phase("build stub", build("stub")),
        Phase("tests without epoll", CtestWithoutEpoll("stub").run, needs=("build stub",)),
        Phase("mutants, quick", mutants, needs=("tests",)),
    ]
    return always, long


def run_phase(phase, failed):
    """(Count, reason for leaving it out)."""
    missing = [name for name in phase.needs if name in failed]
    if missing:
        return Count(), f"left out: '{missing[0]}' failed"
    print(f"==> {phase.name}", flush=True)
    try:
        return phase.run() or Count(1, 0), None
    except Failed:
        return Count(0, 1), None
    except checkout.Unusable as problem:
        print(f"    {problem}")
        return Count(0, 1), None


def main(arguments):
    always, long = phases(Ctest("sanitize"))
    names = "\n".join(f"  {phase.name}{'  (--long)' if phase in long else ''}" for phase in always + long)
    parser = Arguments("ci/test", "Runs everything that must be green.", f"Phases:\n{names}\n\n"
                       "Exit: 0 all green, 1 something is not, 2 could not be set up.\n"
                       "RC_PARAMS is passed on to the property tests; without a seed in it, the commit is the seed.")
    parser.add_argument("--long", action="store_true", help="also the phases that take long")
    parsed = parser.parse(arguments)

    start = time.monotonic()
    checkout.set_up()
    rows = [["set up", duration(time.monotonic() - start), "", "", "ok"]]
    total, failed = Count(), set()
    with checkout.lock("test"):
        ctest = Ctest("sanitize")
        always, long = phases(ctest)
        for phase in always + (long if parsed.long else []):
            began = time.monotonic()
            if phase in long and time.monotonic() - start > LATEST_MINUTES * 60:
                count, left_out = Count(), f"left out: {LATEST_MINUTES} minutes had passed"
            else:
                count, left_out = run_phase(phase, failed)
            total.passed, total.failed = total.passed + count.passed, total.failed + count.failed
            if count.failed or (left_out and phase not in long):
                failed.add(phase.name)
            result = left_out or ("FAILED" if count.failed else "ok")
            rows.append([phase.name, duration(time.monotonic() - began), count.passed, count.failed, result])
    rows.append(["all", duration(time.monotonic() - start), total.passed, total.failed,
                 "FAILED" if failed else "ok"])
    print()
    print("\n".join(table(["phase", "time", "passed", "failed", ""], rows)))
    print()
    print("\n".join(ctest.closing).strip("\n"))
    print(f"{total.passed} passed, {total.failed} failed")
    return checkout.EXIT_FAILED if failed else checkout.EXIT_PASS


if __name__ == "__main__":
    checkout.run_main(main)
