"""Mutants as text: props/mutants/README.md describes the form."""

import dataclasses
import re

import checkout
from arguments import nearest_name

FOLDER = "props/mutants"
HISTORY = "corpus/history"
KEYS = ("stands for", "row", "expect", "target", "equivalent", "file", "old", "new")
KERNEL_STATEMENT = re.compile(r"S-\d+[a-z]?$")


# How a scenario of corpus/history/ names the mutant that stands for its bug, and what that breaks.
LINK = re.compile(r"^# Mutant: ([\w-]+); it breaks ([\w-]+)\.$", re.M)


def read_history():
    """{mutant: [(path, invariant)]}."""
    told = {}
    for path in sorted((checkout.ROOT / HISTORY).glob("*.scn")):
        links = LINK.findall(path.read_text())
        name = str(path.relative_to(checkout.ROOT))
        if len(links) != 1:
            raise checkout.Unusable(f"{name}: expected one line '# Mutant: NAME; it breaks INVARIANT.', found {len(links)}")
        told.setdefault(links[0][0], []).append((name, links[0][1]))
    return told


@dataclasses.dataclass
class Edit:
    file: str
    old: str
    new: str


@dataclasses.dataclass
class Mutant:
    name: str
    stands_for: str
    row: str
    expect: list
    target: str  # the fuzz target that looks for it
    equivalent: str  # why nothing can tell it from what it was made of; empty if something must
    edits: list

    def edited(self):
        """{path: text with the edits applied}. Each old text must occur exactly once."""
        texts = {}
        for edit in self.edits:
            path = checkout.ROOT / edit.file
            if edit.file not in texts:
                if not path.is_file():
                    raise checkout.Unusable(f"{self.place()}: no file {edit.file}")
                texts[edit.file] = path.read_text()
            occurrences = texts[edit.file].count(edit.old)
            if occurrences != 1:
                raise checkout.Unusable(f"{self.place()}: this text must occur exactly once in {edit.file}, and occurs "
                                        f"{occurrences or 'no'} times:\n{edit.old}")
            texts[edit.file] = texts[edit.file].replace(edit.old, edit.new)
        return texts

    def folder(self):
        """The folder of its first edit, empty for the root."""
        return self.edits[0].file.rpartition("/")[0].partition("/")[0]

    def place(self):
        return f"{FOLDER}/{self.name}.mutant"


def read_mutants():
    """All mutants, by name. A malformed one makes the whole lot unusable."""
    paths = sorted((checkout.ROOT / FOLDER).glob("*.mutant"))
    return [parse_mutant(path.stem, path.read_text()) for path in paths]


def parse_mutant(name, text):
    place = f"{FOLDER}/{name}.mutant"

    def wrong(number, what):
        raise checkout.Unusable(f"{place}:{number}: {what}")

    fields, edits, file = {}, [], None
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        match = re.match(r"([a-z ]+):(?:\s+(.*\S))?\s*$", line)
        if not match:
            wrong(number, f"expected 'key: value' or a comment, found: {line}")
        key, value = match.group(1), match.group(2) or ""
        if key not in KEYS:
            wrong(number, f"unknown key '{key}'{nearest_name(key, KEYS)} (there are: {', '.join(KEYS)})")
        if key in ("old", "new") and not value:
            value = read_fence(lines, number, wrong)
        elif not value:
            wrong(number, f"'{key}' has no value")
        if key == "file":
            file = value
        elif key == "old":
            if file is None:
                wrong(number, "'old' before any 'file'")
            if not value:
                wrong(number, "'old' is empty")
            edits.append(Edit(file, value, None))
        elif key == "new":
            if not edits or edits[-1].new is not None:
                wrong(number, "'new' without 'old'")
            edits[-1].new = value
        elif key in fields:
            wrong(number, f"'{key}' is there twice")
        else:
            fields[key] = value
    last = len(text.splitlines())
    for key in ("stands for", "expect"):
        if key not in fields:
            wrong(last, f"there is no '{key}'")
    if not edits or edits[-1].new is None:
        wrong(last, "there is no edit: 'file', 'old' and 'new'")
    expect = [word.strip() for word in fields["expect"].split(",")]
    return Mutant(name, fields["stands for"], fields.get("row", ""), expect, fields.get("target", "module_fuzz"),
                  fields.get("equivalent", ""), edits)


def read_fence(lines, number, wrong):
    """The lines between ``` and ```, without the last line's end."""
    _, opening = next(lines, (number, ""))
    if opening.strip() != "```":
        wrong(number, "expected the text on this line, or ``` on the next")
    content = []
    for _, line in lines:
        if line.strip() == "```":
            return "\n".join(content)
        content.append(line)
    return wrong(number, "no closing ```")
