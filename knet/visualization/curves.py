"""Loss curves out of mmcv's training log, drawn as SVG."""

import json
from collections import OrderedDict
from html import escape
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from knet.utils.io import PathLike

#: name -> (iteration, value) points
Curves = Dict[str, List[Tuple[float, float]]]

_SKIP = {'mode', 'epoch', 'iter', 'time', 'data_time', 'memory', 'step'}


def read_log(path: PathLike) -> Curves:
    """Read a ``*.log.json`` of mmcv.

    Args:
        path: The file: one JSON object per line.

    Returns:
        The curves by name, training values over the running iteration and validation values with the prefix ``val/``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line in the middle isn't JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such training log; give the *.log.json of a work dir')
    lines = [line for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(json.loads(line))
        except ValueError as error:
            # An interrupted run may leave its last line unfinished.
            if number < len(lines):
                raise ValueError(f'{path}: line {number} is not JSON; is this a *.log.json?') from error
    return _to_curves([record for record in records if isinstance(record, dict) and 'mode' in record])


def _to_curves(records: List[dict]) -> Curves:
    curves: Curves = OrderedDict()
    train = [record for record in records if record['mode'] == 'train']
    # Epoch-based logs count iterations from 1 in every epoch.
    by_epoch = (
        len({record.get('epoch') for record in train}) > 1
        and all(a.get('iter', 0) < b.get('iter', 0) for a, b in zip(train, train[1:])) is False
    )
    epoch_length = max((record.get('iter', 0) for record in train), default=0) if by_epoch else 0
    last = 0.0
    for record in records:
        is_train = record['mode'] == 'train'
        if is_train:
            last = record.get('iter', 0) + epoch_length * (record.get('epoch', 1) - 1)
        for name, value in record.items():
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or name in _SKIP or (name == 'lr' and not is_train):
                continue
            curves.setdefault(name if is_train else f'val/{name}', []).append((last, float(value)))
    return curves


def svg_chart(name: str, points: List[Tuple[float, float]], width: int = 300, height: int = 130) -> str:
    """Draw one curve.

    Args:
        name: Title of the curve.
        points: (x, y) pairs; pairs that aren't finite are left out.
        width: Width in CSS pixels.
        height: Height in CSS pixels.

    Returns:
        An ``<svg>`` element that follows the page's colours.
    """
    points = [(x, y) for x, y in points if abs(y) < float('inf')]
    if not points:
        return ''
    left, right, top, bottom = 58, 10, 24, 20
    x0, x1 = min(x for x, _ in points), max(x for x, _ in points)
    y0, y1 = min(y for _, y in points), max(y for _, y in points)
    x_span, y_span = (x1 - x0) or 1.0, (y1 - y0) or 1.0

    def place(x: float, y: float) -> str:
        return (
            f'{left + (x - x0) / x_span * (width - left - right):.1f},'
            f'{height - bottom - (y - y0) / y_span * (height - top - bottom):.1f}'
        )

    line = ' '.join(place(x, y) for x, y in points)
    dots = (
        ''.join('<circle cx="{}" cy="{}" r="2.5"/>'.format(*place(x, y).split(',')) for x, y in points)
        if len(points) <= 12
        else ''
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(name)}">'
        f'<text x="{left}" y="14" class="name">{escape(name)}: {points[-1][1]:.4g}</text>'
        f'<path d="M{left},{top}V{height - bottom}H{width - right}" class="axis"/>'
        f'<text x="{left - 4}" y="{top + 6}" class="tick end">{y1:.3g}</text>'
        f'<text x="{left - 4}" y="{height - bottom}" class="tick end">{y0:.3g}</text>'
        f'<text x="{left}" y="{height - 5}" class="tick">{x0:g}</text>'
        f'<text x="{width - right}" y="{height - 5}" class="tick end">{x1:g}</text>'
        f'<polyline points="{line}"/>{dots}</svg>'
    )


def curves_section(path: Optional[PathLike]) -> str:
    """Return all curves of a log as HTML, an empty text without a log."""
    if path is None:
        return ''
    curves = read_log(path)
    # The total loss comes first, then its parts, then all other curves.
    names = sorted(curves, key=lambda name: (name != 'loss', 'loss' not in name, name.startswith('val/')))
    charts = [svg_chart(name, curves[name]) for name in names]
    return f'<div class="charts">{"".join(charts)}</div>' if charts else ''
