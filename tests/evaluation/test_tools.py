"""The evaluator command lines, end to end, and what they say about bad input."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knet.evaluation.metric import score
from knet.evaluation.stq import STQuality
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.io import write_png_atomic
from tests.evaluation.reference import golden_frame, random_video, reference_stq, write_world

pytestmark = pytest.mark.slow

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def run(tool, *args, cwd):
    """Run a tool; returns exit code, standard output and standard error."""
    done = subprocess.run(
        [sys.executable, str(TOOLS / tool), *map(str, args)], cwd=str(cwd), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def world(tmp_path):
    """Two videos; the first starts at frame 7 and has a gap."""
    return write_world(
        tmp_path,
        {2: {7: golden_frame(0), 8: golden_frame(1), 11: golden_frame(2)}, 6: {t: golden_frame(t) for t in range(4)}},
    )


@pytest.fixture(scope='module')
def golden_world(tmp_path_factory):
    """One video whose scores are published."""
    return write_world(tmp_path_factory.mktemp('golden'), {2: {t: golden_frame(t) for t in range(4)}})


def test_stq_prints_and_writes(golden_world, tmp_path):
    result, truth = golden_world
    code, out, err = run(
        'eval_dstq_step.py', result, truth, '--protocol', 'paper-repo', '--json', 'new/stq.json', cwd=tmp_path
    )
    assert (code, err) == (0, '')
    assert 'protocol paper-repo' in out and '53.63' in out and '13 car' in out
    document = json.loads((tmp_path / 'new' / 'stq.json').read_text())
    assert [document[k] for k in ('STQ', 'AQ', 'SQ')] == pytest.approx(
        [0.5363202804, 0.4756079937, 0.6047826087], abs=1e-10
    )
    assert document['per_video']['2']['frames'] == 4


def test_vpq_prints_and_writes(golden_world, tmp_path):
    result, truth = golden_world
    code, out, err = run(
        'eval_dvpq_step.py', result, '--gt-path', truth, '-k', 1, 2, '--json', 'vpq.json', cwd=tmp_path
    )
    assert (code, err) == (0, '')
    assert 'protocol official' in out and '58.09' in out and 'k=2' in out
    document = json.loads((tmp_path / 'vpq.json').read_text())
    assert document['VPQ'] == pytest.approx((document['k']['1']['VPQ'] + document['k']['2']['VPQ']) / 2, abs=1e-15)
    assert document['k']['2']['per_class']['11'] == dict(
        pq=pytest.approx(2 / 7), sq=pytest.approx(5 / 7), rq=pytest.approx(2 / 5), tp=2, fp=2, fn=4
    )


def test_vpq_old_arguments_and_default_ground_truth(golden_world, tmp_path):
    result, truth = golden_world
    (tmp_path / 'data').mkdir()
    shutil.copytree(str(truth), str(tmp_path / 'data' / 'kitti-step'))
    code, out, _ = run('eval_dvpq_step.py', result, '--eval_frames', 4, '--protocol', 'paper-repo', cwd=tmp_path)
    assert code == 0
    assert '12.76 34.78 10.17' in ' '.join(out.split())


def test_tools_do_not_load_torch(golden_world, tmp_path):
    # A torch that cannot be imported stands first on the path.
    (tmp_path / 'torch.py').write_text('raise RuntimeError("torch was imported")')
    script = (
        f'import sys, runpy; sys.path[:0] = [{str(tmp_path)!r}, {str(TOOLS)!r}]; '
        f'sys.argv[1:] = {[str(path) for path in golden_world]!r}; '
        f'runpy.run_path({str(TOOLS / "eval_dstq_step.py")!r}, run_name="__main__")'
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    'args, message',
    [
        (('--nproc', '0'), 'whole number >= 1'),
        (('--protocol', 'mine'), 'invalid choice'),
        (('--split', 'test'), 'video_sequence/test: no such folder'),
        (('--gt-path', 'elsewhere'), 'given twice'),
        (('--json', 'file/x.json'), 'file'),
    ],
)
def test_bad_arguments_end_with_one_error(golden_world, tmp_path, args, message):
    (tmp_path / 'file').write_text('a file where a folder should be')
    result, truth = golden_world
    code, _, err = run('eval_dstq_step.py', result, truth, *args, cwd=tmp_path)
    assert code != 0 and message in err and 'Traceback' not in err


def evaluate(world, metric=STQuality, nproc=1, allow_missing=False, **options):
    result, truth = world
    return score(
        metric(KITTI_STEP, **options), PredictionReader(result), KittiStepGroundTruth(truth), nproc, allow_missing
    )


def test_frames_are_paired_by_number(world):
    # Predictions of the gap's wrong side must not slide into place.
    (world[0] / 'panoptic/2/000002_000008_cat.png').rename(world[0] / 'panoptic/2/000002_000009_cat.png')
    (world[0] / 'panoptic/2/000002_000008_ins.png').rename(world[0] / 'panoptic/2/000002_000009_ins.png')
    with pytest.raises(ValueError, match=r'1 frame\(s\) without a prediction: 000002_000008') as error:
        evaluate(world)
    assert '1 frame(s) predicted without ground truth: 000002_000009' in str(error.value)


def test_missing_video_is_an_error_or_said(world):
    shutil.rmtree(str(world[0] / 'panoptic' / '6'))
    for metric in (STQuality, VideoPanopticQuality):
        with pytest.raises(ValueError, match=r'1 video\(s\) without predictions: 6(.|\n)*--allow-missing'):
            evaluate(world, metric)
        result = evaluate(world, metric, allow_missing=True)
        assert result.to_json()['skipped'] == dict(videos=[6], frames={}, extra={})
        assert 'NOT the whole data set' in result.table()


def test_missing_frames_are_left_out_of_windows(world):
    for kind in ('cat', 'ins'):
        (world[0] / f'panoptic/6/000006_000001_{kind}.png').unlink()
    result = evaluate(world, VideoPanopticQuality, allow_missing=True)
    assert [w.windows for w in result.windows.values()] == [3 + 3, 2 + 1, 1, 0]
    assert result.to_json()['skipped'] == dict(videos=[], frames={'6': [1]}, extra={})
    assert evaluate(world, allow_missing=True).videos[6].frames == 3


def test_extra_video_is_an_error_or_said(world):
    shutil.copytree(str(world[1] / 'video_sequence'), str(world[1] / 'other' / 'video_sequence'))
    for path in (world[1] / 'other').rglob('000006_*'):
        path.unlink()
    subset = (world[0], world[1] / 'other')
    with pytest.raises(ValueError, match=r'4 frame\(s\) predicted without ground truth: 000006_000000'):
        evaluate(subset)
    result = evaluate(subset, allow_missing=True)
    assert list(result.videos) == [2] and result.to_json()['skipped']['extra'] == {'6': [0, 1, 2, 3]}


def test_nothing_in_common_is_an_error(world):
    (world[0] / 'panoptic' / '2').rename(world[0] / 'panoptic' / 'x')
    (world[0] / 'panoptic' / '6').rename(world[0] / 'panoptic' / '2')
    for path in (world[0] / 'panoptic' / '2').iterdir():
        path.rename(path.with_name(path.name.replace('000006_00000', '000002_00010')))
    with pytest.raises(ValueError, match='no video'):
        evaluate(world, allow_missing=True)


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda p, g: _truncate(p), '000006_000002_cat.png: truncated'),
        (lambda p, g: _truncate(g), '000006_000002_panoptic.png: truncated'),
        (lambda p, g: p.write_text('no image'), '000006_000002_cat.png: not a PNG'),
        (
            lambda p, g: write_png_atomic(p, np.full((8, 12), 77, np.uint16)),
            '000006_000002_cat.png: class 77 is not in',
        ),
        (lambda p, g: write_png_atomic(p, np.full((8, 12), 777, np.uint16)), '000006_000002_cat.png: class 777'),
        (lambda p, g: write_png_atomic(g, np.full((8, 12, 3), 77, np.uint8)), '000006_000002_panoptic.png: class 77'),
        (lambda p, g: write_png_atomic(g, np.zeros((4, 12, 3), np.uint8)), 'panoptic.png is 12x4 .*_cat.png is 12x8'),
        (lambda p, g: write_png_atomic(p, np.zeros((8, 12, 3), np.uint8)), '000006_000002_cat.png: expected a gray'),
    ],
)
@pytest.mark.parametrize('metric', [STQuality, VideoPanopticQuality])
def test_bad_files_are_named(world, spoil, message, metric):
    spoil(world[0] / 'panoptic/6/000006_000002_cat.png', world[1] / 'video_sequence/val/000006_000002_panoptic.png')
    with pytest.raises(ValueError, match=message):
        evaluate(world, metric)


def test_unknown_protocol_is_refused(world):
    for metric in (STQuality, VideoPanopticQuality):
        with pytest.raises(ValueError, match="unknown protocol 'mine'; known: official, paper-repo"):
            evaluate(world, metric, protocol='mine')


def test_files_and_arrays_agree_and_so_do_processes(tmp_path):
    videos = {v: dict(enumerate(random_video(v + 40, frames=3 + v))) for v in range(3)}
    world = write_world(tmp_path, videos)
    stq, vpq = evaluate(world), evaluate(world, VideoPanopticQuality)
    expected = reference_stq({v: list(frames.values()) for v, frames in videos.items()}, (11, 13), drop_void=False)
    assert [stq.stq, stq.aq, stq.sq] == pytest.approx(expected, abs=1e-12)
    assert evaluate(world, nproc=2) == stq
    assert evaluate(world, VideoPanopticQuality, nproc=2) == vpq


def test_errors_come_back_from_processes(world):
    _truncate(world[0] / 'panoptic/6/000006_000002_cat.png')
    with pytest.raises(ValueError, match='000006_000002_cat.png: truncated'):
        evaluate(world, nproc=2)
