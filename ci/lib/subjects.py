"""The mutants of core/ as objects of one build, which programs load by name: `--subject NAME`, EDGECASE_SUBJECT=NAME.

Each mutant's edited files lie in a folder of its own, which its sources find before the checkout's. Only what an edit can
reach is compiled again: an edited .cpp, and whatever includes an edited header.
"""

import functools
import re
import shutil
import subprocess

import checkout
from mutant_file import read_mutants

CORE = "core/"
# What makes a subject, besides core/ itself; see props/subject_kit.cpp.
GLUE = ["props/subject_core.cpp"]
LINUX_ONLY = ("core/linux_kernel.cpp", "core/linux_reactor.cpp")  # of the program, never of a subject on the model
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
PRESET = "subjects"


@functools.cache
def sources():
    core = [path for path in checkout.files(".cpp") if path.startswith(CORE) and path.count("/") == 1]
    return [path for path in core if path not in LINUX_ONLY] + GLUE


@functools.cache
def reach(path):
    """The project's files that this source includes, itself among them."""
    found, waiting = {path}, [path]
    while waiting:
        file = checkout.ROOT / waiting.pop()
        fresh = set(INCLUDE.findall(file.read_text())) - found if file.is_file() else set()
        found |= fresh
        waiting += fresh
    return found


def units_of(mutant):
    """The sources that an edit can reach."""
    return [path for path in sources() if not reach(path).isdisjoint(edit.file for edit in mutant.edits)]


def is_subject(mutant):
    """Of core/, and of a part that a subject has: what the simulation uses of core/ itself is the program's."""
    return all(edit.file.startswith(CORE) for edit in mutant.edits) and bool(units_of(mutant))


def write_if_new(path, text):
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def write_sources(mutants):
    """The edited files and subjects.cmake, for all of them, whichever are to be built; what others left behind goes."""
    folder = checkout.BUILDS / "subjects-source"
    lines, names = [], {mutant.name for mutant in mutants}
    for mutant in mutants:
        edited = mutant.edited()
        own = folder / mutant.name
        for path, text in edited.items():
            write_if_new(own / path, text)
        for path in own.rglob("*"):  # of an earlier form of the mutant: it would be found first
            if path.is_file() and str(path.relative_to(own)) not in edited:
                path.unlink()
        places = [f"{own / path}" if path in edited else f"${{PROJECT_SOURCE_DIR}}/{path}" for path in units_of(mutant)]
        lines.append(f"edgecase_subject({mutant.name} {own}\n  " + "\n  ".join(places) + ")\n")
    write_if_new(folder / "subjects.cmake", "".join(lines))
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path)
    objects = checkout.BUILDS / PRESET / "subjects"
    for path in objects.glob("*.so") if objects.is_dir() else []:
        if path.stem not in names:
            path.unlink()


def build(mutants, targets):
    """{name: what the compiler said} of those that do not build. The programs must."""
    write_sources([mutant for mutant in read_mutants() if is_subject(mutant)])
    folder = checkout.BUILDS / PRESET
    configure = ["cmake", "--preset", PRESET, "-B", str(folder), f"-DEDGECASE_SUBJECTS={checkout.BUILDS / 'subjects-source'}"]
    for command in (configure, ["cmake", "--build", str(folder), "--target", *targets]):
        done = subprocess.run(command, cwd=checkout.ROOT, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise checkout.Unusable(f"the build '{PRESET}' fails:\n{(done.stdout + done.stderr)[-3000:]}")
    broken = {}
    everything = [f"subject_{mutant.name}" for mutant in mutants]
    done = subprocess.run(["cmake", "--build", str(folder), "--target", *everything, "--", "-k", "0"], cwd=checkout.ROOT,
                          capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        for mutant in mutants:
            if not (folder / "subjects" / f"{mutant.name}.so").exists() or f"subject_{mutant.name}.dir" in done.stdout:
                broken[mutant.name] = errors_of(mutant.name, done.stdout)
        if not broken:
            raise checkout.Unusable(f"the subjects do not build:\n{done.stdout[-3000:]}")
    return broken


def errors_of(name, output):
    """The part of a build's output that is about one subject."""
    parts = output.split("FAILED: ")
    own = [part for part in parts[1:] if f"subject_{name}.dir" in part.partition("\n")[0] or f"subjects/{name}.so" in
           part.partition("\n")[0]]
    return own[0][:4000] if own else "see the build's output"


def program(name):
    return checkout.BUILDS / PRESET / name
