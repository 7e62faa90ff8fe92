"""Parts that jobs have counted add up to the scores of one job, to the last digit."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.dstq import DepthAwareSTQ
from knet.evaluation.metric import Metric, score
from knet.evaluation.pairs import PairCounts, pack_tables, unpack_tables
from knet.evaluation.parts import merge_parts, part_path, write_part
from knet.evaluation.pq import PanopticQuality
from knet.evaluation.stq import STQuality
from knet.evaluation.vpq import VideoPanopticQuality
from knet.evaluation.vss import VideoSemantics
from knet.labels import KITTI_STEP
from knet.layouts.base import VideoGroundTruth
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import UsageError
from knet.utils.io import write_png_atomic
from tests.evaluation.reference import random_video, write_world

#: Numbers of frames by video; three videos for as many as five jobs.
LENGTHS = {2: 5, 3: 9, 7: 1}
METRICS: Dict[str, Callable[[], Metric]] = {
    'stq': lambda: STQuality(KITTI_STEP, 'paper-repo'),
    'vpq': lambda: VideoPanopticQuality(KITTI_STEP),
    'vpq with depth': lambda: VideoPanopticQuality(KITTI_STEP, (1, 2), depth_thres=0.25),
    'pq': lambda: PanopticQuality(KITTI_STEP),
    'dstq': lambda: DepthAwareSTQ(KITTI_STEP, 'paper-repo'),
    'vss': lambda: VideoSemantics(KITTI_STEP),
}
Inputs = Tuple[PredictionReader, VideoGroundTruth]


class DepthTruth(KittiStepGroundTruth):
    """Ground truth with a depth of ten metres everywhere."""

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        return np.full(self.read(video_id, frame_id)[0].shape, 10, dtype=np.float32)


@pytest.fixture(scope='module')
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Random predictions with depth; the longest video lacks one."""
    root = tmp_path_factory.mktemp('world')
    videos = {video: dict(enumerate(random_video(video, length))) for video, length in LENGTHS.items()}
    result, truth = write_world(root, videos)
    for video, frames in videos.items():
        for number, frame in frames.items():
            depth = np.random.RandomState(number).randint(8 * 256, 14 * 256, frame[0].shape).astype(np.uint16)
            write_png_atomic(result / 'depth' / str(video) / f'{video:06d}_{number:06d}.png', depth)
    for kind in ('cat', 'ins'):
        (result / f'panoptic/3/000003_000004_{kind}.png').unlink()
    return PredictionReader(result), DepthTruth(truth)


def text_of(result: Any) -> str:
    return json.dumps(result.to_json()) + result.table()


@pytest.mark.parametrize('name', METRICS)
@pytest.mark.parametrize('jobs', [1, 2, 5])
def test_parts_give_the_scores_of_one_job(inputs: Inputs, tmp_path: Path, name: str, jobs: int) -> None:
    make = METRICS[name]
    whole = score(make(), *inputs, allow_missing=True)
    for number in reversed(range(jobs)):
        metric = make()
        path = write_part(metric, *inputs, tmp_path, (number, jobs), allow_missing=True)
        assert path == part_path(tmp_path, metric, (number, jobs)) and path.is_file()
    assert text_of(merge_parts(make(), *inputs, tmp_path, jobs, allow_missing=True)) == text_of(whole)


def test_processes_count_the_same_part(inputs: Inputs, tmp_path: Path) -> None:
    parts: List[bytes] = []
    for nproc in (1, 2):
        path = write_part(STQuality(KITTI_STEP), *inputs, tmp_path / str(nproc), (0, 1), nproc, allow_missing=True)
        with np.load(str(path), allow_pickle=False) as stored:
            parts.append(b''.join(stored[key].tobytes() for key in sorted(stored.files)))
    assert parts[0] == parts[1]


def test_parts_of_other_settings_are_refused(inputs: Inputs, tmp_path: Path) -> None:
    write_part(VideoPanopticQuality(KITTI_STEP), *inputs, tmp_path, (0, 1), allow_missing=True)
    with pytest.raises(ValueError, match=r'vpq.1-of-1.npz: counted from another depth_thres; .* --shard 1/1 again'):
        merge_parts(VideoPanopticQuality(KITTI_STEP, depth_thres=0.25), *inputs, tmp_path, 1, allow_missing=True)


def test_a_metric_without_counts_is_for_one_job(inputs: Inputs, tmp_path: Path) -> None:
    class Own(STQuality):
        """A metric that reads files its own way."""

        read_video = Metric.read_video

    with pytest.raises(UsageError, match='stq: this metric cannot be split into jobs'):
        write_part(Own(KITTI_STEP), *inputs, tmp_path, (0, 1), allow_missing=True)
    assert not list(tmp_path.iterdir())


@settings(deadline=None)
@given(st.lists(st.none() | st.dictionaries(st.integers(0, 2**64 - 1), st.integers(1, 2**62), max_size=4)))
def test_tables_of_frames_survive_packing(frames: List[Any]) -> None:
    tables = [
        None if f is None else PairCounts(np.array(sorted(f), np.uint64), np.array([f[k] for k in sorted(f)], np.int64))
        for f in frames
    ]
    found = list(unpack_tables(pack_tables(tables)))
    assert len(found) == len(tables)
    for one, other in zip(found, tables):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.keys.tolist() == other.keys.tolist() and one.counts.tolist() == other.counts.tolist()
            assert one.keys.dtype == np.uint64 and one.counts.dtype == np.int64
