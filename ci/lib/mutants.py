"""Breaks the code on purpose, one mutant at a time, and sees whether tests and fuzzers notice and name what is broken.

A mutant of core/ is a subject (subjects.py): an object that one build of the programs loads, so that everything can be tried
on it. Whatever no subject test kills, and every mutant of other folders, is tried in a copy of the tree that is built and
tested as a whole, one for each worker, kept from run to run under build/mutants/.
"""

import concurrent.futures
import dataclasses
import fnmatch
import os
import queue
import re
import statistics
import time

import checkout
import subjects
from arguments import Arguments
from battery import PROGRAMS, Battery
from commands import kill_all
from console import duration, table
from mutant_file import FOLDER, KERNEL_STATEMENT, read_mutants
from mutant_trees import LEAST_LIMIT_SECONDS, Tree, named, who_failed

KILLED, KILLED_BY_ANOTHER, SURVIVED, NO_BUILD = "killed", "killed by another", "SURVIVED", "does not build"
EQUIVALENT = "equivalent"
SLOWDOWN = 4               # over what it takes unbroken
SEEDS, LIMIT_SECONDS = 5, 60
QUICK_SEEDS, QUICK_LIMIT_SECONDS = 1, 10
INVARIANT = re.compile(r'\{Invariant::\w+, "([a-z-]+)"')  # a row of the oracle's table


@dataclasses.dataclass
class Result:
    verdict: str = SURVIVED
    detail: str = ""
    seconds: float = 0.0
    killers: frozenset = frozenset()  # files of the corpus
    hunts: list = dataclasses.field(default_factory=list)


def judge(mutant, output, who):
    """(verdict, detail) of a failing run."""
    names = named(checkout.ROOT, output)
    allowed = [name for name in mutant.expect if name in names]
    if allowed:
        others = sum(name not in mutant.expect for name in names)
        return KILLED, allowed[0] + (f" (and {others} more)" if others else "")
    return KILLED_BY_ANOTHER, f"named {', '.join(sorted(names)) or 'nothing'}: {who}"


# --- subjects ---

def test_subject(battery, mutant):
    """Tests, then the corpus, which is to say which of its files are killers, too."""
    began = time.monotonic()
    corpus, killers = battery.corpus(mutant.name)
    tests = battery.test_programs(mutant.name)
    result = Result(killers=frozenset(killers))
    log_of(mutant).write_text(f"{corpus}\n{tests}")
    for engine, output in (("corpus", corpus), ("tests", tests)):
        if output:
            verdict, detail = judge(mutant, output, engine)
            if result.verdict == SURVIVED or verdict == KILLED and result.verdict != KILLED:
                result.verdict, result.detail = verdict, f"{engine}: {detail}"
    if untold := battery.untold(mutant.name):
        result.verdict, result.detail = KILLED_BY_ANOTHER, f"not by {', '.join(untold)} as it says"
    result.seconds = time.monotonic() - began
    return result


def hunt_subject(battery, mutant, result, seeds, limit):
    for engine in ("corpus", "nothing"):
        corpus = battery.seeds_without(mutant.name, mutant.target, result.killers) if engine == "corpus" else None
        result.hunts.append(battery.hunt(mutant.name, mutant.target, engine, corpus, seeds, limit))


def verdict_of_hunt(mutant, hunt):
    if any(found is None for found in hunt.found):
        return SURVIVED
    return KILLED if all(found in mutant.expect for found in hunt.found) else KILLED_BY_ANOTHER


# --- trees ---

def log_of(mutant):
    return checkout.make_folder(checkout.BUILDS / "mutants" / "logs") / f"{mutant.name}.log"


def no_build(mutant, said, seconds=0.0):
    log_of(mutant).write_text(said)
    return Result(NO_BUILD, next((line for line in said.splitlines() if "error" in line), "see the log")[:110], seconds)


def try_in_tree(tree, mutant, jobs):
    """The tests of the folder that is broken come first: they are the quickest to build, and most often enough."""
    began = time.monotonic()
    tree.show(mutant.edited())
    for part in dict.fromkeys((mutant.folder(), "")):
        said = tree.build(jobs, part)
        if said is not None:
            return no_build(mutant, said.replace(f"{tree.source}/", ""), time.monotonic() - began)
        tests_began = time.monotonic()
        passed, output = tree.test(part)
        log_of(mutant).write_text(output)
        result = Result(SURVIVED, mutant.stands_for[:110])
        if not passed:
            failing = who_failed(tree.source, output)
            result.verdict, result.detail = judge(
                mutant, output.replace(f"{tree.source}/", f"{checkout.ROOT}/"),
                failing[0][:80] + (f" and {len(failing) - 1} more" if len(failing) > 1 else ""))
        if result.verdict == KILLED:
            result.detail += f", {duration(time.monotonic() - tests_began)} of tests"
            break
    result.seconds = time.monotonic() - began
    return result


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


# --- the run ---

def chosen(mutants, only, quick):
    if only:
        mutants = [mutant for mutant in mutants
                   if any(pattern in mutant.name or fnmatch.fnmatch(mutant.name, pattern) for pattern in only)]
    if quick:  # one of each row
        mutants = list({mutant.row or mutant.name: mutant for mutant in reversed(mutants)}.values())[::-1]
    return mutants


def check_expectations(mutants):
    """Every expected name is an invariant of the oracle or a statement of the kernel's rules."""
    known = set(INVARIANT.findall((checkout.ROOT / "props/invariants.cpp").read_text()))
    for mutant in mutants:
        for name in mutant.expect:
            if name not in known and not KERNEL_STATEMENT.match(name):
                raise checkout.Unusable(f"{mutant.place()}: '{name}' is neither an invariant nor a statement S-nn")


def for_each(workers, things, attempt):
    """attempt(thing) for each, side by side. If one throws, or all is interrupted, no command is left running."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            list(pool.map(attempt, things))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise


def in_parallel(workers, mutants, what, attempt):
    """attempt(mutant) for each, telling of each as it is done: its results by name."""
    results = {}

    def one(mutant):
        results[mutant.name] = result = attempt(mutant)
        print(f"  {what} {len(results)}/{len(mutants)} {mutant.name}: {told(mutant, result)}", flush=True)

    for_each(workers, mutants, one)
    return results


def told(mutant, result):
    if result.hunts:
        return "; ".join(f"from {hunt.engine} {verdict_of_hunt(mutant, hunt)}, {', '.join(sorted(set(map(str, hunt.found))))}"
                         for hunt in result.hunts)
    return f"{result.verdict}, {duration(result.seconds)}: {result.detail}"


def try_subjects(mutants, jobs):
    """(results by name, the battery)."""
    print(f"subjects: {len(mutants)}; building them and what runs them ...", flush=True)
    broken = subjects.build(mutants, PROGRAMS)
    battery = Battery(checkout.BUILDS / "mutants" / "subjects")
    output = battery.corpus("core")[0] + battery.test_programs("core")
    if output:
        raise checkout.Unusable(f"the tests fail without any mutant:\n{output[-3000:]}")
    results = {mutant.name: no_build(mutant, broken[mutant.name]) for mutant in mutants if mutant.name in broken}
    whole = [mutant for mutant in mutants if mutant.name not in broken]
    return results | in_parallel(jobs, whole, "subject", lambda mutant: test_subject(battery, mutant)), battery


def try_trees(mutants, number):
    jobs = max(1, checkout.processors() // number)
    trees = [Tree(place) for place in range(number)]
    print(f"in trees: {len(mutants)}, {number} at once; building the unbroken tree ...", flush=True)
    began = time.monotonic()
    for_each(number, trees, lambda tree: prepare(tree, jobs))
    free = queue.SimpleQueue()
    for tree in trees:
        free.put(tree)
    print(f"the unbroken tree passes ({duration(time.monotonic() - began)})", flush=True)

    def attempt(mutant):
        tree = free.get()
        try:
            return try_in_tree(tree, mutant, jobs)
        finally:
            free.put(tree)

    return in_parallel(number, mutants, "tree", attempt)


def fuzz_subjects(mutants, battery, results, jobs, seeds, limit):
    print(f"fuzzing for {len(mutants)}: {seeds} seeds from the corpus without its killers and from nothing, at most "
          f"{duration(limit)} each ...", flush=True)
    battery.encode()

    def attempt(mutant):
        hunt_subject(battery, mutant, results[mutant.name], seeds, limit)
        return results[mutant.name]

    in_parallel(jobs, mutants, "fuzzing", attempt)


def print_hunts(mutants, results, limit):
    """The table of the search; how many were not found from the corpus, and how many under a name that is not theirs."""
    rows, missed_from_corpus, misnamed = [], 0, 0
    for mutant in mutants:
        verdicts = [verdict_of_hunt(mutant, hunt) for hunt in results[mutant.name].hunts]
        missed_from_corpus += verdicts[0] == SURVIVED
        misnamed += verdicts[0] == KILLED_BY_ANOTHER
        found = sorted({str(found) for hunt in results[mutant.name].hunts for found in hunt.found if found})
        rows.append([mutant.name, mutant.target, *(hunt.text(limit) for hunt in results[mutant.name].hunts), ", ".join(found)])
    print()
    print("\n".join(table(["mutant", "target", "from the corpus without its killers", "from nothing", "found"], rows, left=5)))
    for place, name in enumerate(("from the corpus", "from nothing")):
        hunts = [results[mutant.name].hunts[place] for mutant in mutants]
        seconds = [seconds for hunt in hunts for seconds, found in zip(hunt.seconds, hunt.found) if found]
        missed = sum(any(found is None for found in hunt.found) for hunt in hunts)
        if seconds:
            print(f"\n{name}: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s; "
                  f"{missed} of {len(hunts)} mutants not found by every seed")
    return missed_from_corpus, misnamed


def main(arguments):
    parser = Arguments("ci/mutants", f"Tries each mutant of {FOLDER}/: unit, property, conformance and corpus tests, and, on those"
                       "\nof core/, fuzzing from the corpus without the files that kill the mutant, and from nothing.",
                       "Exit: 0 each mutant was killed by what names an expected invariant, by tests and, if it has a minute or\n"
                       "more, by fuzzing from the corpus, 1 not so, 2 a mutant cannot be applied, or the tests fail without any.\n"
                       "RC_PARAMS is passed on to the property tests; without a seed in it, the seed is 1.")
    parser.add_argument("--tests-only", action="store_true", help="no fuzzing")
    parser.add_argument("--subjects-only", action="store_true",
                        help="only mutants of core/, and none of them in a tree of its own")
    parser.add_argument("--only", metavar="PATTERN", action="append",
                        help="mutants whose name contains or matches PATTERN; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help=f"one mutant of each row, {QUICK_SEEDS} seed, {QUICK_LIMIT_SECONDS} s")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"of the fuzzer, for each mutant ({SEEDS})")
    parser.add_argument("--seconds", type=int, metavar="N", help=f"of fuzzing with each seed at most ({LIMIT_SECONDS})")
    parser.add_argument("--jobs", type=int, metavar="N", help="mutants at once (one for every processor, at most 4)")
    parsed = parser.parse(arguments)
    for option in ("jobs", "seeds", "seconds"):
        if getattr(parsed, option) is not None and getattr(parsed, option) < 1:
            parser.error(f"--{option} must be at least 1")
    seeds = parsed.seeds or (QUICK_SEEDS if parsed.quick else SEEDS)
    limit = parsed.seconds or (QUICK_LIMIT_SECONDS if parsed.quick else LIMIT_SECONDS)

    mutants = chosen(read_mutants(), parsed.only, parsed.quick)
    if parsed.subjects_only:
        mutants = [mutant for mutant in mutants if subjects.is_subject(mutant)]
    if not mutants:
        raise checkout.Unusable(f"no mutant matches {' or '.join(map(repr, parsed.only))}" if parsed.only
                                else f"{FOLDER}/ holds no mutant")
    for mutant in mutants:
        mutant.edited()
    checkout.set_up()
    check_expectations(mutants)

    jobs = parsed.jobs or min(checkout.processors(), 4)
    began = time.monotonic()
    results, missed, misnamed = {}, 0, 0
    with checkout.lock("mutants"):
        whole = [mutant for mutant in mutants if subjects.is_subject(mutant)]
        if whole:
            results, battery = try_subjects(whole, jobs)
        left = [mutant for mutant in mutants
                if mutant.name not in results or results[mutant.name].verdict not in (KILLED, NO_BUILD)]
        if left and not parsed.subjects_only:
            for name, result in try_trees(left, min(jobs, len(left))).items():
                if name not in results or result.verdict == KILLED:
                    killers = results[name].killers if name in results else frozenset()
                    results[name] = dataclasses.replace(result, killers=killers)
        hunted = [mutant for mutant in whole if results[mutant.name].verdict != NO_BUILD and not mutant.equivalent]
        if hunted and not parsed.tests_only:
            fuzz_subjects(hunted, battery, results, jobs, seeds, limit)
    for mutant in mutants:
        if mutant.equivalent and results[mutant.name].verdict == SURVIVED:
            results[mutant.name] = Result(EQUIVALENT, mutant.equivalent, results[mutant.name].seconds)
    print()
    rows = [[mutant.name, mutant.row, results[mutant.name].verdict, results[mutant.name].detail[:140],
             duration(results[mutant.name].seconds)] for mutant in mutants]
    print("\n".join(table(["mutant", "row", "verdict", "", "time"], rows, left=4)))
    if any(results[mutant.name].hunts for mutant in mutants):
        missed, misnamed = print_hunts([mutant for mutant in mutants if results[mutant.name].hunts], results, limit)
    good = sum(results[mutant.name].verdict in (KILLED, EQUIVALENT) for mutant in mutants)
    equivalent = sum(results[mutant.name].verdict == EQUIVALENT for mutant in mutants)
    print(f"\n{good - equivalent} of {len(mutants)} killed by a test that names an expected invariant, "
          f"{duration(time.monotonic() - began)}" + (f"; {equivalent} equivalent to core/" if equivalent else "")
          + (f"; {missed} not found by fuzzing from the corpus" if missed else "")
          + (f"; {misnamed} found by it under a name that is not expected" if misnamed else ""))
    if good < len(mutants):
        print(f"output of each: {os.path.relpath(checkout.BUILDS / 'mutants' / 'logs')}/NAME.log; "
              "one alone: ci/mutants --only NAME")
    # What a few seconds of fuzzing come to is told, and is no failure: the bar is a minute.
    passed = good == len(mutants) and (not missed and not misnamed or limit < LIMIT_SECONDS)
    return checkout.EXIT_PASS if passed else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
