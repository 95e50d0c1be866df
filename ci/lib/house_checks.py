"""The rules of the house that a program can check. Each check returns what it found, one line a place."""

import collections
import os
import re
import subprocess
import sys

import checkout
import fidelity
from arguments import Arguments, nearest_name
from mutant_file import read_history, read_mutants

LAYERS = ["core", "fakekernel", "props", "fuzz"]  # each may include itself and those before it
CPP = (".cpp", ".hpp", ".ipp", ".h", ".c")
MOST_LINES = 800
MOST_BYTES = 1_000_000

CHECKS = {}


def check(statement):
    def register(function):
        CHECKS[function.__name__.replace("_", "-")] = (statement, function)
        return function
    return register


def text_of(path):
    data = (checkout.ROOT / path).read_bytes()
    return None if b"\0" in data else data.decode("utf-8", "replace")


def places(paths, pattern, text=text_of):
    """'path:line: source' of every line of these files in which the pattern is found."""
    found = []
    for path in paths:
        for number, line in enumerate((text(path) or "").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path}:{number}: {line.strip()[:100]}")
    return found


COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_of(path):
    """The text with comments and literals blanked, so that words are looked for in code only."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text_of(path) or "")


def code_files(*folders):
    return [path for path in checkout.files(*CPP) if path.split("/")[0] in (folders or LAYERS)]


def is_production(path):
    """Of core/, what is linked into somebody's program."""
    return path.startswith("core/") and not re.search(r"_test\.\w+$|/(tests|bench|examples)/", path)


@check(f"no file has over {MOST_LINES} lines (captures are others' words), none over {MOST_BYTES} bytes")
def file_length():
    found = []
    for path in checkout.files():
        size = (checkout.ROOT / path).stat().st_size
        if size > MOST_BYTES:
            found.append(f"{path}: {size} bytes")
        elif not path.startswith("corpus/captures/"):
            lines = len((text_of(path) or "").splitlines())
            if lines > MOST_LINES:
                found.append(f"{path}: {lines} lines")
    return found


@check("includes run one way: " + " <- ".join(LAYERS))
def include_direction():
    found = []
    for place, layer in enumerate(LAYERS):
        later = LAYERS[place + 1:]
        if later:
            found += places(code_files(layer), re.compile(r'#\s*include\s+["<](?:\.\./)*(?:%s)/' % "|".join(later)))
    return found


SYSTEM_HEADER = re.compile(r"#\s*include\s+<(?:sys/|linux/|netinet/|arpa/|(?:unistd|fcntl|poll|signal|pthread|aio)\.h)")
GLOBAL_CALL = re.compile(r"(?<![\w:>])::(?!edgecase\b|std\b)[a-z_]\w*\s*\(")


@check("no system call and no errno in core/ outside linux_kernel.hpp (tests, benchmarks and examples apart)")
def system_calls_in_core():
    ours = [path for path in code_files("core") if is_production(path)]
    inner = [path for path in ours if path not in ("core/linux_kernel.hpp", "core/linux_kernel.cpp")]
    return (places([path for path in ours if path != "core/linux_kernel.hpp"], re.compile(r"\berrno\b"), code_of)
            + places(inner, SYSTEM_HEADER) + places(inner, GLOBAL_CALL, code_of))


@check("nothing in core/, fakekernel/ and props/ depends on chance, addresses, the date or the library's implementation")
def determinism():
    pattern = re.compile(r"std::random_device|\bunordered_|_distribution\b|\bsystem_clock\b|(?<![\w.>:])s?rand\s*\(")
    return places(code_files("core", "fakekernel", "props"), pattern, code_of)


@check("at most one file of a folder includes <catch2/catch.hpp>, and none <rapidcheck/catch.h>")
def catch_in_one_file():
    found = places(code_files(), re.compile(r"#\s*include\s+[<\"]rapidcheck/catch\.h"))
    includers = collections.defaultdict(list)
    for place in places(code_files(), re.compile(r"#\s*include\s+[<\"]catch2/catch\.hpp")):
        includers[place.split("/")[0]].append(place)
    for group in includers.values():
        found += group if len(group) > 1 else []
    return found


@check("nothing is left to do")
def left_open():
    # The words are put together here so that this file does not contain them.
    words = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]))
    return places(checkout.files(), words)


@check("no path of one machine stands in a file")
def machine_paths():
    return places(checkout.files(), re.compile(r"(?:^|[^\w.~$}*])/(?:home|root|work|farm|Users)/[A-Za-z.]"))


@check("C++ files are formatted as .clang-format says (clang-format -i mends it)")
def formatting():
    paths = code_files()
    if not paths:
        return []
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", "--ferror-limit=1", *paths],
                         cwd=checkout.ROOT, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: (?:error|warning)", run.stderr, re.M)))
    wrong = [os.path.relpath(os.path.join(checkout.ROOT, path), checkout.ROOT) for path in wrong]
    return wrong if run.returncode != 0 and wrong else run.stderr.splitlines()[:5] if run.returncode != 0 else []


@check("every mutant can be applied: what it edits stands there exactly once")
def mutants():
    found = []
    try:
        for mutant in read_mutants():
            try:
                mutant.edited()
            except checkout.Unusable as problem:
                found.append(str(problem).splitlines()[0])
    except checkout.Unusable as problem:
        found.append(str(problem))
    return found


@check("every scenario of corpus/history names the mutant that stands for its bug, and an invariant that the mutant may break")
def history():
    try:
        expected = {mutant.name: mutant.expect for mutant in read_mutants()}
        told = read_history()
    except checkout.Unusable as problem:
        return [str(problem)]
    return [f"{path}: the mutant {name} " + (f"is not said to break {invariant}" if name in expected else "is not there")
            for name, links in told.items() for path, invariant in links if invariant not in expected.get(name, [])]


@check("every script can be read by its interpreter and is executable")
def scripts():
    found = []
    for path in checkout.files():
        text = text_of(path) or ""
        first = text.split("\n", 1)[0]
        if path.endswith(".py"):
            try:
                compile(text, path, "exec")
            except SyntaxError as problem:
                found.append(f"{path}:{problem.lineno}: {problem.msg}")
        elif re.match(r"#!.*\b(bash|sh)\b", first):
            run = subprocess.run(["bash", "-n", path], cwd=checkout.ROOT, capture_output=True, text=True)
            found += run.stderr.splitlines()
            if not os.access(checkout.ROOT / path, os.X_OK):
                found.append(f"{path}: not executable")
    return found


@check("FIDELITY.md says of every statement where it is modelled and tested, or why not, and what random programs leave out")
def fidelity_page():
    files = checkout.files()
    if fidelity.PAGE not in files:
        return []
    found, counts = fidelity.findings(files, text_of)
    print(f"          {counts}")
    header = text_of(fidelity.PROGRAMS) if fidelity.PROGRAMS in files else ""
    return found + fidelity.exclusions(text_of(fidelity.PAGE), header)


def run_check(name):
    """Prints the check and its findings; true if there are none."""
    statement, function = CHECKS[name]
    found = function()
    print(f"  {'FAILED' if found else 'ok    '}  {name}: {statement}", flush=True)
    for place in found[:20]:
        print(f"            {place}")
    if len(found) > 20:
        print(f"            ... and {len(found) - 20} more")
    return not found


def main(arguments):
    parser = Arguments("ci/house-checks", "Checks the rules of the house that a program can check.",
                       "Checks:\n" + "\n".join(f"  {name}: {text}" for name, (text, _) in CHECKS.items())
                       + "\n\nExit: 0 all hold, 1 one does not, 2 usage.")
    parser.add_argument("check", nargs="*", help="only these checks")
    parsed = parser.parse(arguments)
    for name in parsed.check:
        if name not in CHECKS:
            parser.error(f"no check '{name}'" + nearest_name(name, CHECKS))
    checkout.set_up()
    results = [run_check(name) for name in parsed.check or CHECKS]
    return checkout.EXIT_PASS if all(results) else checkout.EXIT_FAILED


if __name__ == "__main__":
    checkout.run_main(main)
