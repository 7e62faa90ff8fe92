"""Plain-text tables of scores."""

from typing import Sequence, Tuple


def format_table(header: Sequence[str], rows: Sequence[Tuple]) -> str:
    """Lay out rows of text and numbers under a header.

    Args:
        header: Column titles.
        rows: Cells: text, whole numbers, fractions 0..1 (shown in percent
            with two decimals) or None (shown as a dash).

    Returns:
        Lines of equal width, the first column aligned left.
    """

    def text(cell: object) -> str:
        if cell is None:
            return '-'
        return f'{100 * cell:.2f}' if isinstance(cell, float) else str(cell)

    cells = [tuple(header)] + [tuple(text(cell) for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [' '.join([row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]) for row in cells]
    return '\n'.join([lines[0], '-' * len(lines[0]), *lines[1:]])
