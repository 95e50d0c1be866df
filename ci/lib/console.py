"""What these scripts print: tables and durations."""


def table(heads, rows, left=1):
    """Lines of a table: the first `left` columns and the last one, if it is text, flush left; the others right."""
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    numeric = [column >= left and all(not row or _is_number(row[column]) for row in cells[1:])
               for column in range(len(heads))]
    lines = []
    for row in cells:
        padded = (cell.rjust(width) if number else cell.ljust(width)
                  for cell, width, number in zip(row, widths, numeric))
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


def _is_number(text):
    return text == "" or text[0] in "0123456789-"


def count(number):
    return f"{number:,}"


def duration(seconds):
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
