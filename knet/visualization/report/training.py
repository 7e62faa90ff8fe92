"""The curves of a training, out of mmcv's log."""

import json
import re
from collections import OrderedDict
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from knet.utils.io import PathLike
from knet.visualization.report.charts import svg_chart
from knet.visualization.report.html import Html, join, tag

#: name -> (iteration, value) points
Curves = Dict[str, List[Tuple[float, float]]]

#: Names of curves in the order in which they are wanted.
_PATTERNS = (
    'loss',
    r'val/(STQ|mIoU|PQ|AP|segm_mAP|.*mAP)',
    r'(?:.*\W)?loss_track',
    r'(?:.*\W)?s\d+_loss_dice',
    r'(?:.*\W)?s\d+_loss_mask',
    r'(?:.*\W)?loss_(mask|seg|ce)',
    'lr',
    '.*',
)
_MEANINGS = (
    ('loss', 'sum of all'),
    (r'(?:.*\W)?s\d+_loss_dice', 'masks'),
    (r'(?:.*\W)?s\d+_loss_mask', 'masks'),
    (r'(?:.*\W)?s\d+_loss_cls', 'classes'),
    (r'(?:.*\W)?loss_track', 'association'),
    ('lr', 'learning rate'),
)
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


def curves_section(path: Optional[PathLike]) -> Html:
    """Return the curves of a log: those that matter first, the others folded; empty without a log."""
    curves = {} if path is None else read_log(path)
    charts = {name: svg_chart(name, points, meaning=_meaning(name)) for name, points in curves.items()}
    charts = {name: chart for name, chart in charts.items() if chart}
    if not charts:
        return Html('')
    first = _that_matter(list(charts))
    parts = [
        tag('p', 'Thin: values of the log; thick: the mean around them. Short logs have dots instead.'),
        tag('div', *(charts[name] for name in first), class_='charts'),
    ]
    rest = [svg_chart(name, curves[name], 260, 170) for name in charts if name not in first]
    if rest:
        summary = tag('summary', 'one more curve' if len(rest) == 1 else f'{len(rest)} more curves')
        parts.append(tag('details', summary, tag('div', *rest, class_='charts small')))
    return join(parts)


def _that_matter(names: List[str]) -> List[str]:
    """Return up to three names: the total loss, a score, and losses of association and masks.

    >>> _that_matter(['loss_rpn_mask', 's0_loss_dice', 's2_loss_dice', 's2_loss_dice_ref', 'loss_track', 'lr', 'loss'])
    ['loss', 'loss_track', 's2_loss_dice']
    >>> _that_matter(['decode.loss_ce', 'val/mIoU', 'loss', 'lr'])
    ['loss', 'val/mIoU', 'decode.loss_ce']
    """
    chosen: List[str] = []
    for pattern in _PATTERNS:
        # The last of several is that of the last stage.
        found = [name for name in names if re.fullmatch(pattern, name) and name not in chosen]
        chosen += found[-1:] if len(chosen) < 3 else []
    return chosen


def _meaning(name: str) -> str:
    return next((meaning for pattern, meaning in _MEANINGS if re.fullmatch(pattern, name)), '')
