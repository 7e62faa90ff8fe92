"""Timelines of objects: who is seen when, by which track, and where the identity changes."""

from itertools import groupby
from typing import Iterator, List, NamedTuple, Sequence, Set, Tuple

from knet.visualization.association import ABSENT, MISSED, ObjectTrack, VideoTracks
from knet.visualization.palette import track_colour
from knet.visualization.report.charts import Scale
from knet.visualization.report.html import Html, join, tag
from knet.visualization.report.tables import Run

#: What is drawn at most: objects of a video, bars of a video, videos.
MAX_OBJECTS, MAX_BARS, MAX_VIDEOS = 30, 800, 8
#: Pixels; labels beside the picture have lines of the same height.
_ROW, _BAR = 22, 15
#: Width of a timeline on a phone in pixels, and of a digit: a number is written where it fits there.
_NARROW, _DIGIT = 230, 7


class _Stretch(NamedTuple):
    """Frames in a row with one state: positions from ``start`` to before ``end``."""

    state: int
    start: int
    end: int


def timelines(runs: Sequence[Run]) -> Html:
    """Return the timelines of the videos, for each of them those of all runs below each other.

    Args:
        runs: Runs with their tracks; the first decides which videos are shown, those with the most id switches first.
    """
    if not runs or not runs[0].tracks:
        return Html('')
    videos = sorted(runs[0].tracks, key=lambda video: (-video.switches, -video.missed, video.video))
    parts = [_legend()]
    for position, video in enumerate(videos[:MAX_VIDEOS]):
        body = []
        for run in runs:
            tracks = next((other for other in run.tracks if other.video == video.video), None)
            if tracks is not None:
                name = f'{run.name}, video {video.video}' if len(runs) > 1 else f'video {video.video}'
                # Folded parts have no line of their own on paper.
                css = None if len(runs) > 1 else 'paper'
                head = tag('h3', name, ' ', tag('small', _summary(tracks)), class_=css)
                body.append(tag('div', head, timeline(tracks), class_='together'))
        summary = tag('summary', f'video {video.video}: {_summary(video)}')
        parts.append(tag('details', summary, *body, open=position < 2))
    if len(videos) > MAX_VIDEOS:
        parts.append(tag('p', f'{_count(len(videos) - MAX_VIDEOS, "more video")} not shown.'))
    return join(parts)


def _legend() -> Html:
    """Return how to read the timelines."""
    keys = [
        (
            'background:rgb({},{},{})'.format(*track_colour(1)),
            'key',
            'a track covers the object (IoU above 0.5), with ',
        ),
        (None, 'key hole', 'the object is there, but missed; '),
        (None, 'key dot', 'id switch: another track than before.'),
    ]
    words = ["the track's number and its colour in the pictures; "]
    pieces: List[Html] = []
    for position, (style, css, text) in enumerate(keys):
        pieces += [tag('span', class_=css, style=style), join([text, *(words if position == 0 else [])])]
    return tag(
        'p',
        'One line per object of the ground truth, the one that comes into view first on top. ',
        *pieces,
        ' A perfect line has one colour from end to end. Videos with the most id switches come first.',
        class_='key-line',
    )


def _summary(video: VideoTracks) -> str:
    missed = f'{video.missed} of {video.visible} views missed'
    return (
        f'{_count(len(video.objects), "object")}, {_count(video.switches, "id switch", "id switches")}, {missed}, '
        f'{_count(video.invented, "segment")} without an object'
    )


def _count(number: int, one: str, many: str = '') -> str:
    return f'{number} {one if number == 1 else many or one + "s"}'


def timeline(video: VideoTracks) -> Html:
    """Draw the objects of a video.

    Args:
        video: The objects and their tracks.

    Returns:
        Names beside an ``<svg>`` that takes the width of the page; a sentence if there are no objects.
    """
    if not video.objects:
        return tag('p', 'No objects in this video.')
    shown = _shown(video.objects)
    length = len(video.frames)
    drawn: List[Html] = []
    for row, thing in enumerate(shown):
        drawn += _row(thing, video.frames, row * _ROW, length)
    drawn += _frame_axis(video.frames, len(shown) * _ROW)
    picture = tag(
        'svg',
        *drawn,
        height=len(shown) * _ROW + 22,
        role='img',
        aria_label=f'Timeline of video {video.video}: {_summary(video)}',
    )
    names = tag('ol', *(tag('li', thing.name) for thing in shown), tag('li', 'frame'))
    hidden = len(video.objects) - len(shown)
    note = tag('p', f'{_count(hidden, "more object")} not shown.') if hidden else Html('')
    return join([tag('div', names, picture, class_='timeline'), note])


def _shown(objects: Sequence[ObjectTrack]) -> List[ObjectTrack]:
    """Return the objects that are seen longest and do not need too many bars, in the order in which they are given."""
    chosen: Set[int] = set()
    bars = 0
    for number in sorted(range(len(objects)), key=lambda number: -objects[number].visible)[:MAX_OBJECTS]:
        bars += len(list(_stretches(objects[number].states)))
        if bars <= MAX_BARS or not chosen:
            chosen.add(number)
    return [objects[number] for number in sorted(chosen)]


def _stretches(states: Sequence[int]) -> Iterator[_Stretch]:
    start = 0
    for state, group in groupby(states):
        end = start + len(list(group))
        yield _Stretch(state, start, end)
        start = end


def _share(position: float, length: int) -> str:
    return f'{100 * position / length:.3f}%'


def _row(thing: ObjectTrack, frames: Sequence[int], top: int, length: int) -> Iterator[Html]:
    """Yield the bars of an object, then the marks of its switches."""
    bar = top + (_ROW - _BAR) // 2
    for state, start, end in _stretches(thing.states):
        if state == ABSENT:
            continue
        said = f'frame {frames[start]}' if end == start + 1 else f'frames {frames[start]} to {frames[end - 1]}'
        what = 'missed' if state == MISSED else f'track {state}'
        place = dict(x=_share(start, length), y=bar, width=_share(end - start, length), height=_BAR)
        title = tag('title', f'{thing.name}: {what} in {said}')
        if state == MISSED:
            yield tag('rect', title, **place, class_='missed')
            continue
        colour = track_colour(state)
        yield tag('rect', title, **place, class_='shown', fill='rgb({},{},{})'.format(*colour))
        if (end - start) / length * _NARROW > _DIGIT * len(str(state)) + 12:
            middle = _share((start + end) / 2, length)
            ink = dict(style=f'fill:{text_colour(colour)}')
            yield tag('text', str(state), x=middle, y=bar + 12, class_='id middle', **ink)
    for position in thing.switches:
        place = dict(cx=_share(position, length), cy=bar + _BAR / 2, r=5)
        yield tag(
            'circle', tag('title', f'{thing.name}: id switch in frame {frames[position]}'), **place, class_='switch'
        )


def text_colour(colour: Tuple[int, int, int]) -> str:
    """Return black or white, whichever has the higher contrast with a colour (WCAG's relative luminance).

    >>> text_colour((255, 255, 0)), text_colour((0, 0, 142))
    ('#000', '#fff')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return '#000' if (luminance + 0.05) ** 2 > 0.05 * 1.05 else '#fff'


def _frame_axis(frames: Sequence[int], top: int) -> Iterator[Html]:
    """Yield the numbers of frames below the rows."""
    length = len(frames)
    ticks = Scale.over([0, max(1, length - 1)], count=6).ticks
    positions = [int(tick) for tick in ticks if tick == int(tick) and tick < length]
    yield tag('line', x1='0%', x2='100%', y1=top + 2, y2=top + 2, class_='axis')
    for position in positions:
        x = _share(position + 0.5, length)
        yield tag('line', x1=x, x2=x, y1=top + 2, y2=top + 6, class_='axis')
        yield tag('text', str(frames[position]), x=x, y=top + 18, class_='middle')
