"""Plants one mutant at a time and lets a fuzz target look for it, from an empty corpus. A target that has no mutator of
its own, one of texts, is given its dictionary."""

import checkout
import subjects
from arguments import Arguments, nearest_name
from battery import Battery, look
from commands import run_limited
from console import count, duration, table
from mutant_file import KERNEL_STATEMENT, read_mutants
from mutant_trees import BUILD_LIMIT_SECONDS, Tree

# What is hunted if nothing is named: a stale event, a forgotten change of the mask, a descriptor closed twice, and a
# kernel that gives an edge only where there was a level before.
CLASSICS = ["scan-no-stale-check-before-write-half", "add-skips-its-mod", "notify-closed-twice",
            "kernel-eventfd-edge-from-zero-only"]


class HuntTree(Tree):
    """A copy of the checkout in which fuzz targets are built, with libFuzzer and without sanitizers."""

    def __init__(self, target):
        super().__init__("hunt")
        self.target = target  # the one that is built and run

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


def look_for(mutant, target, seeds, seconds):
    """(what was found or None, runs, seconds) for each seed. A mutant of core/ is loaded, any other built into a tree."""
    if subjects.is_subject(mutant):
        if broken := subjects.build([mutant], [target]):
            raise checkout.Unusable(f"{mutant.name} does not build:\n{broken[mutant.name]}")
        battery = Battery(checkout.BUILDS / "mutants" / "hunts")
        for seed in range(1, seeds + 1):
            yield battery.look(mutant.name, target, "nothing", None, seed, seconds)
        return
    tree = HuntTree(target)
    tree.show(mutant.edited())
    if problem := tree.build(checkout.processors()):
        raise checkout.Unusable(f"{mutant.name} does not build:\n{problem}")
    for seed in range(1, seeds + 1):
        yield look(tree.build_folder / "fuzz" / target, tree.folder / "hunt", None, seed, seconds,
                   checkout.environment(EDGECASE_FINDINGS=tree.folder / "findings"))


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
        for name in names:
            mutant = known[name]
            target = parsed.target or mutant.target
            print(f"{name}: building {target} ...", flush=True)
            for seed, (found, runs, took) in enumerate(look_for(mutant, target, parsed.seeds, parsed.seconds), 1):
                # A mutant of the kernel expects a statement of the tests; any invariant shows that it was found.
                expected = {word for word in mutant.expect if not KERNEL_STATEMENT.match(word)}
                good = found is not None and (not expected or found in expected)
                all_found = all_found and good
                rows.append([name, target, str(seed), found or "not found", count(runs), duration(took)])
                print(f"{name}, {target}, seed {seed}: {found or 'not found'} after {duration(took)}", flush=True)
    print()
    print("\n".join(table(["mutant", "target", "seed", "found", "runs", "time"], rows, left=4)))
    return checkout.EXIT_PASS if all_found else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
