"""Line coverage of core/, and the reason for every line that no test reaches.

A reason stands in core/UNCOVERED.md, one line for each:

    core/file.ipp: "the source of the line" - why no test reaches it

Lines that hold only brackets share the reason of the uncovered line above them.
"""

import collections
import json
import os
import re
import shutil
import subprocess

import checkout
from arguments import Arguments
from console import table
from house_checks import is_production

REASONS = "core/UNCOVERED.md"
LEAST_PERCENT = 95
ONLY_BRACKETS = re.compile(r"[\s{}();,]*$")
REASON = re.compile(r'(?:[-*] )?`?([\w./-]+): "(.*)"`? - (\S.*)$')


def forget(preset):
    """Forgets what the programs of a build covered so far."""
    shutil.rmtree(checkout.BUILDS / preset / "profiles", ignore_errors=True)


def programs(preset):
    """The programs that were built in a preset and whose coverage counts: the tests and the command line."""
    listed = subprocess.run(["ctest", "--test-dir", checkout.BUILDS / preset, "--show-only=json-v1"],
                            capture_output=True, text=True)
    tests = json.loads(listed.stdout)["tests"] if listed.returncode == 0 else []
    found = {test["command"][0] for test in tests if test.get("command")}
    if checkout.program(preset).exists():
        found.add(str(checkout.program(preset)))
    return sorted(path for path in found if path.startswith(str(checkout.BUILDS)))


def line_counts(preset):
    """{path: {line: count}} of core/, from the profiles of the runs since forget()."""
    folder = checkout.BUILDS / preset / "profiles"
    raw = sorted(folder.glob("*.profraw"))
    objects = programs(preset)
    if not raw or not objects:
        raise checkout.Unusable(f"the build '{preset}' recorded no coverage: no test was run")
    data = folder / "all.profdata"
    merge = subprocess.run([checkout.llvm_tool("llvm-profdata"), "merge", "-sparse", *raw, "-o", data],
                           capture_output=True, text=True)
    if merge.returncode != 0:
        raise checkout.Unusable(f"llvm-profdata: {merge.stderr.strip()}")
    command = [checkout.llvm_tool("llvm-cov"), "export", "-format=lcov", f"-instr-profile={data}", objects[0]]
    for path in objects[1:]:
        command += ["-object", path]
    export = subprocess.run([*command, checkout.ROOT / "core"], capture_output=True, text=True)
    if export.returncode != 0:
        raise checkout.Unusable(f"llvm-cov: {export.stderr.strip()[:2000]}")
    return parse_lcov(export.stdout)


def parse_lcov(text, root=checkout.ROOT):
    counts = collections.defaultdict(dict)
    path = ""
    for line in text.splitlines():
        if line.startswith("SF:"):
            path = os.path.normpath(line[3:]).removeprefix(f"{root}/")
        elif line.startswith("DA:") and is_production(path):
            number, count = line[3:].split(",")[:2]
            counts[path][int(number)] = counts[path].get(int(number), 0) + int(count)
    return dict(counts)


def read_reasons(root=checkout.ROOT):
    """[(path, source text)] of core/UNCOVERED.md; a line that looks like a reason and is none is an error."""
    path = root / REASONS
    reasons = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if match := REASON.match(line):
            reasons.append((match.group(1), match.group(2).strip()))
        elif re.match(r"(?:[-*] )?`?core/", line):
            raise checkout.Unusable(f'{REASONS}:{number}: expected: core/FILE: "source of the line" - reason')
    return reasons


def unexplained(counts, reasons, root=checkout.ROOT):
    """The uncovered lines as (path, line, source, explained), and the reasons that fit none of them."""
    uncovered, used = [], set()
    for path in sorted(counts):
        source = (root / path).read_text().splitlines()
        above, above_explained = 0, False
        for number in sorted(line for line, count in counts[path].items() if count == 0):
            text = source[number - 1].strip()
            explained = (path, text) in reasons
            if explained:
                used.add((path, text))
            elif ONLY_BRACKETS.match(text) and number == above + 1:
                explained = above_explained
            uncovered.append((path, number, text, explained))
            above, above_explained = number, explained
    return uncovered, [reason for reason in reasons if reason not in used]


def report(preset):
    """Prints the coverage of core/; true if it is enough and every uncovered line has its reason."""
    counts = line_counts(preset)
    uncovered, stale = unexplained(counts, read_reasons())
    if not counts:
        print("no code of core/ is in any test")
        return False

    def percent(covered, lines):
        return f"{100 * covered / lines:.1f} %"

    rows, all_covered, all_lines = [], 0, 0
    for path in sorted(counts):
        lines, covered = len(counts[path]), sum(count > 0 for count in counts[path].values())
        rows.append([path, lines, covered, percent(covered, lines)])
        all_covered, all_lines = all_covered + covered, all_lines + lines
    rows.append(["core/", all_lines, all_covered, percent(all_covered, all_lines)])
    print("\n".join(table(["file", "lines", "covered", ""], rows)))

    for path, number, text, explained in uncovered:
        print(f"{path}:{number}: {text}" + ("" if explained else f"    <- no reason in {REASONS}"))
    for path, text in stale:
        print(f'{REASONS}: every line of {path} that reads "{text}" is covered, or there is none')
    missing = [line for line in uncovered if not line[3]]
    if missing:
        print(f"{len(missing)} uncovered lines have no reason. Cover them, or add to {REASONS} lines of this form:")
        print(f'{missing[0][0]}: "{missing[0][2]}" - the reason')
    enough = 100 * all_covered >= LEAST_PERCENT * all_lines
    if not enough:
        print(f"core/ is covered to {percent(all_covered, all_lines)}, less than {LEAST_PERCENT} %")
    return enough and not missing


def main(arguments):
    Arguments("ci/coverage", "Builds with clang's source-based coverage, runs all tests and the corpus, and lists every line"
              f"\nof core/ that was not reached. Its reason is looked for in {REASONS}.",
              f"Exit: 0 at least {LEAST_PERCENT} % and a reason for every uncovered line, 1 not so or a test failed, "
              "2 could not be built.").parse(arguments)
    checkout.set_up()
    with checkout.lock("coverage-run"):
        if subprocess.run([checkout.ROOT / "ci/build", "coverage", "--quiet"]).returncode != 0:
            raise checkout.Unusable("the build failed, see above")
        forget("coverage")
        environment = checkout.environment(RC_PARAMS=checkout.seeded_rapidcheck(1))
        tests = subprocess.run(["ctest", "--test-dir", checkout.BUILDS / "coverage", "--output-on-failure",
                                "--progress", "--parallel", str(checkout.processors())], env=environment)
        corpus = subprocess.run([checkout.built_program("coverage"), "replay", "corpus"], cwd=checkout.ROOT,
                                env=environment, stdout=subprocess.DEVNULL)
        for name, run in (("a test", tests), ("the replay of the corpus", corpus)):
            if run.returncode != 0:
                print(f"{name} failed: the coverage below is not the whole story")
        covered = report("coverage")
    passed = covered and tests.returncode == 0 and corpus.returncode == 0
    return checkout.EXIT_PASS if passed else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
