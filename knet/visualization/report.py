"""The report of a run: one HTML file that contains everything it shows."""

import base64
from html import escape
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import cv2
import numpy as np

from knet.evaluation.tables import headline_of, window_scores
from knet.labels import LabelSpace
from knet.utils.io import PathLike, atomic_path
from knet.visualization.curves import curves_section

_STYLE = """
:root{color-scheme:light dark;--bg:#fafafa;--card:#fff;--ink:#1c1e21;--soft:#667;--line:#dde;--accent:#2463c4}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1e2125;--ink:#e6e8ea;--soft:#9aa;--line:#33383e;
--accent:#74a9f7}}
body{background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1100px;
padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 10px}p{margin:4px 0;color:var(--soft)}
.tiles{display:flex;flex-wrap:wrap;gap:12px}.tile{background:var(--card);border:1px solid var(--line);
border-radius:8px;padding:10px 18px;min-width:88px}.tile b{display:block;font-size:25px;font-variant-numeric:
tabular-nums}.tile span{color:var(--soft)}
.scroll{overflow-x:auto}table{border-collapse:collapse;background:var(--card);border:1px solid var(--line)}
th,td{padding:3px 12px;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:600}td.text,th.text{text-align:left;overflow-wrap:anywhere}
td:first-child{white-space:nowrap}
.swatch{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:8px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:12px}
svg{background:var(--card);border:1px solid var(--line);border-radius:8px}
svg polyline{fill:none;stroke:var(--accent);stroke-width:1.5}svg circle{fill:var(--accent)}
svg .axis{fill:none;stroke:var(--line)}svg text{fill:var(--soft);font-size:10px}svg .name{fill:var(--ink);
font-size:12px}svg .end{text-anchor:end}
figure{margin:0 0 16px}.pictures{display:grid;
grid-template-columns:repeat(auto-fill,minmax(440px,1fr));gap:0 16px}.wide{grid-column:1/-1}
figcaption{color:var(--soft)}img,video{max-width:100%;border-radius:6px}
"""

#: Cell of an undefined score, an en dash.
_UNDEFINED = '\N{EN DASH}'
_CLIP_TYPES = {'.gif': 'image/gif', '.mp4': 'video/mp4'}


def write_report(
    path_html: PathLike,
    title: str,
    facts: Mapping[str, Any],
    stq: Optional[Mapping[str, Any]] = None,
    vpq: Optional[Mapping[str, Any]] = None,
    log_json: Optional[PathLike] = None,
    worst_frames: Sequence[Tuple[str, np.ndarray]] = (),
    clips: Sequence[PathLike] = (),
    label_space: Optional[LabelSpace] = None,
) -> None:
    """Write the report of a run.

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

    Raises:
        ValueError: If a clip is neither GIF nor MP4.
        FileNotFoundError: If a clip or the log is missing.
    """
    sections = [
        ('', _tiles(stq, vpq)),
        ('Classes', _class_table(stq, vpq, label_space)),
        ('Videos', _video_table(stq)),
        ('Clips', _pictures([_clip(Path(clip)) for clip in clips])),
        ('Worst frames', _pictures([_figure(caption, image) for caption, image in worst_frames])),
        ('Training', curves_section(log_json)),
        ('Run', _table([('', True), ('', True)], [(escape(str(k)), escape(str(v))) for k, v in facts.items()])),
    ]
    body = ''.join((f'<h2>{name}</h2>' if name else '') + content for name, content in sections if content)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f'<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n'
    )
    with atomic_path(path_html) as temporary:
        Path(temporary).write_text(page, encoding='utf-8', errors='backslashreplace')


def _number(value: Optional[float]) -> str:
    return _UNDEFINED if value is None else f'{100 * value:.1f}'


def _protocols(*results: Optional[Mapping[str, Any]]) -> str:
    return ', '.join(sorted({str(result['protocol']) for result in results if result is not None}))


def _tiles(stq: Optional[Mapping[str, Any]], vpq: Optional[Mapping[str, Any]]) -> str:
    scores: List[Tuple[str, Optional[float]]] = []
    if stq is not None:
        scores += headline_of(stq).items()
    if vpq is not None:
        scores += headline_of(vpq).items()
        scores += [(f'VPQ k={k}', value) for k, value in window_scores(vpq).items()]
    if not scores:
        return ''
    tiles = ''.join(f'<div class="tile"><b>{_number(v)}</b><span>{escape(n)}</span></div>' for n, v in scores)
    partial = any(result is not None and result.get('skipped') for result in (stq, vpq))
    warning = ' <b>Not the whole data set: frames were missing and left out.</b>' if partial else ''
    return (
        f'<p>Scores in percent; protocol {escape(_protocols(stq, vpq))}.{warning}</p><div class="tiles">{tiles}</div>'
    )


def _table(header: Sequence[Tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table; ``header`` holds (name, whether the column is text), the cells are HTML already."""
    if not rows:
        return ''
    css = [' class="text"' if text else '' for _, text in header]
    head = ''.join(f'<th{c}>{escape(name)}</th>' for c, (name, _) in zip(css, header))
    head = f'<tr>{head}</tr>' if any(name for name, _ in header) else ''
    body = ''.join('<tr>' + ''.join(f'<td{c}>{cell}</td>' for c, cell in zip(css, row)) + '</tr>' for row in rows)
    return f'<div class="scroll"><table>{head}{body}</table></div>'


def _class_table(
    stq: Optional[Mapping[str, Any]], vpq: Optional[Mapping[str, Any]], space: Optional[LabelSpace]
) -> str:
    """Return the HTML table of IoU and VPQ per class, with one column per window length."""
    names: Dict[str, str] = {str(i): str(info['name']) for i, info in stq['per_class'].items()} if stq else {}
    windows = dict(vpq['k']) if vpq else {}
    known = {str(info.dataset_id): info for info in space.classes} if space else {}
    for result in windows.values():
        for class_id in result['per_class']:
            names.setdefault(str(class_id), known[class_id].name if class_id in known else str(class_id))
    header = [('class', True), ('kind', True)] + ([('IoU', False)] if stq else [])
    header += [(f'VPQ k={k}', False) for k in windows]
    rows = []
    for class_id in sorted(names, key=lambda name: (int(name) if name.isdecimal() else len(known), name)):
        info = known.get(class_id)
        swatch = '<span class="swatch" style="background:rgb({},{},{})"></span>'.format(*info.colour) if info else ''
        kind = ('thing' if info.is_thing else 'stuff') if info else ''
        row = [swatch + escape(names[class_id]), kind]
        if stq:
            row.append(_number(stq['per_class'].get(class_id, {}).get('iou')))
        row += [_number(result['per_class'].get(class_id, {}).get('pq')) for result in windows.values()]
        if any(cell != _UNDEFINED for cell in row[2:]):
            rows.append(row)
    return _table(header, rows)


def _video_table(stq: Optional[Mapping[str, Any]]) -> str:
    if stq is None:
        return ''
    rows = [
        (escape(str(video)), escape(str(result['frames'])), *(_number(result[name]) for name in ('STQ', 'AQ', 'SQ')))
        for video, result in stq['per_video'].items()
    ]
    return _table([('video', True), ('frames', False), ('STQ', False), ('AQ', False), ('SQ', False)], rows)


def _pictures(figures: Sequence[str]) -> str:
    return f'<div class="pictures">{"".join(figures)}</div>' if figures else ''


def _figure(caption: str, image: np.ndarray) -> str:
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])
    source = base64.b64encode(data.tobytes()).decode('ascii')
    wide = ' class="wide"' if image.shape[1] > 2 * image.shape[0] else ''
    return (
        f'<figure{wide}><img src="data:image/jpeg;base64,{source}" alt="{escape(caption)}">'
        f'<figcaption>{escape(caption)}</figcaption></figure>'
    )


def _clip(path: Path) -> str:
    kind = _CLIP_TYPES.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f'{path}: a report shows .gif and .mp4 clips only')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such clip')
    source = f'data:{kind};base64,' + base64.b64encode(path.read_bytes()).decode('ascii')
    shown = (
        f'<img src="{source}" alt="{escape(path.name)}">'
        if kind == 'image/gif'
        else f'<video src="{source}" controls loop muted></video>'
    )
    return f'<figure>{shown}<figcaption>{escape(path.name)}</figcaption></figure>'
