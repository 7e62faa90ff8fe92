"""Faults of scores that several jobs count: parts that are missing, damaged, or of other files."""

import os
import shutil
from pathlib import Path
from typing import Any, Callable, List

import numpy as np

from knet.evaluation.metric import score
from knet.evaluation.parts import merge_parts, write_part
from knet.evaluation.stq import STQuality
from knet.labels import KITTI_STEP
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import write_png_atomic
from tests.tools.conftest import call
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


def _with_depth(w: World) -> List[Any]:
    """Return the merging of depth-aware parts; the true depth was changed after they were counted."""
    shutil.copytree(str(w.predicted), str(w.tmp / 'out'))
    data = w.data('val', lambda folder: None)
    for path in (data / 'video_sequence/val').glob('*_panoptic.png'):
        depth = np.full((64, 160), 2560, np.uint16)
        write_png_atomic(path.with_name(path.name.replace('panoptic', 'depth')), depth)
        video, frame = path.name.split('_')[:2]
        write_png_atomic(w.tmp / f'out/depth/{int(video)}/{video}_{frame}.png', depth)
    return _counted(
        ['eval_dstq_step.py', w.tmp / 'out', data, '--depth'],
        lambda: change(data / 'video_sequence/val/005002_000001_depth.png', lambda depth: depth // 2),
    )


def _with_json(w: World) -> List[Any]:
    """Return the merging of parts of Cityscapes-VPS; its json file was changed after they were counted."""
    data = w.tmp / 'data'
    make_toy_videos(data, 'cityscapes-vps', ToySpec(train=0, val=2, frames=5, height=48, width=96))
    truth = CityscapesVPSGroundTruth(data)
    with PredictionWriter(w.tmp / 'out', {}, label_space=truth.classes) as writer:
        for video in truth.videos():
            writer.write(video, 4, *truth.read(video, 4))
    path = data / 'panoptic_gt_val_city_vps.json'
    return _counted(
        ['eval_dstq_step.py', w.tmp / 'out', data, '--data-set', 'cityscapes-vps'],
        lambda: path.write_text(path.read_text().replace('"category_id": 0,', '"category_id": 1,')),
    )


def _counted(command: List[Any], spoil: Callable[[], Any]) -> List[Any]:
    """Count two parts, spoil something, and return what merges them."""
    for shard in ('1/2', '2/2'):
        code, _, err = call(*command, '--shard', shard)
        assert code in (0, None), err
    spoil()
    return [*command, '--merge', '2']


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
    Row('true depth that was changed after a part was counted', _with_depth, 'counted from files that have changed'),
    Row('a json file that was changed after a part was counted', _with_json, 'counted from files that have changed'),
    Row('a part with scores', _score('--shard', '1/2', '--json', 'out/s.json'), error='--shard counts a part'),
    Row('a part that sums up', _score('--shard', '1/2', '--merge', '2'), error='--shard counts a part'),
    Row('no such part of the jobs', _score('--shard', '0/2'), error='must be i/n with 1 <= i <= n'),
]
