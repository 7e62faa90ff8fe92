"""The two drawings: the life of a kernel, and the map of the code."""

import re
from typing import Dict, List, Tuple

import charts
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

Point = Tuple[float, float]
BLUE, ORANGE, GREEN, PINK = charts.COLOURS
INK, SOFT = charts.INK, charts.SOFT
FILLS = {BLUE: '#dcecf6', ORANGE: '#fcefd6', GREEN: '#d9f0e9', PINK: '#f7e6ef', SOFT: '#eef0f3'}


class Canvas:
    """A drawing in units of its own, with boxes that arrows may start from and end at."""

    def __init__(self, width: float, height: float, inches: float) -> None:
        self.figure = Figure(figsize=(inches, inches * height / width))
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)
        self.axes.axis('off')
        #: Points per unit.
        self.points = 72 * inches / width

    def text(self, at: Point, words: str, size: float, **look: object) -> None:
        """Write words around a point; ``size`` in units."""
        options = dict(ha='center', va='center', fontsize=size * self.points, color=INK, linespacing=1.25)
        self.axes.text(*at, words, **{**options, **look})

    def box(self, centre: Point, size: Point, title: str, words: str = '', colour: str = BLUE) -> Tuple[Point, Point]:
        """Draw a box with a title and words below it, and return its centre and size."""
        (x, y), (width, height) = centre, size
        corner = (x - width / 2, y - height / 2)
        style = 'round,pad=0,rounding_size=0.12'
        self.axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, fc=FILLS[colour], ec=colour, lw=1.4))
        lines = words.count('\n') + 1 if words else 0
        self.text((x, y - 0.115 * lines), title, 0.2, fontweight='bold')
        if words:
            self.text((x, y + 0.16), words, 0.145, color=SOFT)
        return centre, size

    def arrow(self, start: Point, end: Point, colour: str = SOFT, bend: float = 0.0) -> None:
        """Draw an arrow between two points."""
        look = dict(arrowstyle='-|>', mutation_scale=11, lw=1.5, color=colour, shrinkA=1, shrinkB=1)
        self.axes.add_patch(FancyArrowPatch(start, end, connectionstyle=f'arc3,rad={bend}', **look))

    def cells(self, corner: Point, cell: float, values: List[List[float]], colour: str) -> None:
        """Draw a grid of cells, the darker the higher the value in 0..1."""
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                at = (corner[0] + column * cell, corner[1] + row * cell)
                self.axes.add_patch(Rectangle(at, cell, cell, fc=colour, alpha=0.08 + 0.85 * value, ec='white', lw=0.7))


#: A blob, as features that a kernel answers to, and as the mask that follows.
_FEATURES = [
    [0.1, 0.2, 0.1, 0.3, 0.2, 0.1],
    [0.2, 0.6, 0.8, 0.7, 0.2, 0.2],
    [0.1, 0.7, 0.9, 0.8, 0.3, 0.4],
    [0.3, 0.6, 0.7, 0.6, 0.2, 0.1],
    [0.1, 0.2, 0.1, 0.1, 0.3, 0.2],
]
_MASK = [[float(value >= 0.6) for value in row] for row in _FEATURES]


def kernel_life() -> Figure:
    """Draw a frame's way from picture to panoptic map, and what comes from and goes to other frames."""
    page = Canvas(16, 5.5, 9.0)
    small, y = (1.75, 1.0), 2.4
    page.box((1.1, y), small, 'frame t', 'a picture', SOFT)
    page.box((3.3, y), (1.95, 1.0), 'backbone, neck', 'feature map', BLUE)
    page.box((5.6, y), (1.95, 1.0), 'kernel head', 'first kernels\nand masks', BLUE)
    for number, x in enumerate((7.85, 9.6, 11.35), 1):
        page.box((x, y), (1.5, 1.0), f'stage {number}', 'update under\nown mask', BLUE)
    page.box((13.15, y), (1.5, 1.0), 'fusion', 'masks to map', BLUE)
    page.box((15.05, y), (1.6, 1.0), 'prediction', 'classes, tracks', GREEN)
    for start, end in ((1.98, 2.31), (4.29, 4.61), (6.59, 7.09), (8.61, 8.84), (10.36, 10.59), (12.11, 12.39)):
        page.arrow((start, y), (end, y))
    page.arrow((13.91, y), (14.24, y))
    # What the features are for.
    page.arrow((3.3, 2.92), (3.3, 3.32), BLUE)
    page.cells((2.0, 3.42), 0.24, _FEATURES, BLUE)
    page.text((2.72, 4.85), 'features', 0.17, color=SOFT)
    page.text((3.75, 4.02), '\N{ASTERISK OPERATOR}', 0.34)
    page.cells((4.1, 3.42), 0.24, [[0.9], [0.2], [0.7], [0.5], [0.8]], ORANGE)
    page.text((4.22, 4.85), 'kernel', 0.17, color=SOFT)
    page.text((4.7, 4.02), '=', 0.34)
    page.cells((5.05, 3.42), 0.24, _MASK, GREEN)
    page.text((5.77, 4.85), 'mask', 0.17, color=SOFT)
    page.text((4.1, 5.25), 'a kernel is a vector that predicts one mask', 0.19, fontweight='bold')
    # Time.
    page.box((7.95, 4.25), (2.2, 1.0), 'kernels', 'of frame t \N{MINUS SIGN} 1', ORANGE)
    page.box((10.2, 4.25), (1.5, 1.0), 'link', 'attention to\nthe past', ORANGE)
    page.box((12.15, 4.25), (1.6, 1.0), 'embedding', 'of each kernel', PINK)
    page.box((14.4, 4.25), (2.1, 1.0), 'tracker', 'compares with\nearlier embeddings', PINK)
    page.arrow((9.07, 4.25), (9.43, 4.25), ORANGE)
    page.arrow((11.0, 2.92), (10.3, 3.73), ORANGE, -0.15)
    page.arrow((10.97, 4.25), (11.33, 4.25), PINK)
    page.arrow((12.97, 4.25), (13.33, 4.25), PINK)
    page.arrow((14.4, 3.73), (15.0, 2.92), PINK, 0.2)
    page.text((14.95, 3.5), 'track ids', 0.17, color=SOFT, ha='left')
    page.arrow((11.6, 1.88), (13.2, 0.85), ORANGE, -0.25)
    page.text((13.35, 0.85), 'kernels, to frame t + 1', 0.17, color=SOFT, ha='left')
    return page.figure


#: Place, colour and contents of every package; the arrows are those of docs/architecture.md.
PACKAGES: Dict[str, Tuple[float, float, str, str]] = {
    'labels': (1.1, 2.4, SOFT, 'classes\nas data'),
    'structures': (3.1, 2.4, SOFT, 'value\ntypes'),
    'utils': (5.1, 2.4, SOFT, 'files, command\nlines, repairs'),
    'layouts': (7.1, 1.25, BLUE, 'data sets\non disk'),
    'toy': (9.1, 0.55, BLUE, 'procedural\nstreets'),
    'results': (9.1, 1.95, BLUE, 'predictions\non disk'),
    'evaluation': (11.1, 1.6, BLUE, 'STQ, VPQ,\nmIoU, AP'),
    'visualization': (13.1, 0.8, BLUE, 'pictures,\nreport'),
    'datasets': (13.1, 2.4, BLUE, 'samples for\ntraining'),
    'backbones': (7.1, 3.45, ORANGE, 'ResNet,\nSwin'),
    'det': (9.1, 3.45, ORANGE, 'one image:\nK-Net'),
    'video': (11.1, 3.45, ORANGE, 'a stream: link,\ntracker'),
    'vss': (13.1, 3.7, ORANGE, 'semantic\nstreams'),
    'cli': (7.1, 4.6, GREEN, 'command\nvideo-knet'),
    'apis': (15.1, 2.4, GREEN, 'train, test,\npredict'),
}


def import_arrows() -> List[Tuple[str, str]]:
    """Return the arrows of the picture in docs/architecture.md, which the tests compare with the imports."""
    text = (charts.ROOT / 'docs' / 'architecture.md').read_text(encoding='utf-8')
    found = re.search(r'```mermaid\n(.*?)```', text, re.DOTALL)
    assert found is not None
    chains = [[name.strip() for name in line.split('-->')] for line in found.group(1).splitlines() if '-->' in line]
    return [pair for chain in chains for pair in zip(chain, chain[1:])]


def code_map() -> Figure:
    """Draw the packages; an arrow points from a package to one that may import it."""
    page = Canvas(16.2, 5.15, 9.0)
    width, height = 1.64, 0.94
    for start, end in import_arrows():
        (x0, y0), (x1, y1) = PACKAGES[start][:2], PACKAGES[end][:2]
        if x0 == x1:
            side = height / 2 if y1 > y0 else -height / 2
            page.arrow((x0, y0 + side), (x1, y1 - side))
        else:
            page.arrow((x0 + width / 2, y0), (x1 - width / 2, y1))
    for name, (x, y, colour, words) in PACKAGES.items():
        page.box((x, y), (width, height), name, words, colour)
    legend = ((SOFT, 'words and tools'), (BLUE, 'data and scores'), (ORANGE, 'networks'), (GREEN, 'what users call'))
    for number, (colour, words) in enumerate(legend):
        x = 8.3 + 1.9 * number
        page.axes.add_patch(Rectangle((x, 4.67), 0.22, 0.22, fc=FILLS[colour], ec=colour))
        page.text((x + 0.32, 4.79), words, 0.155, ha='left', color=SOFT)
    page.text((0.3, 4.79), 'arrow: may be imported by', 0.155, ha='left', color=SOFT)
    return page.figure


DRAWINGS = {'kernel_life': kernel_life, 'code_map': code_map}
