"""Whether fakekernel/FIDELITY.md says of every statement of the catalogue where it is modelled and tested, or why not.

The catalogue's statements S-1 to S-170 are about Linux's answers; what follows them is about the model's freedoms.
"""

import re

STATEMENTS = range(1, 171)
LEAST_MODELLED = 150
PAGE = "fakekernel/FIDELITY.md"
PROGRAMS = "fakekernel/conformance/program.hpp"
NOT_TESTS = {"random"}  # programs that nobody wrote have no tags


def section(text, title):
    """The table rows below a heading: lists of cells."""
    body = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip().strip("|").split("|") for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("-: ")][1:]


def statements(cell):
    """The numbers in 'S-8 to S-17, S-20'."""
    found = set()
    for first, last in re.findall(r"S-(\d+)(?: to S-(\d+))?", cell):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def tests_of(cell, files):
    """(paths, words that name no test) of 'epoll_ctl, random; retries of a SYN: model'."""
    paths, unknown = set(), []
    for word in re.split(r"[,;:]\s*|\s\(.*?\)|\s(?=model$)", cell):
        word = word.strip()
        candidates = [f"fakekernel/tests/{word}_conformance_test.cpp", f"fakekernel/tests/{word}_test.cpp"]
        known = [path for path in candidates if path in files]
        paths |= set(known)
        if re.fullmatch(r"[a-z_]+", word) and not known and word not in NOT_TESTS:
            unknown.append(word)
    return paths, unknown


def places_of(cell, files, text_of):
    """What the cell names in backquotes and is not there: files of fakekernel/, and words of those files."""
    names = re.findall(r"`([^`]+)`", cell)
    paths = [name for name in names if re.search(r"\.(?:cpp|hpp|ipp)$", name)]
    missing = [path for path in paths if f"fakekernel/{path}" not in files]
    texts = [text_of(f"fakekernel/{path}") for path in paths if path not in missing]
    missing += [name for name in names if name not in paths and not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)]
    return missing


def findings(files, text_of):
    """(what is wrong, a line of counts)."""
    text = text_of(PAGE)
    files = set(files)
    tags = {path: {int(number) for number in re.findall(r"\[S-(\d+)\]", text_of(path))}
            for path in files if re.fullmatch(r"fakekernel/tests/\w+\.cpp", path)}
    found, modelled = [], set()
    for about, place, tests in section(text, "Statement, place, test"):
        paths, unknown = tests_of(tests, files)
        found += [f"{PAGE}: {about}: there is no test '{word}'" for word in unknown]
        found += [f"{PAGE}: {about}: there is no {name}" for name in places_of(place, files, text_of)]
        tagged = set().union(*(tags.get(path, set()) for path in paths)) if paths else set()
        found += [f"{PAGE}: S-{number} is tagged in none of the tests named" for number in sorted(statements(about) - tagged)]
        modelled |= statements(about) & tagged
    left_out = {}
    for what, reason in section(text, "Not modelled"):
        if not reason:
            found.append(f"{PAGE}: {what}: not modelled, without a reason")
        left_out.update({number: what for number in statements(what)})
    everything = set().union(*tags.values()) if tags else set()
    modelled &= set(STATEMENTS)
    found += [f"{PAGE}: S-{number} is neither in the table nor under 'Not modelled'"
              for number in STATEMENTS if number not in modelled and number not in left_out]
    found += [f"{PAGE}: S-{number} is tagged in a test and not in the table" for number in sorted(everything & set(STATEMENTS) - modelled)]
    if len(modelled) < LEAST_MODELLED:
        found.append(f"{PAGE}: {len(modelled)} statements are modelled, fewer than {LEAST_MODELLED}")
    whole = [number for number in left_out if number not in modelled]
    partly = [number for number in left_out if number in modelled]
    return found, (f"{len(modelled)} of {len(STATEMENTS)} statements modelled and tested, {len(partly)} of them with a part "
                   f"left out, {len(whole)} not modelled")


def exclusions(page, header):
    """What the generator of random programs may leave out, and the page does not say, or the other way round."""
    named = set(re.findall(r'\{Exclusion::\w+,\s*"([\w-]+)"', header))
    listed = {row[0] for row in section(page, "Left out of random programs")}
    return [f"{PAGE}: the exclusion {name} is in only one of the page and program.hpp" for name in sorted(named ^ listed)]
