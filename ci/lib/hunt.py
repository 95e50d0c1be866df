"""Plants one mutant at a time and lets a fuzz target look for it, from an empty corpus. A target that has no mutator of
its own, one of texts, is given its dictionary."""

import re
import shutil
import time

import checkout
from arguments import Arguments, nearest_name
from console import count, duration, table
from commands import run_limited
from fuzz_worker import SEARCH_FLAGS
from mutant_file import KERNEL_STATEMENT, read_mutants
from mutant_trees import BUILD_LIMIT_SECONDS, Tree

# What is hunted if nothing is named: a stale event, a forgotten change of the mask, a descriptor closed twice, and a
# kernel that gives an edge only where there was a level before.
CLASSICS = ["scan-no-stale-check-before-write-half", "add-skips-its-mod", "notify-closed-twice",
            "kernel-eventfd-edge-from-zero-only"]
FINDING = re.compile(r"^finding: ([\w-]+)", re.M)
RUNS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.M)
GRACE_SECONDS = 20


class HuntTree(Tree):
    """A copy of the checkout in which fuzz targets are built, with libFuzzer and without sanitizers."""

    def __init__(self):
        super().__init__("hunt")
        self.target = None  # the one that is built and run

    def build(self, jobs):
        if not (self.build_folder / "build.ninja").exists():
            configure = run_limited(["cmake", "--preset", "fuzz-fast", "-B", self.build_folder],
                                            BUILD_LIMIT_SECONDS, self.source)
            if configure.returncode != 0:
                return configure.stdout
        build = run_limited(
            ["cmake", "--build", self.build_folder, "-j", str(jobs), "--target", self.target],
            BUILD_LIMIT_SECONDS, self.source)
        return build.stdout if build.returncode != 0 else None

    def hunt(self, seconds, seed):
        """(what was found or None, runs, seconds)."""
        scratch = self.folder / "hunt"
        shutil.rmtree(scratch, ignore_errors=True)
        checkout.make_folder(scratch)
        dictionary = self.source / "fuzz" / f"{self.target}.dict"
        words = [f"-dict={dictionary}"] if dictionary.exists() else []
        began = time.monotonic()
        done = run_limited(
            [self.build_folder / "fuzz" / self.target, *SEARCH_FLAGS, *words, f"-seed={seed}", f"-max_total_time={seconds}",
             "-print_final_stats=1", f"-artifact_prefix={scratch}/"],
            seconds + GRACE_SECONDS, self.source, checkout.environment(EDGECASE_FINDINGS=scratch / "findings"))
        took = time.monotonic() - began
        finding, runs = FINDING.search(done.stdout), RUNS.search(done.stdout)
        found = finding.group(1) if finding else None if done.returncode == 0 else f"exit {done.returncode}"
        return found, int(runs.group(1)) if runs else 0, took


def main(arguments):
    parser = Arguments("ci/hunt", __doc__, "Exit: 0 all found, 1 one was not, 2 it could not be set up.")
    parser.add_argument("names", nargs="*", metavar="MUTANT", help=f"of props/mutants/ (default: {' '.join(CLASSICS)})")
    parser.add_argument("--seconds", type=int, default=120, help="for each seed of each mutant (120)")
    parser.add_argument("--target", metavar="NAME", help="this fuzz target, whatever the mutant names")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to try, from 1 on (1)")
    parsed = parser.parse(arguments)
    if parsed.seconds < 1 or parsed.seeds < 1:
        parser.error("--seconds and --seeds must be at least 1")
    known = {mutant.name: mutant for mutant in read_mutants()}
    names = parsed.names or CLASSICS
    for name in names:
        if name not in known:
            raise checkout.Unusable(f"no mutant '{name}'{nearest_name(name, known)}")
    checkout.set_up()
    rows, all_found = [], True
    with checkout.lock("hunt"):
        tree = HuntTree()
        for name in names:
            mutant = known[name]
            tree.target = parsed.target or mutant.target
            print(f"{name}: building {tree.target} ...", flush=True)
            tree.show(mutant.edited())
            problem = tree.build(checkout.processors())
            if problem is not None:
                raise checkout.Unusable(f"{name} does not build:\n{problem}")
            for seed in range(1, parsed.seeds + 1):
                found, runs, took = tree.hunt(parsed.seconds, seed)
                # A mutant of the kernel expects a statement of the tests; any invariant shows that it was found.
                expected = {word for word in mutant.expect if not KERNEL_STATEMENT.match(word)}
                good = found is not None and (not expected or found in expected)
                all_found = all_found and good
                rows.append([name, tree.target, str(seed), found or "not found", count(runs), duration(took)])
                print(f"{name}, {tree.target}, seed {seed}: {found or 'not found'} after {duration(took)}", flush=True)
    print()
    print("\n".join(table(["mutant", "target", "seed", "found", "runs", "time"], rows, left=4)))
    return checkout.EXIT_PASS if all_found else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
