"""Curves drawn as SVG: axes with round numbers, a logarithmic scale where it helps, a smoothed line over the values."""

import math
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np

from knet.visualization.report.html import Html, tag

Point = Tuple[float, float]

#: A positive curve whose values span more than this ratio is drawn on a logarithmic scale.
_LOG_RATIO = 4.0
#: Curves with fewer points are drawn with dots and without a smoothed line.
_SMOOTHED_FROM = 20
#: Points of a line that are drawn at most.
_MAX_POINTS = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 14, 34, 36


@dataclass(frozen=True)
class Scale:
    """One axis: the map from values to 0..1, and its ticks.

    Attributes:
        low: Value at 0.
        high: Value at 1.
        log: Whether equal ratios have equal lengths.
        ticks: Round values within the axis.
    """

    low: float
    high: float
    log: bool
    ticks: Tuple[float, ...]

    @classmethod
    def over(cls, values: Sequence[float], log: bool = False, count: int = 5) -> 'Scale':
        """Return the axis that holds some finite values."""
        low, high = min(values), max(values)
        if log:
            return cls(low, high, True, _log_ticks(low, high))
        if low == high:
            margin = abs(low) / 2 or 1.0
            low, high = low - margin, high + margin
        return cls(low, high, False, _ticks(low, high, count))

    def place(self, value: float) -> float:
        """Return the place of a value, 0..1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def _ticks(low: float, high: float, count: int) -> Tuple[float, ...]:
    """Return about ``count`` round numbers between two values.

    >>> _ticks(0, 1440, 5)
    (0.0, 500.0, 1000.0)
    """
    rough = (high - low) / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return tuple(step * n for n in range(first, math.floor(high / step + 1e-9) + 1))


def _log_ticks(low: float, high: float) -> Tuple[float, ...]:
    """Return round numbers between two positive values: 1, 2 and 5 of every decade, or powers of ten of many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    numbers = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    step = max(1, (last - first) // 6) if factors == (1,) else 1
    return tuple(number for number in numbers[::step] if low * (1 - 1e-9) <= number <= high * (1 + 1e-9))


def smoothed(values: Sequence[float]) -> List[float]:
    """Return the mean around every value, with triangular weights over an eighth of all values.

    >>> [round(value, 3) for value in smoothed([2.0] * 12 + [5.0] * 12)][9:15]
    [2.0, 2.0, 2.75, 4.25, 5.0, 5.0]
    """
    reach = max(1, len(values) // 16)
    weights = np.bartlett(2 * reach + 3)[1:-1]
    array = np.asarray(values, dtype=np.float64)
    # Divided by the weights that lie within the curve, the ends are not drawn to zero.
    return (np.convolve(array, weights, 'same') / np.convolve(np.ones_like(array), weights, 'same')).tolist()


def svg_chart(name: str, points: Sequence[Point], width: int = 350, height: int = 220, meaning: str = '') -> Html:
    """Draw one curve.

    Args:
        name: Title of the curve.
        points: (x, y) pairs; pairs that aren't finite are left out.
        width: Width in CSS pixels.
        height: Height in CSS pixels.
        meaning: What the curve is, added to the title.

    Returns:
        An ``<svg>`` element that follows the page's colours; empty without points.
    """
    points = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if not points:
        return Html('')
    values = [y for _, y in points]
    log = min(values) > 0 and max(values) > _LOG_RATIO * min(values)
    x_scale, y_scale = Scale.over([x for x, _ in points], count=4), Scale.over(values, log)

    def at(x: float, y: float) -> Tuple[float, float]:
        return (
            _LEFT + x_scale.place(x) * (width - _LEFT - _RIGHT),
            height - _BOTTOM - y_scale.place(y) * (height - _TOP - _BOTTOM),
        )

    def line(pairs: Sequence[Point], css: str) -> Html:
        # A line of a thousand points on some hundred pixels shows no more, and a page may hold fifty.
        pairs = [*pairs[:: -(-len(pairs) // _MAX_POINTS)], pairs[-1]]
        places = ' '.join('{:.1f},{:.1f}'.format(*at(*pair)) for pair in pairs)
        return tag('polyline', points=places, class_=css)

    smooth = len(points) >= _SMOOTHED_FROM
    drawn = [line(points, 'raw' if smooth else 'smooth')]
    if smooth:
        drawn.append(line([(x, y) for (x, _), y in zip(points, smoothed(values))], 'smooth'))
    else:
        for point in points:
            x, y = at(*point)
            drawn.append(tag('circle', cx=f'{x:.1f}', cy=f'{y:.1f}', r=3, class_='point'))
    scale = ', log scale' if log else ''
    note = [tag('tspan', f' {meaning}', class_='note')] if meaning else []
    told = f'{name}: from {values[0]:.4g} to {values[-1]:.4g} over {points[-1][0]:g} iterations{scale}'
    return tag(
        'svg',
        tag('text', f'{name}: {values[-1]:.4g}', *note, x=10, y=20, class_='name'),
        *_axes(x_scale, y_scale, width, height, f'iteration{scale}'),
        *drawn,
        viewBox=f'0 0 {width} {height}',
        role='img',
        aria_label=told,
        class_='chart',
    )


def _axes(x_scale: Scale, y_scale: Scale, width: int, height: int, below: str) -> List[Html]:
    """Return the lines and numbers of both axes."""
    right, bottom = width - _RIGHT, height - _BOTTOM
    parts = []
    for tick in y_scale.ticks:
        y = f'{bottom - y_scale.place(tick) * (bottom - _TOP):.1f}'
        parts.append(tag('line', x1=_LEFT, x2=right, y1=y, y2=y, class_='grid'))
        parts.append(tag('text', f'{tick:.3g}', x=_LEFT - 6, y=f'{float(y) + 4:.1f}', class_='end'))
    for tick in x_scale.ticks:
        x = f'{_LEFT + x_scale.place(tick) * (right - _LEFT):.1f}'
        parts.append(tag('line', x1=x, x2=x, y1=bottom, y2=bottom + 4, class_='axis'))
        parts.append(tag('text', f'{tick:g}', x=x, y=bottom + 16, class_='middle'))
    parts.append(tag('text', below, x=right, y=height - 6, class_='end'))
    parts.append(tag('path', d=f'M{_LEFT},{_TOP}V{bottom}H{right}', class_='axis'))
    return parts
