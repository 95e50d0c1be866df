"""ci/fuzz against a target that only claims to fuzz."""

import json
import os
import signal
import subprocess
import time
import unittest

from fake_checkout import FakeCheckout

QUIET_TARGET = """
import json, os, signal, sys, time
def stop(*_):
    print("stat::number_of_executed_units: 500", file=sys.stderr); sys.stderr.flush(); os._exit(72)
signal.signal(signal.SIGINT, stop)
left = float([word for word in sys.argv if word.startswith("-max_total_time=")][0].split("=")[1])
open(os.environ["EDGECASE_STATS"], "w").write(json.dumps({
    "runs": 100, "invariants": {"no-lost-wakeup": 7, "fds-balanced": 0}, "faults": {"read": 0}, "scripts": {"fail": 2, "short": 0},
    "steps": {"turn": 3}, "sometimes": {"wait-interrupted": 1234, "batch-truncated": 0},
    "sometimes_first": {"wait-interrupted": 41}}))
print("#100 NEW    cov: 42 ft: 60 corp: 2/5b exec/s: 0 rss: 27Mb", file=sys.stderr); sys.stderr.flush()
time.sleep(left)
print("stat::number_of_executed_units: 1000", file=sys.stderr)
"""

FINDING_TARGET = """
import os, sys, time
open(os.path.join(os.environ["EDGECASE_FINDINGS"], "no-lost-wakeup-12ab34cd.scn"), "w").write("edgecase 1\\n")
time.sleep(0.3)
sys.exit(77)
"""

SHRINKING_TARGET = """
import os, random, sys, time
name = os.path.join(os.environ["EDGECASE_FINDINGS"], "no-lost-wakeup-at-process")
open(name + ".scn", "w").write(f"edgecase 1\\n# {random.random()}\\n")
open(name + ".original.scn", "w").write("edgecase 1\\n# long\\n")
time.sleep(0.3)
sys.exit(77)
"""

CRASHING_TARGET = """
import sys
prefix = [word for word in sys.argv if word.startswith("-artifact_prefix=")][0].split("=")[1]
open(prefix + "crash-0123456789abcdef", "w").write("bytes")
sys.exit(77)
"""

SANITIZED_TARGET = """
import os, random, sys
prefix = [word for word in sys.argv if word.startswith("-artifact_prefix=")][0].split("=")[1]
open(prefix + "crash-0123456789abcdef", "w").write(str(random.random()))
print("==1==ERROR: AddressSanitizer: use-after-poison on address 0x1", file=sys.stderr)
print("    #0 0x1 in edgecase::fake::Model::find_watch(int) epoll.cpp:3", file=sys.stderr)
sys.exit(77 if "exitcode=77" in os.environ["ASAN_OPTIONS"] else 1)
"""

SEED_READING_TARGET = """
import os, sys
words = [open(word.split("=")[1]).read() for word in sys.argv if word.startswith("-dict=")]
print(f"the seeds are {os.listdir(sys.argv[-1])}, the words {''.join(words)!r}", file=sys.stderr)
sys.exit(1)
"""

BROKEN_TARGET = """
import sys
print("ERROR: no interesting inputs were found", file=sys.stderr)
sys.exit(1)
"""

STUBBORN_TARGET = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(600)
"""


class Fuzz(FakeCheckout):
    def test_a_quiet_campaign_ends_with_the_tables_and_0(self):
        self.program("fuzz", "module_fuzz", QUIET_TARGET)
        run = self.ci("fuzz", 2, "--jobs", 2, "--json", "out.json")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^module +\d\.\d s +[\d,]+ runs +42 edges +0 findings$")
        self.assertRegex(run.stdout, r"(?m)^module +2 +2,000 +[\d,]+ +42 +0 +1 of 2 +0$")
        self.assertRegex(run.stdout, r"(?m)^no-lost-wakeup +14 +fired$")
        self.assertRegex(run.stdout, r"(?m)^fds-balanced +0 +fired$")
        self.assertIn("invariants exercised: 1 of 2; never: fds-balanced", run.stdout)
        self.assertIn("kinds of steps taken: 1 of 1\n", run.stdout)
        self.assertIn("kinds of faults that came to be: 1 of 2; never: short", run.stdout)
        self.assertIn("calls that failed by script: 0 of 1; never: read", run.stdout)
        self.assertIn("sometimes points: 1 of 2; never: batch-truncated", run.stdout)
        self.assertRegex(run.stdout, r"(?m)^wait-interrupted +2,468 +41$")
        self.assertRegex(run.stdout, r"(?m)^batch-truncated +0 +never$")
        summary = json.loads((self.root / "out.json").read_text())
        self.assertEqual(summary["sometimes"][0], {"point": "wait-interrupted", "runs": 2468, "first": 41})
        self.assertEqual(summary["targets"][0]["runs"], 2000)
        self.assertEqual(summary["targets"][0]["steps"], {"turn": 6})
        self.assertFalse(summary["interrupted"])

    def test_a_finding_is_kept_under_its_name_and_the_exit_is_1(self):
        self.program("fuzz", "module_fuzz", FINDING_TARGET)
        run = self.ci("fuzz", 1, "--jobs", 2, cwd=self.folder)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("replay: checkout/ci/edgecase replay checkout/findings/no-lost-wakeup-12ab34cd.scn", run.stdout)
        self.assertRegex(run.stdout, r"(?m)^module .* 1$")  # the same finding of both workers is one
        self.assertEqual([path.name for path in (self.root / "findings").iterdir()], ["no-lost-wakeup-12ab34cd.scn"])

    def test_a_finding_that_was_there_is_never_overwritten(self):
        self.program("fuzz", "module_fuzz", FINDING_TARGET)
        other = self.root / "findings" / "no-lost-wakeup-12ab34cd.scn"
        other.parent.mkdir()
        other.write_text("edgecase 1\n# somebody's own\n")
        run = self.ci("fuzz", 1, "--jobs", 1)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("somebody's own", other.read_text())
        self.assertTrue((self.root / "findings" / "no-lost-wakeup-12ab34cd-2.scn").exists())

    def test_a_shrunk_finding_is_kept_once_with_its_original_beside_it(self):
        self.program("fuzz", "module_fuzz", SHRINKING_TARGET)
        run = self.ci("fuzz", 1, "--jobs", 2)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^module .* 1$")
        names = sorted(path.name for path in (self.root / "findings").iterdir())
        self.assertEqual(names, ["no-lost-wakeup-at-process.original.scn", "no-lost-wakeup-at-process.scn"])

    def test_a_finding_of_an_earlier_campaign_that_still_breaks_the_same_is_not_kept_again(self):
        self.program("fuzz", "module_fuzz", SHRINKING_TARGET)
        earlier = self.root / "findings" / "no-lost-wakeup-at-process.scn"
        earlier.parent.mkdir()
        for text, others in (("breaks no-lost-wakeup", 0), ("breaks fds-balanced", 2)):
            earlier.write_text(f"edgecase 1\n# {text}\n")
            run = self.ci("fuzz", 1, "--jobs", 1)
            self.assertEqual(run.returncode, 1, run.stdout)
            self.assertIn(text, earlier.read_text())
            self.assertEqual(len(list(earlier.parent.iterdir())), 1 + others, run.stdout)

    def test_an_artefact_without_a_text_is_decoded(self):
        self.program("fuzz", "module_fuzz", CRASHING_TARGET)
        run = self.ci("fuzz", 60, "--jobs", 1)
        self.assertEqual(run.returncode, 1, run.stdout)
        findings = list((self.root / "findings").iterdir())
        self.assertEqual(len(findings), 1)
        self.assertRegex(findings[0].name, r"^module-crash-[0-9a-f]{8}\.scn$")
        self.assertIn("# decoded bytes", findings[0].read_text())
        self.assertIn("ended 20 times in a finding", run.stdout)

    def test_an_artefact_of_a_target_of_texts_is_kept_as_it_is_with_its_own_replay(self):
        for kind, suffix, verb in (("text", ".txt", "fmt"), ("configuration", ".conf", "check-config")):
            self.program("fuzz", f"{kind}_fuzz", CRASHING_TARGET)
            run = self.ci("fuzz", 1, "--jobs", 1, FAKE_TARGETS=f"{kind}_fuzz {kind}")
            self.assertEqual(run.returncode, 1, run.stdout)
            [finding] = (self.root / "findings").glob(f"{kind}-crash-*{suffix}")
            self.assertEqual(finding.read_text(), "bytes")
            self.assertIn(f"replay: ci/edgecase {verb} findings/{finding.name}", run.stdout)

    def test_each_kind_of_target_has_its_own_seeds_and_words(self):
        self.script(self.root / "corpus" / "configurations" / "a.conf", "events { }\n")
        self.script(self.root / "fuzz" / "configuration_fuzz.dict", '"events"\n')
        seeds = {"steps": ("seed", ""), "text": ("seed.scn", '"open"\n'), "configuration": ("a.conf", '"events"\n')}
        for kind, (seed, words) in seeds.items():
            self.program("fuzz", f"{kind}_fuzz", SEED_READING_TARGET)
            run = self.ci("fuzz", 1, "--jobs", 1, FAKE_TARGETS=f"{kind}_fuzz {kind}")
            self.assertEqual(run.returncode, 2, run.stdout)
            self.assertIn(f"the seeds are ['{seed}'], the words {words!r}", run.stdout)
            run = self.ci("fuzz", 1, "--jobs", 1, "--from-empty", FAKE_TARGETS=f"{kind}_fuzz {kind}")
            self.assertIn("the seeds are [], the words ''", run.stdout)

    def test_the_seeds_of_the_server_target_are_scenarios_of_servers(self):
        self.program("fuzz", "server_fuzz", SEED_READING_TARGET)
        run = self.ci("fuzz", 1, "--jobs", 1, FAKE_TARGETS="server_fuzz steps")
        self.assertIn("the seeds are []", run.stdout)
        self.script(self.root / "corpus" / "served.scn", "edgecase 1\nlisten a\nturn\n")
        run = self.ci("fuzz", 1, "--jobs", 1, FAKE_TARGETS="server_fuzz steps")
        self.assertIn("the seeds are ['seed']", run.stdout)

    def test_what_a_sanitizer_says_is_told_and_kept_once(self):
        self.program("fuzz", "module_fuzz", SANITIZED_TARGET)
        run = self.ci("fuzz", 1, "--jobs", 2)
        self.assertEqual(run.returncode, 1, run.stdout)
        texts = [path.read_text() for path in (self.root / "findings").iterdir()]
        self.assertEqual(len(texts), 1)
        self.assertTrue(texts[0].startswith(
            "edgecase 1\n# AddressSanitizer: use-after-poison in edgecase::fake::Model::find_watch\n"), texts[0])

    def test_interrupted_it_stops_the_fuzzers_and_prints_the_table(self):
        self.program("fuzz", "module_fuzz", QUIET_TARGET)
        began = time.monotonic()
        process = subprocess.Popen([self.root / "ci/fuzz", "600"], text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=self.environment(), start_new_session=True)
        for line in process.stdout:
            if "runs" in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        output = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(), 0, output)
        self.assertLess(time.monotonic() - began, 30)
        self.assertRegex(output, r"(?m)^module +\d+ +[15],?\d+ ")
        self.assertIn("interrupted after", output)

    def test_a_fuzzer_that_does_not_listen_is_killed(self):
        self.program("fuzz", "module_fuzz", STUBBORN_TARGET)
        process = subprocess.Popen([self.root / "ci/fuzz", "600", "--jobs", "1"], text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=self.environment(), start_new_session=True)
        for line in process.stdout:
            if "runs" in line:
                break
        process.send_signal(signal.SIGTERM)
        output = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(), 0, output)
        self.assertIn("no-lost-wakeup", output)

    def test_a_silent_canary_is_exit_1_and_named(self):
        self.program("fuzz", "module_fuzz", QUIET_TARGET)
        run = self.ci("fuzz", 1, FAKE_SILENT="fds-balanced")
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("canaries that did not fire: fds-balanced", run.stdout)

    def test_an_engine_that_cannot_work_is_exit_2_with_its_words(self):
        self.program("fuzz", "module_fuzz", BROKEN_TARGET)
        run = self.ci("fuzz", 1)
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("no interesting inputs were found", run.stdout)

    def test_more_targets_than_processes_take_turns(self):
        for name in ("module", "server", "timers"):
            self.program("fuzz", f"{name}_fuzz", QUIET_TARGET)
        run = self.ci("fuzz", 3, "--jobs", 2, FAKE_TARGETS="module_fuzz steps\nserver_fuzz steps\ntimers_fuzz steps")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^timers +2 +2,000 ")

    def test_two_campaigns_at_once_do_not_meet(self):
        self.program("fuzz", "module_fuzz", FINDING_TARGET)
        both = [subprocess.Popen([self.root / "ci/fuzz", "2"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, env=self.environment()) for _ in range(2)]
        for process in both:
            output, _ = process.communicate()
            self.assertEqual(process.returncode, 1, output)
            self.assertNotIn("Traceback", output)
        self.assertEqual(len(list((self.root / "findings").iterdir())), 1)

    def test_mistakes_are_answered_with_usage_and_2(self):
        for words, answer in ((["--jsn"], "did you mean --json?"), (["0"], "at least 1"), (["--jobs", "0"], "at least 1"),
                              (["nan"], "at least 1")):
            run = self.ci("fuzz", *words)
            self.assertEqual(run.returncode, 2, run.stdout)
            self.assertIn(answer, run.stdout)

    def test_an_unknown_target_is_exit_2_with_the_nearest(self):
        self.program("fuzz", "module_fuzz", QUIET_TARGET)
        run = self.ci("fuzz", 1, "--target", "modul")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("did you mean 'module'?", run.stdout)

    def test_a_target_that_was_not_built_is_exit_2(self):
        run = self.ci("fuzz", 1)
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("module_fuzz", run.stdout)


if __name__ == "__main__":
    unittest.main()
