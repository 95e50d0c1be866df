"""One process of a fuzz target under libFuzzer, started again after each finding until its time is up.

What a target is asked to do besides: keep its counters in the file that EDGECASE_STATS names, as JSON, {"runs": N,
"calls": N, "invariants": {name: count}, "faults": {call: count}, "scripts": {kind: count}, "steps": {kind: count},
"texts": {answer: count}, "sometimes": {point: runs}, "sometimes_first": {point: run}}, those that it has, written anew
(under another name, then renamed) about once a second, before it aborts, and at exit: libFuzzer ends an interrupted
target with _exit. And to write a finding as NAME.scn (NAME.txt, NAME.conf: INPUTS in fuzz.py) into the folder that
EDGECASE_FINDINGS names, with what it was shrunk from beside it (NAME.original.scn), then abort. The same NAME is the
same finding.

libFuzzer's exit codes: 0 time is up, 77 the target found something (or leaked, or called exit), 70 a run took too
long, 71 out of memory, 72 interrupted, 1 the engine itself could not work. (A sanitizer would end with 1 as well; it
is told to use 77.)
"""

import hashlib
import json
import re
import signal
import subprocess
import threading
import time

import checkout

# How libFuzzer looks: which edges a run takes, not how often, and the latest inputs first. Counting edges and its
# entropic schedule cost more than a run of ours does (measured: half of the time), and found planted bugs later.
SEARCH_FLAGS = ["-entropic=0", "-use_counters=0"]
TIMEOUT_SECONDS = 10       # for one run
GRACE_SECONDS = 5          # from asking a process to end to killing it
MOST_FINDINGS = 20         # after so many endings in a finding a worker is not started again
# What a target calls the scenario that a finding was shrunk from, in place of the suffix of the finding.
ORIGINAL = ".original.scn"
FINDING_EXITS = {77: "crash", 70: "timeout", 71: "oom"}
ASKED_TO_STOP = (0, 72)

STATUS = re.compile(r"^#(\d+)\s.*?\bcov: (\d+)")
EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.M)


class Worker:
    def __init__(self, campaign, target, place, deadline):
        self.campaign, self.target, self.deadline = campaign, target, deadline
        self.name = f"{target.name}-{place}"
        self.process = None
        self.starts = 0
        self.edges = 0
        self.began = self.ended = time.monotonic()
        self.done = False
        self.stop_asked = None
        self.runs_seen = {}  # by start: what the engine said last

    # --- what it did ---

    def seconds(self):
        return max((self.ended if self.done else time.monotonic()) - self.began, 0.001)

    def stats(self):
        """What the target wrote itself, start by start; {} where it wrote nothing."""
        for start in range(1, self.starts + 1):
            try:
                yield start, json.loads(self.stats_path(start).read_text())
            except (OSError, ValueError):
                yield start, {}

    def runs(self):
        return sum(max(self.runs_seen.get(start, 0), stats.get("runs", 0)) for start, stats in self.stats())

    def counters(self, group):
        total = {}
        for _, stats in self.stats():
            for name, number in stats.get(group, {}).items():
                total[name] = total.get(name, 0) + number
        return total

    def firsts(self):
        """{sometimes point: at which of its runs it was first reached}, those of earlier starts counted in."""
        found = {}
        before = 0
        for start, stats in self.stats():
            for name, run in stats.get("sometimes_first", {}).items():
                found.setdefault(name, before + run)
            before += max(self.runs_seen.get(start, 0), stats.get("runs", 0))
        return found

    # --- its life ---

    def start(self):
        self.starts += 1
        folder = self.campaign.folder
        self.findings = checkout.make_folder(folder / "findings" / f"{self.name}-{self.starts}")
        self.artifacts = checkout.make_folder(folder / "artifacts" / f"{self.name}-{self.starts}")
        self.log_path = folder / f"{self.name}-{self.starts}.log"
        # A session of its own: Ctrl-C reaches the campaign alone, which then stops its workers in good order.
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            errors="replace", start_new_session=True,
            env=self.environment())
        self.reader = threading.Thread(target=self.read, args=(self.process, self.starts, self.log_path), daemon=True)
        self.reader.start()

    def command(self):
        left = max(1, round(self.deadline - time.monotonic()))
        flags = [*SEARCH_FLAGS, f"-max_total_time={left}", f"-artifact_prefix={self.artifacts}/", "-print_final_stats=1",
                 f"-timeout={TIMEOUT_SECONDS}", "-rss_limit_mb=2560"]
        if not self.campaign.from_empty:
            flags += [f"-dict={dictionary}" for dictionary in self.campaign.dictionaries(self.target)]
        return [self.target.program, *flags, *self.campaign.engine_flags, *self.campaign.corpora(self.target)]

    def environment(self):
        result = checkout.environment(EDGECASE_STATS=self.stats_path(self.starts), EDGECASE_FINDINGS=self.findings)
        for options in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            result[options] = f"{result.get(options, '')}:exitcode=77".lstrip(":")
        return result

    def stats_path(self, start):
        return self.campaign.folder / f"{self.name}-{start}.stats.json"

    def read(self, process, start, log_path):
        with open(log_path, "w", encoding="utf-8") as log:
            for line in process.stderr:
                log.write(line)
                if match := STATUS.match(line):
                    self.runs_seen[start] = int(match.group(1))
                    self.edges = max(self.edges, int(match.group(2)))
                elif match := EXECUTED.match(line):
                    self.runs_seen[start] = int(match.group(1))

    def alive(self):
        return not self.done

    def stop(self):
        if self.stop_asked is None and not self.done:
            self.stop_asked = time.monotonic()
            self.process.send_signal(signal.SIGINT)

    def tend(self):
        """To be called often: collects findings, starts anew after one, ends what does not end by itself."""
        if self.done:
            return
        now = time.monotonic()
        code = self.process.poll()
        if code is None:
            if self.stop_asked is None and now > self.deadline + TIMEOUT_SECONDS + GRACE_SECONDS:
                self.stop()
            elif self.stop_asked is not None and now > self.stop_asked + GRACE_SECONDS:
                self.process.kill()
            return
        self.reader.join(GRACE_SECONDS)
        self.collect(code)
        again = (code in FINDING_EXITS or code < 0) and self.stop_asked is None
        if again and self.starts < MOST_FINDINGS and self.deadline - now >= 1:
            self.start()
            return
        if again and self.starts >= MOST_FINDINGS:
            print(f"{self.name}: ended {self.starts} times in a finding; not started again", flush=True)
        self.ended, self.done = now, True

    def collect(self, code):
        """Takes over the texts that the target wrote, or else the engine's artefacts, made into texts."""
        originals = {path.name: path.read_bytes() for path in self.findings.glob(f"*{ORIGINAL}")}
        texts = sorted(path for path in self.findings.glob(f"*{self.target.input.suffix}") if path.name not in originals)
        for path in texts:
            self.campaign.keep(self.target, path.read_bytes(), path.name, originals.get(path.stem + ORIGINAL))
        kind = FINDING_EXITS.get(code)
        if kind is None and code < 0 and self.stop_asked is None:
            kind = "killed"
        if kind is None and code not in ASKED_TO_STOP and self.stop_asked is None:
            tail = "".join(self.log_path.read_text().splitlines(keepends=True)[-15:])
            self.campaign.unusable.append(f"{self.target.name}: the fuzzer could not work, exit {code}; it said\n{tail}")
        if kind and not texts:
            self.collect_artifacts(kind)

    def collect_artifacts(self, kind):
        artifacts = sorted(path for path in self.artifacts.iterdir() if not path.name.startswith("slow-unit-"))
        if not artifacts:
            text = f"# {self.target.name} ended as '{kind}' and left no input behind; its log:\n".encode()
            log = "".join(f"# {line}\n" for line in self.log_path.read_text().splitlines()[-30:]).encode()
            self.campaign.keep(self.target, text + log, f"{self.target.name}-{kind}.txt")
        for path in artifacts:
            report = sanitizer_report(self.log_path.read_text())
            if report in self.target.reports:
                continue  # the same place in the code: one example is enough
            if report:
                self.target.reports.add(report)
            content, suffix = self.text_of(path, report)
            name = f"{self.target.name}-{path.name.partition('-')[0]}-{hashlib.sha1(content).hexdigest()[:8]}"
            self.campaign.keep(self.target, content, name + suffix)

    def text_of(self, path, report):
        """An artefact as a person reads it, and what such a file is called."""
        content = path.read_bytes()
        if self.target.kind != "steps":
            return content, self.target.input.suffix  # it is a text
        decode = subprocess.run([self.campaign.program, "decode", path], capture_output=True, env=checkout.environment())
        if decode.returncode != 0 or not decode.stdout:
            return content, ".bin"  # edgecase replay also takes the bytes
        first, _, rest = decode.stdout.partition(b"\n")
        return b"\n".join([first, *[f"# {report}".encode()] * bool(report), rest]), ".scn"


def sanitizer_report(log):
    """What a sanitizer found and in which function of ours, in a line; None if none did."""
    error = re.search(r"ERROR: (\w+Sanitizer): (\S+)|(runtime error: .*)", log)
    if not error:
        return None
    what = error.group(3) or f"{error.group(1)}: {error.group(2)}"
    place = re.search(r"#\d+ 0x[0-9a-f]+ in (edgecase::[\w:~]+)", log[error.start():])
    return what + (f" in {place.group(1)}" if place else "")
