"""The numbers of a report: headline scores with their meaning, runs beside each other, classes, videos, facts."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from knet.evaluation.tables import headline_of, window_scores
from knet.labels import ClassInfo, LabelSpace
from knet.visualization.association import VideoTracks
from knet.visualization.report.html import Content, Html, html, join, tag

Scores = Mapping[str, Any]

#: Cell of an undefined score, an en dash.
UNDEFINED = '\N{EN DASH}'
#: What the headline scores measure.
MEANINGS = {
    'STQ': 'Segmentation and tracking quality: the geometric mean of AQ and SQ, over whole videos.',
    'AQ': 'Association quality: how far one and the same track covers an object, from its first frame to its last.',
    'SQ': 'Segmentation quality: the mean IoU of the classes over all pixels, whatever the identities.',
    'VPQ': 'Video panoptic quality: how many segments keep the right class and identity over k frames in a row, and '
    'how well their masks fit; the mean over k.',
    'DSTQ': 'STQ with depth: the geometric mean of AQ, SQ and DQ.',
    'DQ': 'Depth quality: the share of pixels whose depth is right within a tolerance.',
}
#: Rows of a table that are shown at once; the rest is folded.
SHOWN_ROWS = 20


@dataclass(frozen=True)
class Run:
    """The scores of one run.

    Attributes:
        name: Name of the run.
        stq: JSON document of the STQ evaluator.
        vpq: JSON document of the VPQ evaluator.
        tracks: Tracks of its videos.
    """

    name: str
    stq: Optional[Scores] = None
    vpq: Optional[Scores] = None
    tracks: Sequence[VideoTracks] = ()

    def protocol(self) -> str:
        """Return the protocols of the scores."""
        documents = [document for document in (self.stq, self.vpq) if document is not None]
        return ', '.join(sorted({str(document['protocol']) for document in documents}))

    def scores(self) -> Dict[str, Optional[float]]:
        """Return the headline scores, then VPQ by window length."""
        scores = {} if self.stq is None else headline_of(self.stq)
        if self.vpq is not None:
            windows = {f'k={k}': value for k, value in window_scores(self.vpq).items()}
            scores = {**scores, **headline_of(self.vpq), **windows}
        return scores

    def partial(self) -> bool:
        """Return whether frames were left out of the scores."""
        return any(document is not None and document.get('skipped') for document in (self.stq, self.vpq))


def percent(value: Optional[float]) -> str:
    """Return a fraction as percent with one decimal."""
    return UNDEFINED if value is None else f'{100 * value:.1f}'


def table(header: Sequence[Tuple[str, bool]], rows: Sequence[Sequence[Content]]) -> Html:
    """Return an HTML table.

    Args:
        header: Name of every column and whether it holds text.
        rows: Cells of every row; a cell that is a ``<td>`` already is taken as it is.
    """
    css = ['text' if text else None for _, text in header]

    def row(cells: Sequence[Content]) -> Html:
        return tag(
            'tr', *(cell if html(cell).startswith('<td') else tag('td', cell, class_=c) for cell, c in zip(cells, css))
        )

    def whole(part: Sequence[Sequence[Content]]) -> Html:
        head = tag('thead', tag('tr', *(tag('th', name, class_=c, scope='col') for (name, _), c in zip(header, css))))
        return tag('div', tag('table', head, tag('tbody', *map(row, part))), class_='scroll')

    if not rows:
        return Html('')
    if len(rows) <= SHOWN_ROWS:
        return whole(rows)
    rest = tag('details', tag('summary', f'{len(rows) - SHOWN_ROWS} more'), whole(rows[SHOWN_ROWS:]))
    return join([whole(rows[:SHOWN_ROWS]), rest])


def tiles(run: Run) -> Html:
    """Return the headline scores with a sentence of explanation each."""
    scores = run.scores()
    if not scores:
        return Html('')
    shown = [
        tag(
            'div', tag('b', percent(value)), tag('span', name, class_='name'), _small(MEANINGS.get(name)), class_='tile'
        )
        for name, value in scores.items()
        if '=' not in name
    ]
    windows = [(f'VPQ {name}', value) for name, value in scores.items() if '=' in name]
    parts = [tag('p', f'Scores in percent, higher is better; protocol {run.protocol()}.')]
    if run.partial():
        parts.append(tag('p', 'Not the whole data set: frames were missing and left out.', class_='warning'))
    parts.append(tag('div', *shown, class_='tiles'))
    if windows:
        cells = [percent(value) for _, value in windows]
        parts.append(tag('h3', 'VPQ by window length: longer windows ask for longer memory'))
        parts.append(table([(name, False) for name, _ in windows], [cells]))
    return join(parts)


def _small(text: Optional[str]) -> Html:
    return tag('small', text) if text else Html('')


def comparison(runs: Sequence[Run]) -> Html:
    """Return the scores of several runs, a column for each; empty for a single one."""
    if len(runs) < 2:
        return Html('')
    scores = [run.scores() for run in runs]
    rows: List[Sequence[Content]] = []
    for name in dict.fromkeys(name for of_run in scores for name in of_run):
        values = [of_run.get(name) for of_run in scores]
        best = max((value for value in values if value is not None), default=None)
        rows.append([f'VPQ {name}' if '=' in name else name, *(_bar(value, best) for value in values)])
    if all(run.tracks for run in runs):
        rows.append(['id switches', *(str(sum(video.switches for video in run.tracks)) for run in runs)])
        rows.append(['missed %', *(_missed(run.tracks) for run in runs)])
    note = 'Scores in percent; bold is the best of a line, the bars reach from 0 to 100.'
    parts = [tag('p', note), table([('', True), *((run.name, False) for run in runs)], rows)]
    if len({run.protocol() for run in runs}) > 1:
        protocols = '; '.join(f'{run.name}: {run.protocol()}' for run in runs)
        told = f'The runs were scored by different protocols, so their numbers do not compare ({protocols}).'
        parts.insert(1, tag('p', told, class_='warning'))
    return tag('div', *parts, class_='together')


def _bar(value: Optional[float], best: Optional[float]) -> Html:
    bar = Html('')
    if value is not None:
        bar = tag('span', tag('span', class_='bar', style=f'width:{100 * value:.1f}%'), class_='track')
    return tag('td', percent(value), bar, class_='best' if value is not None and value == best else None)


def _missed(tracks: Sequence[VideoTracks]) -> str:
    visible = sum(video.visible for video in tracks)
    return f'{100 * sum(video.missed for video in tracks) / visible:.1f}' if visible else UNDEFINED


def class_table(run: Run, space: Optional[LabelSpace]) -> Html:
    """Return IoU and VPQ per class, with one column per window length."""
    stq, vpq = run.stq, run.vpq
    names: Dict[str, str] = {str(i): str(info['name']) for i, info in stq['per_class'].items()} if stq else {}
    windows = dict(vpq['k']) if vpq else {}
    known = {str(info.dataset_id): info for info in space.classes} if space else {}
    for result in windows.values():
        for class_id in result['per_class']:
            names.setdefault(str(class_id), known[class_id].name if class_id in known else str(class_id))
    header = [('class', True)] + [('IoU', False)] * bool(stq) + [(f'VPQ k={k}', False) for k in windows]
    rows = []
    for class_id in sorted(names, key=lambda name: (int(name) if name.isdecimal() else len(known), name)):
        cells = [stq['per_class'].get(class_id, {}).get('iou')] if stq else []
        cells += [result['per_class'].get(class_id, {}).get('pq') for result in windows.values()]
        if any(cell is not None for cell in cells):
            rows.append([_class_name(names[class_id], known.get(class_id)), *map(percent, cells)])
    return table(header, rows)


def _class_name(name: str, info: Optional[ClassInfo]) -> Html:
    if info is None:
        return tag('span', name)
    swatch = tag('span', class_='swatch', style='background:rgb({},{},{})'.format(*info.colour))
    kind = tag('small', 'thing' if info.is_thing else 'stuff')
    return join([tag('span', swatch, tag('span', name), class_='class'), ' ', kind])


def video_table(run: Run) -> Html:
    """Return the scores per video, and what became of its objects."""
    if run.stq is None:
        return Html('')
    tracks = {str(video.video): video for video in run.tracks}
    header = [('video', True), ('STQ', False), ('AQ', False), ('SQ', False)]
    header += [('id switches', False), ('missed %', False)] * bool(tracks)
    rows = []
    for name, scores in run.stq['per_video'].items():
        title = join([tag('span', str(name)), ' ', tag('small', f'{scores["frames"]} frames')])
        cells: List[Content] = [title, *(percent(scores[score]) for score in ('STQ', 'AQ', 'SQ'))]
        if tracks:
            video = tracks.get(str(name))
            cells += [str(video.switches), _missed([video])] if video else [UNDEFINED] * 2
        rows.append(cells)
    return table(header, rows)


def facts_list(facts: Mapping[str, Any]) -> Html:
    """Return what was run with what."""
    return tag('dl', *(join([tag('dt', str(k)), tag('dd', str(v))]) for k, v in facts.items())) if facts else Html('')
