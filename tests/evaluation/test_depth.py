"""DSTQ and depth-aware VPQ against published numbers and by hand."""

from pathlib import Path
from typing import Any, Optional, Tuple

import numpy as np
import pytest

from knet.evaluation.dstq import DepthAwareSTQ, DepthQuality
from knet.evaluation.metric import score
from knet.evaluation.pq import PanopticScores
from knet.evaluation.stq import STQuality
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import KITTI_STEP, LabelSpace
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.semantic_kitti import SemanticKittiGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.io import write_png_atomic
from tests.evaluation.reference import golden_frame, write_world

#: Sequence B: persons and cars are things; void pixels are left out.
GOLDEN = dict(DQ=0.4814344042, DSTQ=0.5151147770)
GOLDEN_AT = {1.25: (0.6808510638, 0.5781967877), 1.1: (0.3404255319, 0.4589150945)}


def golden_depth(t: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return the true and predicted depth of frame ``t``; the truth of void pixels is unknown."""
    truth = np.repeat(10.0 + np.arange(8), 12).reshape(8, 12)
    predicted = truth * np.array([1.05, 1.2, 1.5])[np.arange(12) % 3]
    return np.where(golden_frame(t)[0] == 255, 0, truth), predicted


def golden_stq() -> STQuality:
    # Another name, so that the protocol keeps the two things.
    metric = STQuality(LabelSpace('two_things', KITTI_STEP.classes), 'paper-repo')
    for t in range(4):
        gt_sem, gt_ins, pred_sem, pred_ins = golden_frame(t)
        keep = gt_sem != 255
        metric.update(*(plane[keep][None] for plane in (gt_sem, gt_ins, pred_sem, pred_ins)), video_id=0)
    return metric


def test_golden_depth() -> None:
    metric, other = DepthQuality((1.25, 1.1)), DepthQuality((1.25, 1.1))
    for t in range(4):
        (metric if t < 2 else other).update(*golden_depth(t), video_id=0)
    metric.merge(other)
    result = metric.compute(golden_stq().compute())
    assert result.stq.stq == pytest.approx(0.5328285064, abs=1e-9)
    for scores in (result.total, result.videos[0]):
        assert scores.dq == pytest.approx(GOLDEN['DQ'], abs=1e-9)
        assert scores.dstq == pytest.approx(GOLDEN['DSTQ'], abs=1e-9)
        for threshold, (dq, dstq) in GOLDEN_AT.items():
            assert scores.dq_at[threshold] == pytest.approx(dq, abs=1e-9)
            assert scores.dstq_at[threshold] == pytest.approx(dstq, abs=1e-9)
    document = result.to_json()
    assert document['DSTQ@1.25'] == result.total.dstq_at[1.25] and document['per_video']['0']['DQ'] == result.total.dq
    assert '51.51' in result.table() and 'DQ@1.1' in result.table()


def test_missing_depth_is_wrong_and_unknown_depth_does_not_count() -> None:
    metric = DepthQuality()
    metric.update(np.array([[4.0, 4.0, 0.0, 4.0]]), np.array([[5.0, 0.0, 7.0, 5.1]]), 3)
    scores = metric.compute(golden_stq().compute()).total
    assert scores.pixels == 3 and scores.dq == pytest.approx(1 / 3)
    assert DepthQuality().compute(golden_stq().compute()).total.dq == 0


@pytest.mark.parametrize('thresholds', [(), (1.0,), (0.25, 2)])
def test_impossible_thresholds(thresholds: tuple) -> None:
    with pytest.raises(ValueError, match='ratios above 1'):
        DepthQuality(thresholds)


@pytest.fixture
def world(tmp_path: Path) -> Tuple[Path, Path]:
    """Store the golden sequence with depth; predicted depth is half as large."""
    result, truth = write_world(tmp_path, {2: {t: golden_frame(t) for t in range(4)}})
    for t in range(4):
        depth, predicted = golden_depth(t)
        write_png_atomic(truth / f'video_sequence/val/000002_{t:06d}_depth.png', (depth * 256).astype(np.uint16))
        write_png_atomic(result / f'depth/2/000002_{t:06d}.png', np.rint(predicted[::2, ::1] * 256).astype(np.uint16))
    return result, truth


@pytest.mark.parametrize('nproc', [1, 2])
def test_stored_depth_is_scored_at_the_size_of_the_truth(world: Tuple[Path, Path], nproc: int) -> None:
    result = score(DepthAwareSTQ(KITTI_STEP), PredictionReader(world[0]), KittiStepGroundTruth(world[1]), nproc)
    expected = DepthQuality()
    for t in range(4):
        truth, predicted = golden_depth(t)
        expected.update(truth, predicted[::2].repeat(2, axis=0), 2)
    assert result.total.dq == expected.compute(golden_stq().compute()).total.dq
    assert result.total.pixels == 376


def test_paper_repo_leaves_void_out(world: Tuple[Path, Path]) -> None:
    for t in range(4):
        write_png_atomic(world[1] / f'video_sequence/val/000002_{t:06d}_depth.png', np.full((8, 12), 2560, np.uint16))
    readers = PredictionReader(world[0]), KittiStepGroundTruth(world[1])
    assert score(DepthAwareSTQ(KITTI_STEP), *readers).total.pixels == 384
    assert score(DepthAwareSTQ(KITTI_STEP, 'paper-repo'), *readers).total.pixels == 376


def vpq(depth_thres: Optional[float], *readers: Any) -> PanopticScores:
    return score(VideoPanopticQuality(KITTI_STEP, (1,), depth_thres=depth_thres), *readers).windows[1].scores


def test_vpq_drops_pixels_of_wrong_depth(world: Tuple[Path, Path]) -> None:
    """A sky of wrong depth is missed, and is no false positive: it isn't predicted at all."""
    readers = PredictionReader(world[0]), KittiStepGroundTruth(world[1])
    plain, loose = (vpq(t, *readers) for t in (None, 0.6))
    assert loose.pq == plain.pq
    for t in range(4):
        depth = golden_depth(t)[0]
        depth[:2] *= 1.5  # the sky
        write_png_atomic(world[0] / f'depth/2/000002_{t:06d}.png', np.rint(depth * 256).astype(np.uint16))
    lenient, strict = (vpq(t, *readers) for t in (0.51, 0.49))
    assert lenient.classes[10].tp == 4 and lenient.pq == plain.pq
    assert (strict.classes[10].tp, strict.classes[10].fn, strict.classes[10].fp) == (0, 4, 0)


@pytest.mark.parametrize(
    'spoil, message',
    [
        ('result/depth/2/000002_000001.png', 'result/depth/2/000002_000001.png: no predicted depth'),
        ('gt/video_sequence/val/000002_000001_depth.png', '000002_000001_depth.png: no such depth map'),
    ],
)
def test_missing_depth_is_named(world: Tuple[Path, Path], spoil: str, message: str) -> None:
    (world[0].parent / spoil).unlink()
    readers = PredictionReader(world[0]), KittiStepGroundTruth(world[1])
    with pytest.raises(FileNotFoundError, match=message):
        score(DepthAwareSTQ(KITTI_STEP), *readers)
    with pytest.raises(FileNotFoundError, match=message):
        vpq(0.1, *readers)


def test_semantic_kitti_depth_has_the_focal_length_in_its_name(tmp_path: Path) -> None:
    stem = tmp_path / 'video_sequence' / 'val' / '000008_000003'
    write_png_atomic(f'{stem}_gtFine_class.png', np.zeros((2, 3), np.uint8))
    write_png_atomic(f'{stem}_gtFine_instance.png', np.zeros((2, 3), np.uint16))
    write_png_atomic(f'{stem}_depth_718.8560180664062.png', np.full((2, 3), 512, np.uint16))
    truth = SemanticKittiGroundTruth(tmp_path)
    assert truth.videos() == [8] and (truth.read_depth(8, 3) == 2).all()
