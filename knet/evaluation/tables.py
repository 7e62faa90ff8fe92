"""Plain-text tables of scores."""

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple


def format_table(header: Sequence[str], rows: Sequence[Tuple]) -> str:
    """Lay out rows of text and numbers under a header.

    Args:
        header: Column titles.
        rows: Cells: text, whole numbers, fractions 0..1 (shown in percent with two decimals) or None (shown as a dash).

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


def headline_of(document: Mapping[str, Any]) -> Dict[str, Optional[float]]:
    """Return the scores that stand at the top of a document of :meth:`~knet.evaluation.metric.Result.to_json`.

    >>> headline_of(dict(protocol='official', VPQ=0.5, k={'1': dict(VPQ=0.6)}))
    {'VPQ': 0.5}
    """
    return {name: value for name, value in document.items() if value is None or isinstance(value, float)}


def window_scores(document: Mapping[str, Any]) -> Dict[str, Optional[float]]:
    """Return VPQ by window length of a document with VPQ.

    >>> window_scores(dict(protocol='official', VPQ=0.5, k={'1': dict(VPQ=0.6)}))
    {'1': 0.6}
    """
    return {k: scores['VPQ'] for k, scores in document['k'].items()}
