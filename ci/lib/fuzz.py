"""A fuzzing campaign: every target, for a given time, ending in a table.

Each campaign has a folder of its own under build/fuzz-runs/ (logs, artefacts, counters), so that two at once do
not meet; what they share is build/fuzz-corpus/TARGET, which only ever gains files named by their content, and
findings/, where a file is never overwritten.
"""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import checkout
from arguments import Arguments, nearest_name
from console import count, duration, table
from fuzz_worker import ORIGINAL, Worker

DEFAULT_SECONDS = 60

# Counters of rare things, by the name that targets give them, and what a person calls them.
GROUPS = {"steps": "kinds of steps taken", "scripts": "kinds of faults that came to be", "faults": "calls that failed by script",
          "texts": "kinds of answers to texts", "sometimes": "sometimes points"}


# What the inputs of a target are: what its findings and artefacts are called, and the verb of the command line that
# says of such a file what the target said.
Input = collections.namedtuple("Input", "suffix replay")
INPUTS = {"steps": Input(".scn", "replay"), "text": Input(".txt", "fmt"), "configuration": Input(".conf", "check-config"),
          "calls": Input(".calls", "calls")}


# Targets whose seeds are only those scenarios of the corpus in which this is found.
SEEDS_WITH = {"server": re.compile(r"^(?:listen|client|turn|run idle)\b", re.M)}


class Target:
    """One fuzz target: its program, and what its workers did so far."""

    def __init__(self, name, kind, preset):
        self.name = name.removesuffix("_fuzz")
        self.kind = kind  # of its inputs
        self.input = INPUTS[kind]
        self.program = checkout.BUILDS / preset / "fuzz" / f"{self.name}_fuzz"
        self.workers = []
        self.findings = []
        self.inputs_before = 0  # of its corpus
        self.reports = set()  # of sanitizers, each kept once

    def runs(self):
        return sum(worker.runs() for worker in self.workers)

    def edges(self):
        return max((worker.edges for worker in self.workers), default=0)

    def seconds(self):
        return max((worker.seconds() for worker in self.workers), default=0.0)

    def counters(self, group):
        """{name: how often} of a group of counters ("invariants" or one of GROUPS), over all workers."""
        return summed(worker.counters(group) for worker in self.workers)

    def firsts(self):
        """{sometimes point: at which run it was first reached}, by the worker that was the first."""
        found = {}
        for worker in self.workers:
            for name, run in worker.firsts().items():
                found[name] = min(run, found.get(name, run))
        return found


class Campaign:
    def __init__(self, parsed):
        self.preset = "fuzz-fast" if parsed.no_sanitizers else "fuzz"
        self.seconds = parsed.seconds
        self.from_empty = parsed.from_empty
        self.engine_flags = parsed.engine_flags
        self.jobs = parsed.jobs or checkout.processors()
        self.program = checkout.program(self.preset)
        self.interrupted = False
        self.unusable = []
        self.findings_folder = Path(os.environ.get("EDGECASE_FINDINGS") or checkout.ROOT / "findings").resolve()

    # --- before ---

    def prepare(self, only):
        checkout.set_up()
        checkout.make_folder(self.findings_folder, "EDGECASE_FINDINGS")
        print(f"building '{self.preset}' ...", flush=True)
        if subprocess.run([checkout.ROOT / "ci/build", self.preset, "--quiet"]).returncode != 0:
            raise checkout.Unusable("the build failed, see above")
        self.program = checkout.built_program(self.preset)
        self.targets = [Target(words[0], words[1], self.preset) for words in self.listed("targets")]
        if only:
            names = [target.name for target in self.targets]
            for name in only:
                if name.removesuffix("_fuzz") not in names:
                    raise checkout.Unusable(f"no target '{name}'{nearest_name(name, names)} (there are: {' '.join(names)})")
            self.targets = [target for target in self.targets if target.name in
                            {name.removesuffix("_fuzz") for name in only}]
        if not self.targets:
            raise checkout.Unusable("edgecase list targets names none")
        for target in self.targets:
            if not target.program.exists():
                raise checkout.Unusable(f"the build has no {target.program.relative_to(checkout.BUILDS)}")
        runs = checkout.make_folder(checkout.BUILDS / "fuzz-runs")
        forget_old(runs)
        self.folder = Path(tempfile.mkdtemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), dir=runs))
        self.seeds = {name: checkout.make_folder(self.folder / "seeds" / name) for name in (*INPUTS, *SEEDS_WITH)}
        self.dictionary = self.folder / "text.dict"
        if not self.from_empty:
            self.make_seeds()
        for target in self.targets:
            if self.from_empty:
                checkout.make_folder(self.folder / "corpus" / target.name)
            else:
                checkout.make_folder(checkout.BUILDS / "fuzz-corpus" / target.name)
            target.inputs_before = files_in(self.corpora(target)[0])

    def make_seeds(self):
        """The corpus in the form of each kind of input, and the words of the language."""
        corpus = checkout.ROOT / "corpus"
        # Captures are long, some too long for the byte form.
        scenarios = [path for path in sorted(corpus.rglob("*.scn"))
                     if path.relative_to(corpus).parts[0] != "captures"]
        if scenarios:
            self.ask("encode", *(path.relative_to(checkout.ROOT) for path in scenarios), "--out", self.seeds["steps"])
        for name, pattern in SEEDS_WITH.items():
            if fitting := [path for path in scenarios if pattern.search(path.read_text(errors="replace"))]:
                self.ask("encode", *(path.relative_to(checkout.ROOT) for path in fitting), "--out", self.seeds[name])
        for path in scenarios:
            shutil.copy(path, self.seeds["text"] / "_".join(path.relative_to(corpus).parts))
        for path in sorted(corpus.rglob("*.conf")):
            shutil.copy(path, self.seeds["configuration"])
        self.dictionary.write_text(self.ask("list", "words"))

    def ask(self, *arguments):
        """What the edgecase command line prints."""
        run = subprocess.run([self.program, *arguments], cwd=checkout.ROOT, capture_output=True, text=True,
                             errors="replace", env=checkout.environment())
        if run.returncode != 0:
            raise checkout.Unusable(f"edgecase {' '.join(map(str, arguments))}: exit {run.returncode}\n"
                                    + (run.stderr or run.stdout).strip())
        return run.stdout

    def listed(self, what):
        """The words of each line of `edgecase list WHAT`."""
        return [line.split() for line in self.ask("list", what).splitlines() if line.strip()]

    # --- the run ---

    def waves(self):
        """Targets that run side by side, how many workers each has, and for how long: all time is used."""
        at_once = min(self.jobs, len(self.targets))
        waves = [self.targets[first:first + at_once] for first in range(0, len(self.targets), at_once)]
        for wave in waves:
            workers = {target: self.jobs // len(wave) + (place < self.jobs % len(wave))
                       for place, target in enumerate(wave)}
            yield workers, self.seconds / len(waves)

    def corpora(self, target):
        """libFuzzer writes what it learns to the first."""
        if self.from_empty:
            return [self.folder / "corpus" / target.name]
        return [checkout.BUILDS / "fuzz-corpus" / target.name, self.seeds.get(target.name, self.seeds[target.kind])]

    def dictionaries(self, target):
        """At most one: of the language, or the target's own."""
        own = checkout.ROOT / "fuzz" / f"{target.name}_fuzz.dict"
        found = self.dictionary if target.kind == "text" else own
        return [found] if found.exists() else []

    def run(self):
        self.began = time.monotonic()
        for workers, seconds in self.waves():
            if self.interrupted:
                break
            deadline = time.monotonic() + seconds
            for target, number in workers.items():
                for place in range(number):
                    worker = Worker(self, target, place, deadline)
                    target.workers.append(worker)
                    worker.start()
            self.watch(list(workers), deadline)

    def watch(self, targets, deadline):
        """Until the workers of these targets are done; a line for each target every few seconds."""
        pause = min(max(self.seconds / 10, 1), 5)
        report_at = time.monotonic() + pause
        workers = [worker for target in targets for worker in target.workers]
        while any(worker.alive() for worker in workers):
            time.sleep(0.1)
            for worker in workers:
                worker.tend()
            if self.interrupted:
                for worker in workers:
                    worker.stop()
            if time.monotonic() >= report_at:
                report_at += pause
                for target in targets:
                    print(f"{target.name:<12} {duration(time.monotonic() - self.began):>12}  {count(target.runs()):>13} runs"
                          f"  {target.edges():>6} edges  {len(target.findings):>3} findings", flush=True)

    def keep(self, target, text, name, original=None):
        """Puts the text of a finding into findings/, under a name that nobody has, and the one that it was shrunk from
        beside it; returns its path. What stands there already and still breaks what its name says is the same finding."""
        stem, dot, suffix = name.partition(".")
        for number in range(1, 10_000):
            path = self.findings_folder / (name if number == 1 else f"{stem}-{number}{dot}{suffix}")
            is_new = write_new(path, text)
            if not is_new and path.read_bytes() != text and path not in target.findings and not self.still_breaks(path, target):
                continue
            if is_new and original is not None:
                write_new(path.with_suffix(ORIGINAL), original)
            if path not in target.findings:
                target.findings.append(path)
                print(f"{target.name}: finding {self.shown(path)}", flush=True)
            return path
        raise checkout.Unusable(f"{self.findings_folder} holds 10,000 findings named {stem}")

    def still_breaks(self, path, target):
        """Whether a scenario that an earlier campaign kept is a finding still, of the invariant that it is named by."""
        if target.kind != "steps":
            return False
        run = subprocess.run([self.program, "replay", path], capture_output=True, text=True, errors="replace",
                             env=checkout.environment())
        broken = re.search(r"(?m)^finding: (\S+)", run.stdout)
        return run.returncode == 1 and bool(broken) and path.name.startswith(broken.group(1))

    @staticmethod
    def shown(path):
        return os.path.relpath(path)

    # --- after ---

    def canaries(self):
        """({invariant: fired}, exit code of `edgecase canaries`): each invariant must be seen to fire."""
        run = subprocess.run([self.program, "canaries"], cwd=checkout.ROOT, capture_output=True, text=True,
                             errors="replace", env=checkout.environment())
        fired = {}
        for line in run.stdout.splitlines():
            words = line.split()
            if len(words) >= 2:
                fired[words[0].rstrip(":")] = "fired" in words[1:]
        if run.returncode != 0:
            print(run.stderr.strip() or run.stdout.strip(), file=sys.stderr)
        return fired, run.returncode

    def summary(self):
        """All that the tables show, as one value."""
        invariants = [words[0] for words in self.listed("invariants")]
        fired, canaries_exit = self.canaries()
        targets = []
        exercised = dict.fromkeys(invariants, 0)
        for target in self.targets:
            counted = target.counters("invariants")
            for name, number in counted.items():
                exercised[name] = exercised.get(name, 0) + number
            seconds = target.seconds()
            targets.append({
                "target": target.name, "workers": len(target.workers), "seconds": round(seconds, 1),
                "runs": target.runs(), "runs_per_second": round(target.runs() / seconds) if seconds else 0,
                "edges": target.edges(), "new_inputs": max(0, files_in(self.corpora(target)[0]) - target.inputs_before),
                "invariants_exercised": sum(number > 0 for number in counted.values()),
                "findings": [str(path) for path in target.findings],
                "input": target.kind, "sometimes_first": target.firsts(), **{group: target.counters(group) for group in GROUPS},
            })
        return {
            "interrupted": self.interrupted, "preset": self.preset, "seconds": self.seconds, "targets": targets,
            "invariants": [{"invariant": name, "exercised": exercised[name],
                            "canary": "fired" if fired.get(name) else "silent"} for name in exercised],
            "sometimes": [{"point": name, "runs": number,
                           "first": min((row["sometimes_first"][name] for row in targets if name in row["sometimes_first"]),
                                        default=None)}
                          for name, number in summed(row["sometimes"] for row in targets).items()],
            "canaries_exit": canaries_exit, "unusable": self.unusable,
        }

    def print_summary(self, summary):
        total = len(summary["invariants"])
        print()
        print("\n".join(table(
            ["target", "workers", "runs", "runs/s", "edges", "new inputs", "invariants exercised", "findings"],
            [[row["target"], row["workers"], count(row["runs"]), count(row["runs_per_second"]), row["edges"], row["new_inputs"],
              f"{row['invariants_exercised']} of {total}", len(row["findings"])] for row in summary["targets"]])))
        print()
        print("\n".join(table(["invariant", "exercised", "canary"],
                              [[row["invariant"], count(row["exercised"]), row["canary"]]
                               for row in summary["invariants"]])))
        print()
        if summary["sometimes"]:
            print("\n".join(table(["sometimes point", "runs", "first at run"],
                                  [[row["point"], count(row["runs"]), count(row["first"]) if row["first"] else "never"]
                                   for row in summary["sometimes"]])))
            print()
        never = [row["invariant"] for row in summary["invariants"] if row["exercised"] == 0]
        print(reached("invariants exercised", total, never))
        for group, title in GROUPS.items():
            seen = summed(row[group] for row in summary["targets"])
            if seen:
                print(reached(title, len(seen), sorted(name for name, number in seen.items() if number == 0)))
        for row in summary["targets"]:
            for path in row["findings"]:
                print(f"finding: {self.shown(path)}")
                print(f"  replay: {self.shown(checkout.ROOT / 'ci/edgecase')} {INPUTS[row['input']].replay} {self.shown(path)}")
        if summary["interrupted"]:
            print(f"interrupted after {duration(time.monotonic() - self.began)}")
        for problem in self.unusable:
            print(problem, file=sys.stderr)
        print(f"logs: {self.shown(self.folder)}")

    @staticmethod
    def exit_code(summary):
        silent = [row["invariant"] for row in summary["invariants"] if row["canary"] != "fired"]
        if any(row["findings"] for row in summary["targets"]):
            return checkout.EXIT_FAILED
        if silent or summary["canaries_exit"] != 0:
            print(f"canaries that did not fire: {', '.join(silent) or 'see above'}")
            return checkout.EXIT_FAILED
        return checkout.EXIT_UNUSABLE if summary["unusable"] else checkout.EXIT_PASS


def write_new(path, content):
    """Whether the file was not there; it is now."""
    try:
        with open(path, "xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def files_in(folder):
    return sum(1 for _ in folder.iterdir())


def summed(counts):
    """{name: number} of several such."""
    total = {}
    for one in counts:
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return total


def reached(title, number, never):
    """A line that says how many of all were reached, and names the others."""
    return f"{title}: {number - len(never)} of {number}" + (f"; never: {', '.join(never)}" if never else "")


def forget_old(runs):
    """Removes the folders of campaigns that began more than a week ago."""
    for folder in runs.iterdir():
        if time.time() - folder.stat().st_mtime > 7 * 86_400:
            shutil.rmtree(folder, ignore_errors=True)


def write_json(path, summary):
    try:
        Path(path).write_text(json.dumps(summary, indent=2) + "\n")
    except OSError as problem:
        raise checkout.Unusable(f"cannot write {path}: {problem.strerror}") from None


def main(arguments):
    parser = Arguments("ci/fuzz", "Fuzzes every target and ends with a table.",
                       "Everything after -- is passed on to the engine.\n"
                       "Findings are text scenarios in findings/ (or the folder named by EDGECASE_FINDINGS).\n"
                       "Exit: 0 nothing was found, 1 a finding or a canary that stayed silent, 2 could not be set up.")
    parser.add_argument("seconds", nargs="?", type=float, default=DEFAULT_SECONDS, help="for all targets together (60)")
    parser.add_argument("--json", metavar="FILE", help="write the tables to FILE as well")
    parser.add_argument("--target", action="append", metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at once (one a processor)")
    parser.add_argument("--from-empty", action="store_true", help="neither the corpus nor what earlier campaigns learned")
    parser.add_argument("--no-sanitizers", action="store_true", help="faster, but memory errors go unnoticed")
    engine_flags = []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, engine_flags = arguments[:place], arguments[place + 1:]
    parsed = parser.parse(arguments)
    parsed.engine_flags = engine_flags
    if not 1 <= parsed.seconds <= 10_000_000:
        parser.error("seconds must be at least 1")
    if parsed.jobs is not None and parsed.jobs < 1:
        parser.error("--jobs must be at least 1")

    campaign = Campaign(parsed)
    campaign.prepare(parsed.target)

    def interrupt(_signal, _frame):
        campaign.interrupted = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    campaign.run()
    summary = campaign.summary()
    campaign.print_summary(summary)
    if parsed.json:
        write_json(parsed.json, summary)
    return campaign.exit_code(summary)


if __name__ == "__main__":
    checkout.run_main(main)
