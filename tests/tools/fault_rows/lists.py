"""Faults of numbers: of a video whose list has changed since it was predicted, and of a frame whose label is absent."""

import json
from pathlib import Path
from typing import Any, Callable, List

from knet.labels import VIPSEG, VSPW
from knet.layouts.base import VideoGroundTruth
from knet.layouts.files import write_video_list
from knet.layouts.vipseg import VIPSegGroundTruth
from knet.layouts.vspw import VSPWGroundTruth
from knet.results.panoptic_store import PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from tests.tools.conftest import call
from tests.tools.world import World

from .row import Row

SPEC = ToySpec(train=1, val=3, frames=2, height=48, width=96)
#: What the error of a list whose first line was removed says.
SHIFTED = 'number 0 was 5000_toystreet there and is 5001_toystreet now; 2 of 2 numbers differ.*--fresh'


def perfect(world: World, truth: VideoGroundTruth, named: bool = True) -> Path:
    """Write perfect predictions of the validation videos."""
    names = truth.video_names(truth.data_root, 'val') if named else None
    with PredictionWriter(world.tmp / 'out', {}, names=names, label_space=truth.classes) as writer:
        for video in truth.videos():
            for frame in truth.frames(video):
                writer.write(video, frame, *truth.read(video, frame))
            writer.finish_video(video, len(truth.frames(video)))
    return world.tmp / 'out'


def without_first_label(world: World) -> List[Path]:
    """Return perfect predictions of VIPSeg, and the data set without the first label map of a video."""
    inputs = vipseg(world, lambda names: names)
    (inputs[1] / 'panomasks/5000_toystreet/00000000.png').unlink()
    return inputs


def lines(root: Path, change: Callable[[List[str]], List[str]]) -> None:
    """Change the list of validation videos."""
    write_video_list(root, 'val', change((root / 'val.txt').read_text().split()))


def vipseg(world: World, change: Callable[[List[str]], List[str]], named: bool = True) -> List[Path]:
    """Return perfect predictions of VIPSeg, and the data set whose list was changed afterwards."""
    make_toy_videos(world.tmp / 'data', 'vipseg', SPEC)
    result = perfect(world, VIPSegGroundTruth(world.tmp / 'data', 'val', VIPSEG), named)
    lines(world.tmp / 'data', change)
    return [result, world.tmp / 'data']


def vspw(world: World, *options: Any, change: Callable[[List[str]], List[str]] = lambda names: names) -> List[Any]:
    """Return a call of the evaluator of VSPW on perfect predictions; the list was changed afterwards."""
    make_toy_videos(world.tmp / 'data', 'vspw', SPEC)
    result = perfect(world, VSPWGroundTruth(world.tmp / 'data', 'val', VSPW))
    lines(world.tmp / 'data', change)
    return ['eval_vspw.py', result, world.tmp / 'data', *options]


def counted(world: World) -> List[Any]:
    """Return the merging of parts that were counted before the list was changed."""
    result, data = vipseg(world, lambda names: names)
    for shard in ('1/2', '2/2'):
        code, _, err = call('eval_dstq_vipseg.py', result, data, '--shard', shard)
        assert code in (0, None), err
    lines(data, lambda names: names[::-1])
    return ['eval_dstq_vipseg.py', result, data, '--merge', '2']


def drawn(world: World, tool: str, *options: Any) -> List[Any]:
    """Return the drawing of predictions with ground truth whose list is reversed."""
    result, data = vipseg(world, lambda names: names[::-1])
    truth = ['--gt', data] if tool == 'report.py' else [data]
    where = ['--result', result] if tool == 'report.py' else [result]
    return [tool, *where, *truth, '--data-set', 'vipseg', *options]


def resumed(change: Callable[[List[str]], List[str]]) -> Callable[[World], List[Any]]:
    """Return a test in the layout of VIPSeg that is continued after its list was changed."""

    def make(world: World) -> List[Any]:
        make_toy_videos(world.tmp / 'data', 'vipseg', SPEC)
        options = ['type=VIPSegDVPSDataset', 'label_space=kitti_step', f'data_root={world.tmp / "data"}']
        command = world.step('--cfg-options', *(f'data.test.{option}' for option in options))
        code, _, err = call(*command)
        assert code in (0, None), err
        lines(world.tmp / 'data', change)
        return command

    return make


def listed(world: World) -> List[Any]:
    """Return the split, after the names in the manifest were made a list."""
    path = world.tmp / 'out/manifest.json'
    path.write_text(json.dumps(dict(json.loads(path.read_text()), names=['a', 'b', 'c'])))
    return ['--split', 'val']


def no_archive(world: World) -> None:
    """Assert that no archive was begun."""
    assert not list((world.tmp / 'out').glob('*.zip'))


def scores_file(world: World) -> List[Any]:
    """Return the option that writes the scores."""
    return ['--json', world.tmp / 'out/vpq.json']


def all_right(world: World) -> None:
    """Assert that the frames that are scored are compared with their own label maps."""
    scores = json.loads((world.tmp / 'out/vpq.json').read_text())
    assert scores['VPQ'] == 1 and scores['skipped']['extra'] == {'0': [0]}


def _scores_all(world: World, text: str) -> None:
    assert 'STQ' in text and '100.00' in text


ROWS = [
    Row('a list that was swapped before a test goes on', resumed(lambda names: names[::-1]), 'number 0 was 5000_toy'),
    Row('a list that lost its first line before a test goes on', resumed(lambda names: names[1:]), SHIFTED),
    Row('a list that lost its last line before a test goes on', resumed(lambda names: names[:-1])),
    Row(
        'STQ by a list that lost its first line',
        lambda w: ['eval_dstq_vipseg.py', *vipseg(w, lambda names: names[1:]), '--allow-missing'],
        SHIFTED,
    ),
    Row(
        'VPQ by a list that lost its first line',
        lambda w: ['eval_dvpq_vipseg.py', *vipseg(w, lambda names: names[1:])],
        SHIFTED,
    ),
    Row(
        'pictures by a list that was reversed',
        lambda w: drawn(w, 'visualize.py', '--out-dir', w.tmp / 'out/pictures'),
        'number 0 was 5000_toy',
    ),
    Row(
        'a report by a list that was reversed',
        lambda w: drawn(w, 'report.py', '--out', w.tmp / 'out/report.html'),
        'number 0 was 5000_toy',
    ),
    Row(
        'VIPSeg without its first label map',
        lambda w: ['eval_dvpq_vipseg.py', *without_first_label(w)],
        'error: .*1 frame.s. predicted without ground truth: 000000_000000',
    ),
    Row(
        'VIPSeg without its first label map, on the word of the user',
        lambda w: ['eval_dvpq_vipseg.py', *without_first_label(w), '-k', '1', '--allow-missing', *scores_file(w)],
        expect=lambda w, _: all_right(w),
    ),
    Row(
        'predictions without names',
        lambda w: ['eval_dstq_vipseg.py', *vipseg(w, lambda names: names, named=False)],
        expect=_scores_all,
    ),
    Row('parts of a list that was reversed', counted, 'number 0 was 5000_toystreet there and is 5002_toystreet now'),
    Row(
        'VSPW scored by a list that was reversed',
        lambda w: vspw(w, change=lambda names: names[::-1]),
        'number 0 was 5000_toystreet there',
    ),
    Row(
        'VSPW scored by the list of another split',
        lambda w: vspw(w, '--split', 'train'),
        'number 0 was 5000_toystreet there and is 0000_toystreet now',
    ),
    Row(
        'VSPW packed by a list that was reversed',
        lambda w: vspw(w, '--zip', w.tmp / 'out/a.zip', change=lambda names: names[::-1]),
        'number 0 was 5000_toystreet there',
        expect=lambda w, _: no_archive(w),
    ),
    Row(
        'a manifest whose names are a list',
        lambda w: ['eval_dstq_vipseg.py', *vipseg(w, lambda names: names), *listed(w)],
        r'manifest.json: "names" does not give the names of videos by their numbers',
    ),
]
