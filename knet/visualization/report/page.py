"""The page itself: its sections in their order."""

from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from knet.labels import LabelSpace
from knet.utils.io import PathLike, atomic_path
from knet.visualization.association import VideoTracks
from knet.visualization.report.html import Html, join, tag
from knet.visualization.report.pictures import Clip, clip_figure, gallery, picture_figure
from knet.visualization.report.style import STYLE
from knet.visualization.report.tables import Run, class_table, comparison, facts_list, tiles, video_table
from knet.visualization.report.timeline import timelines
from knet.visualization.report.training import curves_section

_COLOURS = (
    'Image, prediction and ground truth. An object of the ground truth has the colour and the number of the track '
    'that overlaps it most over the whole video, by a quarter of the track at least; grey objects have none.'
)


def write_report(
    path_html: PathLike,
    title: str,
    facts: Mapping[str, Any],
    stq: Optional[Mapping[str, Any]] = None,
    vpq: Optional[Mapping[str, Any]] = None,
    log_json: Optional[PathLike] = None,
    worst_frames: Sequence[Tuple[str, np.ndarray]] = (),
    clips: Sequence[Union[PathLike, Clip]] = (),
    label_space: Optional[LabelSpace] = None,
    tracks: Sequence[VideoTracks] = (),
    compared: Sequence[Run] = (),
    name: str = 'this run',
) -> None:
    """Write the report of a run: one HTML file that contains everything it shows.

    Args:
        path_html: Path of the HTML file to write.
        title: Headline of the report.
        facts: Facts of the run by name: config, checkpoint, seed, command, versions.
        stq: JSON document of the STQ evaluator.
        vpq: JSON document of the VPQ evaluator.
        log_json: Training log of mmcv for the loss curves.
        worst_frames: (caption, (H, W, 3) uint8 RGB) pairs.
        clips: GIF or MP4 files to embed.
        label_space: Classes whose colours the class table shows.
        tracks: How the tracks follow the objects, by video.
        compared: Other runs on the same data.
        name: Name of the run beside the others.

    Raises:
        ValueError: If a clip is neither GIF nor MP4.
        FileNotFoundError: If a clip or the log is missing.
    """
    run = Run(name, stq, vpq, tracks)
    runs = [run, *compared]
    shown = [clip_figure(clip if isinstance(clip, Clip) else Clip(Path(clip))) for clip in clips]
    worst = [picture_figure(caption, image) for caption, image in worst_frames]
    sections = [
        ('Scores', tiles(run)),
        ('Comparison', comparison(runs)),
        ('Clips', _explained(_COLOURS, gallery(shown))),
        ('Tracks', timelines(runs)),
        ('Worst frames', _explained(_COLOURS if not shown else '', gallery(worst))),
        ('Classes', class_table(run, label_space)),
        ('Videos', video_table(run)),
        ('Training', curves_section(log_json)),
        ('Run', facts_list(facts)),
    ]
    with atomic_path(path_html) as temporary:
        page = _page(title, [(heading, content) for heading, content in sections if content])
        Path(temporary).write_text(page, encoding='utf-8', errors='backslashreplace')


def _explained(text: str, content: Html) -> Html:
    return join([tag('p', text) if text else None, content]) if content else content


def _page(title: str, sections: List[Tuple[str, Html]]) -> str:
    links = [tag('a', heading, href=f'#{_anchor(heading)}') for heading, _ in sections]
    body = [
        tag('section', tag('h2', heading), content, id=_anchor(heading), aria_label=heading)
        for heading, content in sections
    ]
    head = tag(
        'head',
        tag('meta', charset='utf-8'),
        tag('meta', name='viewport', content='width=device-width, initial-scale=1'),
        tag('title', title),
        tag('style', Html(STYLE)),
    )
    top = tag('header', tag('h1', title), tag('nav', *links, aria_label='Sections') if len(links) > 1 else None)
    return f'<!doctype html>{tag("html", head, tag("body", top, tag("main", *body)), lang="en")}\n'


def _anchor(heading: str) -> str:
    return heading.lower().replace(' ', '-')
