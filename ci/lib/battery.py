"""What is tried on a mutant of core/ that is a subject (subjects.py): the tests that run subjects, the corpus, and fuzzing
from the corpus and from nothing."""

import dataclasses
import os
import re
import shutil
import statistics
import time

import checkout
import subjects
from commands import run_limited
from console import count, duration
from fuzz import SEEDS_WITH
from fuzz_worker import EXECUTED, SEARCH_FLAGS
from mutant_file import HISTORY, read_history

# Programs that run whatever subject the environment names.
TEST_PROGRAMS = ("props/props_simulation_test", "props/props_corpus_test", "props/props_property_test")
TARGETS = ("module_fuzz", "server_fuzz", "config_fuzz")
PROGRAMS = ("edgecase", *(os.path.basename(path) for path in TEST_PROGRAMS), *TARGETS)
CORPUS = ("corpus/seeds", "corpus/regressions", HISTORY)
CONFIGURATIONS = "corpus/configurations"
TEST_SECONDS = 120
GRACE_SECONDS = 20

FINDING = re.compile(r"^finding: ([\w-]+)", re.M)
FAILING_FILE = re.compile(r"^  at +(\S+?\.(?:scn|conf))\b", re.M)


@dataclasses.dataclass
class Hunt:
    """Fuzzing for one mutant from one place, once for each seed of the engine."""
    engine: str
    found: list    # by seed: the invariant, "exit N" if none was named, None if nothing was found
    runs: list
    seconds: list

    def text(self, limit):
        if not self.found:
            return ""
        missed = sum(found is None for found in self.found)
        if missed:
            return f"not found by {missed} of {len(self.found)} in {duration(limit)}"
        return (f"{statistics.median(self.seconds):.1f} s, {count(int(statistics.median(self.runs)))} runs; "
                f"worst {max(self.seconds):.1f} s")


def look(program, scratch, corpus, seed, limit, environment):
    """Runs a fuzz target until it finds something: (what it found or None, runs, seconds). corpus: a folder of inputs to
    begin with, or None. What it learns stays in its memory: writing thousands of files took half of the time."""
    shutil.rmtree(scratch, ignore_errors=True)
    checkout.make_folder(scratch)
    inputs = []
    if corpus:
        (scratch / "inputs").write_text(",".join(sorted(str(path) for path in corpus.iterdir())))
        inputs = [f"-seed_inputs=@{scratch / 'inputs'}"]
    dictionary = checkout.ROOT / "fuzz" / f"{program.name}.dict"
    words = [f"-dict={dictionary}"] if dictionary.exists() else []
    began = time.monotonic()
    done = run_limited([program, *SEARCH_FLAGS, *words, f"-seed={seed}", f"-max_total_time={limit}", "-print_final_stats=1",
                        f"-artifact_prefix={scratch}/", *inputs],
                       limit + GRACE_SECONDS, checkout.ROOT, environment)
    took = time.monotonic() - began
    shutil.rmtree(scratch, ignore_errors=True)
    finding, runs = FINDING.search(done.stdout), EXECUTED.search(done.stdout)
    found = finding.group(1) if finding else None if done.returncode == 0 else f"exit {done.returncode}"
    return found, int(runs.group(1)) if runs else 0, took


class Battery:
    def __init__(self, scratch):
        self.scratch = checkout.make_folder(scratch)
        self.edgecase = subjects.program("fuzz/edgecase")
        self.scenarios = sorted(str(path.relative_to(checkout.ROOT)) for folder in CORPUS
                                for path in (checkout.ROOT / folder).rglob("*.scn"))
        self.configurations = sorted(str(path.relative_to(checkout.ROOT))
                                     for path in (checkout.ROOT / CONFIGURATIONS).rglob("*.conf"))
        self.history = read_history()
        self.server = {path for path in self.scenarios
                       if SEEDS_WITH["server"].search((checkout.ROOT / path).read_text())}

    def environment(self, mutant):
        return checkout.environment(EDGECASE_SUBJECT=mutant, RC_PARAMS=checkout.seeded_rapidcheck(1),
                                    EDGECASE_FINDINGS=self.scratch / "findings" / mutant)

    def test_programs(self, mutant):
        """What the test programs print that fail."""
        output = ""
        for program in TEST_PROGRAMS:
            done = run_limited([subjects.program(program)], TEST_SECONDS, checkout.ROOT, self.environment(mutant))
            if done.returncode != 0:
                output += f"{program}: exit {done.returncode}\n{done.stdout}\n"
        return output

    def corpus(self, mutant):
        """What the corpus says, and the files that say it."""
        output, killers = "", set()
        for verb, files in (("replay", self.scenarios), ("check-config", self.configurations)):
            said, failing = self.try_files(mutant, verb, files)
            output += said
            killers |= failing
        return output, killers

    def untold(self, mutant):
        """The scenarios of corpus/history/ that are about this mutant and do not fail on it as they say."""
        wrong = []
        for path, invariant in self.history.get(mutant, []):
            said, failing = self.try_files(mutant, "replay", [path])
            if not failing or invariant not in FINDING.findall(said):
                wrong.append(path)
        return wrong

    def try_files(self, mutant, verb, files):
        done = run_limited([self.edgecase, verb, *files], TEST_SECONDS, checkout.ROOT, self.environment(mutant))
        failing = set(FAILING_FILE.findall(done.stdout))
        if done.returncode in (0, 1, 2):
            return (done.stdout if failing else ""), failing
        if len(files) == 1:  # it ended the process
            return f"{files[0]}: exit {done.returncode}\n{done.stdout}", {files[0]}
        half = len(files) // 2
        first, second = self.try_files(mutant, verb, files[:half]), self.try_files(mutant, verb, files[half:])
        return first[0] + second[0], first[1] | second[1]

    # --- fuzzing ---

    def seed_files(self, target):
        if target == "config_fuzz":
            return self.configurations
        return [path for path in self.scenarios if target != "server_fuzz" or path in self.server]

    def encode(self):
        """Each scenario as bytes, once for all."""
        folder = self.scratch / "encoded"
        shutil.rmtree(folder, ignore_errors=True)
        checkout.make_folder(folder)
        done = run_limited([self.edgecase, "encode", *self.scenarios, "--out", folder], TEST_SECONDS, checkout.ROOT)
        if done.returncode != 0:
            raise checkout.Unusable(f"edgecase encode: {done.stdout.strip()}")

    def seeds_without(self, mutant, target, killers):
        folder = self.scratch / "seeds" / mutant
        shutil.rmtree(folder, ignore_errors=True)
        checkout.make_folder(folder)
        for path in self.seed_files(target):
            if path not in killers:
                flat = path.replace("/", "_")  # as encode names it
                own = checkout.ROOT / path if target == "config_fuzz" else self.scratch / "encoded" / flat
                shutil.copyfile(own, folder / flat)
        return folder

    def look(self, mutant, target, engine, corpus, seed, limit):
        return look(subjects.program(f"fuzz/{target}"), self.scratch / "runs" / f"{mutant}-{engine}", corpus, seed, limit,
                    self.environment(mutant))

    def hunt(self, mutant, target, engine, corpus, seeds, limit):
        result = Hunt(engine, [], [], [])
        for seed in range(1, seeds + 1):
            found, runs, took = self.look(mutant, target, engine, corpus, seed, limit)
            result.found.append(found)
            result.runs.append(runs)
            result.seconds.append(took)
        return result
