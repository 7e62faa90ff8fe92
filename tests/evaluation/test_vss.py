"""Video consistency, weighted IoU and tools/eval_vspw.py: values by hand, a slow second implementation, bad input."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.metric import score as score_stored
from knet.evaluation.semantic import MeanIoU
from knet.evaluation.video_consistency import VCScore, VideoConsistency
from knet.evaluation.vss import VideoSemantics
from knet.labels import VSPW
from knet.layouts.vspw import VIPSegSemanticGroundTruth, VSPWGroundTruth, read_mask
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.results.vspw_submission import SubmissionReader
from knet.utils.io import write_png_atomic
from tests.tools.conftest import call

#: Four frames of four pixels.
TRUTH = np.array([[1, 2, 255, 3], [1, 2, 255, 3], [1, 2, 255, 4], [1, 5, 255, 4]], np.uint8)[:, None]
FOUND = np.array([[1, 7, 0, 3], [1, 7, 0, 3], [1, 7, 1, 4], [2, 7, 1, 4]], np.uint8)[:, None]
Video = Tuple[np.ndarray, np.ndarray]


def score(*videos: Video, windows: Tuple[int, ...] = (2, 4)) -> Dict[int, VCScore]:
    metric = VideoConsistency(windows)
    for number, (truth, found) in enumerate(videos):
        for frame in zip(truth, found):
            metric.update(*frame, number)
    return metric.compute()


def test_consistency_by_hand() -> None:
    """Windows of two: all four pixels are constant and keep their class; of three, two. The script stops there."""
    scores = score((TRUTH, FOUND))
    assert scores[2].script == pytest.approx((4 / 4 + 2 / 3) / 2, abs=1e-15) and scores[2].windows == 2
    # The formula leaves out void, asks for the right class, and has a third window: pixel 0 becomes wrong in it.
    assert scores[2].paper == pytest.approx((2 / 3 + 1 / 2 + 1 / 2) / 3, abs=1e-15)
    # One window of four frames, which the script leaves out; its one labelled constant pixel isn't always right.
    assert scores[4] == VCScore(None, 0.0, 0)


def test_video_shorter_than_the_window() -> None:
    assert score((TRUTH[:3], FOUND[:3]), windows=(4,)) == {4: VCScore(None, None, 0)}
    assert score() == {n: VCScore(None, None, 0) for n in (2, 4)}


def test_no_constant_pixel() -> None:
    """Such windows don't count; those of other videos still do."""
    changing = np.arange(4, dtype=np.uint8)[:, None, None].repeat(4, axis=2)
    assert score((changing, changing)) == {n: VCScore(None, None, 0) for n in (2, 4)}
    assert score((changing, changing), (TRUTH, FOUND)) == score((TRUTH, FOUND))


def test_void_pixels() -> None:
    """The script takes void for a label, the formula for none."""
    void = np.full((3, 1, 4), 255, np.uint8)
    constant = np.zeros_like(void)
    assert score((void, constant), windows=(2,))[2] == VCScore(1.0, None, 1)
    flicker = constant.copy()
    flicker[1] = 1
    assert score((void, flicker), windows=(2,))[2] == VCScore(0.0, None, 1)


def script(truth: np.ndarray, found: np.ndarray, n: int) -> List[float]:
    """Compute the score with the arithmetic of the published script, window by window."""
    values = []
    for start in range(len(truth) - n):
        constant, kept = np.ones(truth.shape[1:], bool), np.ones(truth.shape[1:], bool)
        for step in range(1, n):
            constant &= truth[start] == truth[start + step]
            kept &= found[start] == found[start + step]
        if constant.any():
            values.append((constant & kept).sum() / constant.sum())
    return values


def formula(truth: np.ndarray, found: np.ndarray, n: int) -> List[float]:
    """Compute the score with the formula of the paper, pixel by pixel."""
    values = []
    for start in range(len(truth) - n + 1):
        labels, classes = truth[start : start + n].reshape(n, -1), found[start : start + n].reshape(n, -1)
        constant = [k for k in range(labels.shape[1]) if len(set(labels[:, k])) == 1 and labels[0, k] != 255]
        if constant:
            values.append(sum(bool((classes[:, k] == labels[:, k]).all()) for k in constant) / len(constant))
    return values


def random_video(rng: np.random.RandomState, frames: int) -> Video:
    truth = rng.choice(np.array([0, 1, 255], np.uint8), (1, 3, 4)).repeat(frames, axis=0)
    found = truth.copy()
    for array, share in ((truth, 0.1), (found, 0.2)):
        hit = rng.rand(*array.shape) < share
        array[hit] = rng.choice(np.array([0, 1, 2], np.uint8), hit.sum())
    return truth, found


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(2, 5))
def test_equals_the_slow_implementations(seed: int, lengths: List[int], n: int) -> None:
    rng = np.random.RandomState(seed)
    videos = [random_video(rng, length) for length in lengths]
    found = score(*videos, windows=(n,))[n]
    for value, reference in ((found.script, script), (found.paper, formula)):
        expected = [window for video in videos for window in reference(*video, n)]
        assert value == (pytest.approx(np.mean(expected), abs=1e-12) if expected else None)


def test_long_runs_stay_constant() -> None:
    still = np.zeros((600, 1, 2), np.uint8)
    assert score((still, still), windows=(255,))[255] == VCScore(1.0, 1.0, 345)


def test_gaps_are_not_bridged() -> None:
    metric = VideoConsistency((2,))
    for position, frame in enumerate(zip(TRUTH, FOUND)):
        if position == 2:
            metric.interrupt()
        metric.update(*frame, 0)
    # Windows (0, 1) and (2, 3); the script leaves the last one out.
    assert metric.compute()[2] == VCScore(1.0, pytest.approx((2 / 3 + 1 / 2) / 2), 1)


@pytest.mark.parametrize('windows', [(), (1,), (8, 256)])
def test_impossible_windows(windows: Tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match='2..255 frames'):
        VideoConsistency(windows)


def test_frames_that_do_not_fit() -> None:
    metric, frame = VideoConsistency(), np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match='differ in size'):
        metric.update(frame, frame.T, 0)
    metric.update(frame, frame, 0)
    with pytest.raises(ValueError, match='must have one size'):
        metric.update(frame.T, frame.T, 0)
    metric.update(frame, frame, 1)
    with pytest.raises(ValueError, match='must follow each other'):
        metric.update(frame, frame, 0)
    with pytest.raises(ValueError, match=r'videos \[0, 1\] in both'):
        metric.merge(metric)


def test_weighted_iou_by_hand() -> None:
    """Class 0: 3 pixels, 2 right, IoU 2/3. Class 1: 1 pixel, right, one more claimed, IoU 1/2. Void is left out."""
    truth = np.array([[0, 0, 0, 1, 255]], np.uint8)
    found = np.array([[0, 0, 1, 1, 5]], np.uint8)
    metric, zeros = MeanIoU(VSPW), np.zeros_like(truth)
    metric.update(truth, zeros, found, zeros)
    result = metric.compute()
    assert result.miou == pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-15)
    assert result.weighted_iou == pytest.approx(3 / 4 * 2 / 3 + 1 / 4 * 1 / 2, abs=1e-15)
    assert result.class_pixels[0] == 3 and result.class_pixels[5] == 0 and result.class_iou[5] is None
    assert MeanIoU(VSPW).compute().weighted_iou is None


# ------------------------------------------------------------------ files

NAMES = ['12_abc', '3_xyz']


def write_masks(folder: Path, classes: np.ndarray) -> None:
    """Frames 1.. of a video as masks of VSPW: class + 1; void becomes 0."""
    for number, frame in enumerate(classes, 1):
        write_png_atomic(folder / f'{number:08d}.png', np.where(frame == 255, 0, frame + 1).astype(np.uint8))


@pytest.fixture
def world(tmp_path: Path) -> Tuple[Path, Path]:
    """Two videos of twelve frames, and predictions of them in both layouts."""
    rng, root = np.random.RandomState(1), tmp_path / 'vspw'
    with PredictionWriter(tmp_path / 'out', meta={}) as writer:
        for number, name in enumerate(NAMES):
            truth, found = random_video(rng, 12)
            found[found == 255] = 3
            write_masks(root / 'data' / name / 'mask', truth)
            for frame, classes in enumerate(found, 1):
                writer.write(number, frame, classes, np.zeros_like(classes))
                (root / 'data' / name / 'origin').mkdir(exist_ok=True)
                (root / 'data' / name / 'origin' / f'{frame:08d}.jpg').write_bytes(b'')
            writer.finish_video(number, 12)
    (root / 'val.txt').write_text('\n'.join(NAMES) + '\n')
    return tmp_path / 'out', root


def test_stored_predictions(world: Tuple[Path, Path], tmp_path: Path) -> None:
    """Streaming over files, by one process or two, equals the slow implementations on whole videos."""
    predictions, truth = PredictionReader(world[0]), VSPWGroundTruth(world[1])
    result = score_stored(VideoSemantics(VSPW), predictions, truth)
    videos = [
        tuple(
            np.stack([source.read(video, frame)[0] for frame in truth.frames(video)]) for source in (truth, predictions)
        )
        for video in truth.videos()
    ]
    assert result.consistency[8].script == pytest.approx(np.mean([v for pair in videos for v in script(*pair, 8)]))
    assert result.consistency[8].paper == pytest.approx(np.mean([v for pair in videos for v in formula(*pair, 8)]))
    assert result.consistency[16] == VCScore(None, None, 0)
    assert result.videos[1][8].script == pytest.approx(np.mean(script(*videos[1], 8)))
    valid = [np.stack([pair[i] for pair in videos]) for i in (0, 1)]
    iou = [
        ((valid[0] == c) & (valid[1] == c)).sum() / (((valid[0] == c) | (valid[1] == c)) & (valid[0] != 255)).sum()
        for c in (0, 1, 2, 3)
    ]
    assert result.semantic.miou == pytest.approx(np.mean(iou))
    assert score_stored(VideoSemantics(VSPW), predictions, truth, nproc=2) == result


def test_command_line(world: Tuple[Path, Path], tmp_path: Path) -> None:
    code, text, error = call('eval_vspw.py', *world, '--json', tmp_path / 'scores.json')
    assert (code, error) == (0, '') and 'VSPW script' in text and "paper's formula" in text and '0 wall' in text
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert list(scores)[:6] == ['mIoU', 'wIoU', 'VC8', 'VC16', 'VC8_paper', 'VC16_paper'] and scores['VC16'] is None
    assert scores['per_class']['123']['name'] == 'train'


def test_archive_for_the_server(world: Tuple[Path, Path], tmp_path: Path) -> None:
    """It needs no masks, holds the names of the frames, and scores like the predictions it was made of."""
    shutil.copytree(world[1], tmp_path / 'test')
    for name in NAMES:
        shutil.rmtree(tmp_path / 'test' / 'data' / name / 'mask')
    code, text, error = call('eval_vspw.py', world[0], tmp_path / 'test', '--zip', tmp_path / 'result_submission.zip')
    assert code == 0 and '24 frames' in text, error
    with zipfile.ZipFile(tmp_path / 'result_submission.zip') as archive:
        assert archive.namelist()[0] == 'result_submission/12_abc/00000001.png' and len(archive.namelist()) == 24
        archive.extractall(tmp_path / 'unpacked')
    stored = score_stored(VideoSemantics(VSPW), PredictionReader(world[0]), VSPWGroundTruth(world[1]))
    submitted = SubmissionReader(tmp_path / 'unpacked' / 'result_submission', NAMES)
    assert score_stored(VideoSemantics(VSPW), submitted, VSPWGroundTruth(world[1])) == stored
    assert call('eval_vspw.py', tmp_path / 'unpacked', world[1])[1] == call('eval_vspw.py', *world)[1]


def test_missing_frames_on_the_users_word(world: Tuple[Path, Path]) -> None:
    for kind in ('cat', 'ins'):
        (world[0] / 'panoptic' / '1' / f'000001_000005_{kind}.png').unlink()
    code, _, error = call('eval_vspw.py', *world)
    assert code == 1 and '000001_000005' in error and '--allow-missing' in error
    code, text, _ = call('eval_vspw.py', *world, '--allow-missing')
    assert code == 0 and 'NOT the whole data set' in text


def test_two_kinds_of_void_are_two_labels_of_the_script(world: Tuple[Path, Path]) -> None:
    """VSPW writes 0 and 255; both are void, but a pixel that changes from one to the other isn't constant."""
    truth = VSPWGroundTruth(world[1])
    before = score_stored(VideoSemantics(VSPW), PredictionReader(world[0]), truth)
    for video in truth.videos():
        path = truth.path(video, 3)
        mask = read_mask(path)
        write_png_atomic(path, np.where(mask == 0, 255, mask).astype(np.uint8))
    after = score_stored(VideoSemantics(VSPW), PredictionReader(world[0]), truth)
    assert after.semantic == before.semantic and after.consistency[8].paper == before.consistency[8].paper
    assert after.consistency[8].script != before.consistency[8].script


def test_masks_with_a_palette(tmp_path: Path) -> None:
    from PIL import Image

    picture = Image.fromarray(np.array([[0, 124], [255, 3]], np.uint8), mode='P')
    picture.putpalette(list(range(256)) * 3)
    picture.save(str(tmp_path / 'mask.png'))
    assert read_mask(tmp_path / 'mask.png').tolist() == [[0, 124], [255, 3]]


def test_vipseg_without_instances(tmp_path: Path) -> None:
    """Stuff is class + 1, a thing 100 * (class + 1) + instance; the classes are counted as in VSPW."""
    (tmp_path / 'val.txt').write_text('v\n')
    path = tmp_path / 'panomasks/v/00000001.png'
    write_png_atomic(path, np.array([[0, 1, 67, 200], [6101, 6102, 12417, 300]], np.uint16))
    semantic, _ = VIPSegSemanticGroundTruth(tmp_path).read(0, 1)
    assert semantic.tolist() == [[255, 0, 66, 255], [60, 60, 123, 2]]
    for value in (61, 125, 299, 12500):
        write_png_atomic(path, np.full((2, 2), value, np.uint16))
        with pytest.raises(ValueError, match=str(value)):
            VIPSegSemanticGroundTruth(tmp_path).read(0, 1)


def set_mask(root: Path, array: np.ndarray) -> None:
    write_png_atomic(root / 'data' / NAMES[0] / 'mask' / '00000002.png', array)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    'spoil, message',
    [
        (lambda out, root: remove(root / 'val.txt'), 'val.txt: no such file'),
        (lambda out, root: (root / 'val.txt').write_text('\n'), 'names no video'),
        (lambda out, root: (root / 'val.txt').write_text('12_abc\n12_abc\n'), '12_abc is named 2 times'),
        (lambda out, root: (root / 'val.txt').write_text('12_abc\nlost\n'), 'lost/mask: no such folder'),
        (lambda out, root: [remove(p) for p in (root / 'data/3_xyz/mask').iterdir()], '3_xyz/mask: holds no mask'),
        (
            lambda out, root: write_png_atomic(root / 'data/3_xyz/mask/a1.png', np.zeros((3, 4), np.uint8)),
            'a1.png: the name is no frame number',
        ),
        (
            lambda out, root: write_png_atomic(root / 'data/3_xyz/mask/1.png', np.zeros((3, 4), np.uint8)),
            'frame 1 exists twice',
        ),
        (lambda out, root: set_mask(root, np.full((3, 4), 130, np.uint8)), '00000002.png: value 130 is no class'),
        (lambda out, root: set_mask(root, np.zeros((3, 4, 3), np.uint8)), 'expected an 8-bit gray or palette mask'),
        (lambda out, root: set_mask(root, np.zeros((3, 4), np.uint16)), 'expected an 8-bit gray or palette mask'),
        (lambda out, root: set_mask(root, np.zeros((3, 5), np.uint8)), '00000002.png is 5x3 pixels'),
        (
            lambda out, root: (root / 'data/12_abc/mask/00000002.png').write_bytes(b'\x89PNG\r\n\x1a\n'),
            'truncated or damaged',
        ),
        (lambda out, root: remove(out / 'panoptic'), 'holds neither panoptic/'),
        (lambda out, root: remove(out / 'panoptic/1'), '1 video(s) without predictions: 1'),
        (
            lambda out, root: write_png_atomic(
                out / 'panoptic/0/000000_000001_cat.png', np.full((3, 4), 124, np.uint16)
            ),
            'class 124 is not in label space',
        ),
    ],
)
def test_bad_input(world: Tuple[Path, Path], tmp_path: Path, spoil: Callable[[Path, Path], Any], message: str) -> None:
    spoil(*world)
    code, text, error = call('eval_vspw.py', *world, '--json', tmp_path / 'scores.json')
    assert code == 1 and message in error and error.count('error:') == 1, error
    assert text == '' and not (tmp_path / 'scores.json').exists()


@pytest.mark.parametrize(
    'spoil, options, message',
    [
        (lambda out, root: None, ['--zip', 'result.tar'], 'must be called .zip'),
        (lambda out, root: None, ['--zip', 'r.zip', '--json', 'x.json'], 'scores nothing'),
        (
            lambda out, root: cv2.imwrite(str(root / 'data/3_xyz/origin/00000099.png'), np.zeros((3, 4))),
            ['--zip', 'r.zip'],
            'frame 99 of video 3_xyz',
        ),
        (lambda out, root: remove(root / 'data/3_xyz/origin'), ['--zip', 'r.zip'], '3_xyz/origin: no such folder'),
        (
            lambda out, root: write_png_atomic(
                out / 'panoptic/0/000000_000001_cat.png', np.full((3, 4), 124, np.uint16)
            ),
            ['--zip', 'r.zip'],
            'class 124 is none of VSPW',
        ),
    ],
)
def test_archives_that_cannot_be_made(
    world: Tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, Path], Any],
    options: List[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    spoil(*world)
    code, _, error = call('eval_vspw.py', *world, *options)
    assert code == 1 and message in error
    assert not list(tmp_path.glob('*.zip')) and not list(tmp_path.glob('.*.zip'))
