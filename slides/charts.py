"""The charts of the slides and of the poster, drawn from rows of measurements."""

import csv
from pathlib import Path
from statistics import mean, stdev
from typing import BinaryIO, Dict, List, Sequence, Tuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
Row = Dict[str, str]
#: Colours that readers with any kind of colour vision tell apart (Okabe and Ito); shapes differ as well.
COLOURS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7')
SHAPES = ('o', 's', '^', 'D')
INK, SOFT, LINE = '#1c1e21', '#5a6270', '#d5d8de'
SCORES = ('STQ', 'AQ', 'SQ', 'VPQ1', 'VPQ4')

#: Text as outlines, so that a picture looks the same everywhere, and the same bytes for the same rows.
matplotlib.rcParams.update(
    {
        'svg.fonttype': 'path',
        'svg.hashsalt': 'video-knet',
        'font.family': 'DejaVu Sans',
        'font.size': 10,
        'text.color': INK,
        'axes.edgecolor': SOFT,
        'axes.labelcolor': SOFT,
        'xtick.color': SOFT,
        'ytick.color': SOFT,
    }
)


def read_rows(path: Path) -> List[Row]:
    """Return the rows of a CSV file."""
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def save(figure: Figure, target: BinaryIO) -> None:
    """Write a figure as SVG, without the time of the day."""
    nothing = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))
    figure.savefig(target, format='svg', metadata=nothing, transparent=True)


def scores_chart(
    rows: Sequence[Row], arm: str, names: Dict[str, str], scores: Sequence[str], size: Tuple[float, float]
) -> Figure:
    """Draw a panel per score: a mark for the mean of an arm, a line over the standard deviation of the seeds.

    Args:
        rows: Rows of the measurements, scores in percent.
        arm: Column that names what is compared.
        names: What an arm is called in the picture, by its name in the rows.
        scores: Columns of the scores.
        size: Width and height in inches.
    """
    figure = Figure(figsize=size, layout='constrained')
    panels = figure.subplots(1, len(scores))
    arms = list(dict.fromkeys(row[arm] for row in rows))
    for axes, score in zip(panels, scores):
        for number, name in enumerate(arms):
            values = [float(row[score]) for row in rows if row[arm] == name]
            middle, spread = mean(values), stdev(values) if len(values) > 1 else 0.0
            look = dict(color=COLOURS[number], fmt=SHAPES[number], ms=8, lw=2, capsize=4)
            axes.errorbar([number], [middle], [spread], label=names.get(name, name), **look)
            above = dict(textcoords='offset points', ha='center', fontsize=9)
            axes.annotate(f'{middle:.1f}', (number, middle + spread), (0, 7), **above)
        axes.set_title(score.replace('VPQ', 'VPQ, k = '), fontsize=11, fontweight='bold')
        axes.set_xticks([])
        axes.set_xlim(-0.6, len(arms) - 0.4)
        low, high = axes.get_ylim()
        # Panels of one height in points of percent would hide what differs; a small range would show noise.
        room = max(0.0, 6 - (high - low)) / 2
        axes.set_ylim(low - room - 0.3, high + room + 0.8)
        _quiet(axes)
    panels[0].set_ylabel('percent')
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc='outside lower center', ncols=len(arms))
    return figure


def speed_chart(rows: Sequence[Row], size: Tuple[float, float]) -> Figure:
    """Draw by how much less time or memory is needed here than by the original, on a logarithmic axis."""
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots()
    gains = [float(row['original']) / float(row['here']) for row in rows]
    axes.barh(range(len(rows)), gains, left=1e-9, color=COLOURS[0], height=0.62)
    for place, (row, gain) in enumerate(zip(rows, gains)):
        text = f'{gain:.1f} \N{MULTIPLICATION SIGN}   ({row["original"]} → {row["here"]})'
        axes.annotate(text, (gain, place), (5, 0), textcoords='offset points', va='center', fontsize=9)
    _quiet(axes)
    axes.grid(axis='y', visible=False)
    axes.set_xscale('log')
    axes.set_xlim(1, max(gains) * 4)
    axes.set_xticks([1, 2, 5, 10, 20], ['1', '2', '5', '10', '20'])
    axes.minorticks_off()
    axes.set_yticks(range(len(rows)), [row['what'] for row in rows], fontsize=10, color=INK)
    axes.invert_yaxis()
    axes.set_xlabel('original / here (log scale)')
    return figure


def _quiet(axes: Axes) -> None:
    """Leave out what carries no information."""
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='y', color=LINE, lw=0.8)
    axes.set_axisbelow(True)


RUNGS = {
    '1_image': 'image model',
    '2_embedding': '+ embedding',
    '3_link': '+ link',
    '4_joint_train': '+ joint training',
}
CLIP = {'random': 'from random weights', 'toy streets': 'from toy streets'}


#: Charts by name: file, column of the arms, names of the arms, scores, and size in inches at the text size of a slide.
_SCORES: Dict[str, Tuple[str, str, Dict[str, str], Tuple[str, ...], Tuple[float, float]]] = {
    'ladder': ('ladder_toy', 'rung', RUNGS, SCORES, (8.9, 3.3)),
    'ladder_short': ('ladder_toy', 'rung', RUNGS, SCORES[:3], (6.6, 2.75)),
    'pretraining': ('pretraining_toy', 'start', {}, SCORES, (8.9, 3.3)),
    'pretraining_short': ('pretraining_toy', 'start', {}, SCORES[:3], (6.6, 2.75)),
    'clip': ('real_clip', 'start', CLIP, SCORES, (8.9, 3.1)),
}


def chart(name: str) -> Figure:
    """Return a chart by name: ``speed``, ``speed_short``, or one of the scores."""
    if name.startswith('speed'):
        return speed_chart(read_rows(ROOT / 'slides' / 'speed.csv'), (8.9, 3.25) if name == 'speed' else (7.2, 3.0))
    file, arm, names, scores, size = _SCORES[name]
    return scores_chart(read_rows(ROOT / 'results' / f'{file}.csv'), arm, names, scores, size)
