"""Faults of scores that several jobs count: parts that are missing, damaged, or of other files."""

import os
import shutil
from pathlib import Path
from typing import Any, Callable

from knet.evaluation.metric import score
from knet.evaluation.parts import merge_parts, write_part
from knet.evaluation.stq import STQuality
from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader
from tests.tools.world import World, change, cut

from .row import Row


def _merge(spoil: Callable[[World, Path], Any], jobs: int = 2) -> Callable[[World], Callable[[], Any]]:
    """Return what counts two parts, spoils something, and sums the parts up."""

    def make(w: World) -> Callable[[], Any]:
        shutil.copytree(str(w.predicted), str(w.tmp / 'result'))

        def inputs() -> Any:
            return STQuality(KITTI_STEP), PredictionReader(w.tmp / 'result'), KittiStepGroundTruth(w.street)

        for number in (0, 1):
            write_part(*inputs(), w.tmp / 'out', (number, 2))
        spoil(w, w.tmp / 'out/scores')
        return lambda: (merge_parts(*inputs(), w.tmp / 'out', jobs).to_json(), score(*inputs()).to_json())

    return make


def _shift(w: World, _: Path) -> None:
    """Predict a frame again, in another way."""
    change(w.tmp / 'result/panoptic/5002/005002_000001_ins.png', lambda array: array + 1)


def _touch(w: World, _: Path) -> None:
    path = w.tmp / 'result/panoptic/5002/005002_000001_ins.png'
    os.utime(str(path), ns=(1, 1))


def _equal(_: World, scores: Any) -> None:
    assert scores[0] == scores[1]


def _score(*options: str) -> Callable[[World], Any]:
    return lambda w: ['eval_dstq_step.py', w.predicted, w.street, *options]


ROWS = [
    Row('parts in order', _merge(lambda w, folder: None), expect=_equal),
    Row(
        'a part is missing',
        _merge(lambda w, folder: (folder / 'stq.2-of-2.npz').unlink()),
        error=r'stq\.2-of-2\.npz: no such part; run the evaluator with --shard 2/2 first',
    ),
    Row(
        'parts of another number of jobs',
        _merge(lambda w, folder: None, jobs=3),
        error=r'stq\.1-of-3\.npz: no such part; run the evaluator with --shard 1/3 first',
    ),
    Row(
        'a truncated part',
        _merge(lambda w, folder: cut(folder / 'stq.1-of-2.npz')),
        error=r'stq\.1-of-2\.npz: damaged part \(.*\); run the evaluator with --shard 1/2 again',
    ),
    Row(
        'an empty part',
        _merge(lambda w, folder: (folder / 'stq.1-of-2.npz').write_bytes(b'')),
        error=r'stq\.1-of-2\.npz: damaged part',
    ),
    Row(
        'a part that holds something else',
        _merge(lambda w, folder: shutil.copy(str(w.trained / 'latest.pth'), str(folder / 'stq.1-of-2.npz'))),
        error=r'stq\.1-of-2\.npz: damaged part',
    ),
    Row(
        'a part of another job under the name of one',
        _merge(lambda w, folder: shutil.copy(str(folder / 'stq.2-of-2.npz'), str(folder / 'stq.1-of-2.npz'))),
        error=r'stq\.1-of-2\.npz: counted from files that have changed since; .* --shard 1/2 again',
    ),
    Row(
        'predictions made again after a part was counted', _merge(_shift), error='counted from files that have changed'
    ),
    Row('a prediction of another time', _merge(_touch), error='counted from files that have changed'),
    Row('a part with scores', _score('--shard', '1/2', '--json', 'out/s.json'), error='--shard counts a part'),
    Row('a part that sums up', _score('--shard', '1/2', '--merge', '2'), error='--shard counts a part'),
    Row('no such part of the jobs', _score('--shard', '0/2'), error='must be i/n with 1 <= i <= n'),
]
