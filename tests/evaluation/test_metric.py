"""A metric and an exporter of someone else are one class each; both are found by name."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np
import pytest

from knet.apis.scoring import score_videos
from knet.evaluation.metric import METRICS, PairMetric, Scores, register_metric, score
from knet.evaluation.pairs import PairCounts, segment_class
from knet.labels import KITTI_STEP, LabelSpace
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.exports import EXPORTERS, Exporter, register_exporter
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import UsageError
from knet.utils.io import read_png
from tests.evaluation.reference import golden_frame, write_world


class PixelAccuracy(PairMetric[Scores]):
    """Share of the labelled pixels whose class is right."""

    def __init__(self, label_space: LabelSpace) -> None:
        self.label_space = label_space
        self.right = self.labelled = 0

    def update_pairs(self, pairs: Optional[PairCounts], video_id: int = 0) -> None:
        if pairs is not None:
            labelled = segment_class(pairs.gt) != self.label_space.void
            self.labelled += int(pairs.counts[labelled].sum())
            self.right += int(pairs.counts[labelled & (segment_class(pairs.gt) == segment_class(pairs.pred))].sum())

    def merge(self, other: 'PixelAccuracy') -> None:
        self.right, self.labelled = self.right + other.right, self.labelled + other.labelled

    def compute(self) -> Scores:
        return Scores(dict(accuracy=self.right / self.labelled if self.labelled else None))


class FrameList(Exporter):
    """One line per frame."""

    name = 'frame-list'

    def export(
        self, predictions: Any, truth: Any, target: Any, tick: Callable[[], object] = lambda: None
    ) -> List[Path]:
        lines = [f'{v} {f}\n' for v in predictions.videos() for f in predictions.frames(v)]
        Path(target).write_text(''.join(lines))
        return [Path(target)]


@pytest.fixture
def own() -> Iterator[None]:
    """Both are registered for the time of a test."""
    register_metric('accuracy')(PixelAccuracy)
    register_exporter(FrameList)
    yield
    METRICS.pop('accuracy')
    EXPORTERS.pop('frame-list')


class DataSet:
    """What scoring asks of a data set."""

    label_space = KITTI_STEP

    def __init__(self, root: Path) -> None:
        self.root = root

    def ground_truth(self) -> KittiStepGroundTruth:
        return KittiStepGroundTruth(self.root)


def expected(frames: Dict[int, Any]) -> float:
    right = labelled = 0
    for truth, _, found, _ in frames.values():
        known = np.asarray(truth) != 255
        right, labelled = right + int((known & (truth == found)).sum()), labelled + int(known.sum())
    return right / labelled


def test_a_metric_of_your_own_is_one_class(tmp_path: Path, own: None) -> None:
    frames = {t: golden_frame(t) for t in range(4)}
    results, truth = write_world(tmp_path, {2: frames, 6: frames})
    found = score_videos(results, DataSet(truth), ['accuracy', 'stq'])
    assert list(found) == ['accuracy', 'stq']
    assert found['accuracy'].headline() == dict(accuracy=expected(frames)) == found['accuracy'].to_json()
    assert (
        score(PixelAccuracy(KITTI_STEP), PredictionReader(results), KittiStepGroundTruth(truth), nproc=2)
        == (found['accuracy'])
    )
    assert 'accuracy' in found['accuracy'].table()
    with pytest.raises(KeyError, match="metric 'accuracy' is already registered"):
        register_metric('accuracy')(PixelAccuracy)
    with pytest.raises(UsageError, match=r"unknown metric 'mine' for videos; choose from .*accuracy"):
        score_videos(results, DataSet(truth), ['mine'])


def test_an_exporter_of_your_own_is_one_class(tmp_path: Path, own: None) -> None:
    results, _ = write_world(tmp_path, {2: {t: golden_frame(t) for t in range(2)}})
    assert EXPORTERS['frame-list']().export(PredictionReader(results), None, tmp_path / 'list.txt')
    assert (tmp_path / 'list.txt').read_text() == '2 0\n2 1\n'
    with pytest.raises(KeyError, match="exporter 'frame-list' is already registered"):
        register_exporter(FrameList)


def test_stored_predictions_become_files_of_the_kitti_step_server(tmp_path: Path) -> None:
    results, _ = write_world(tmp_path, {2: {0: golden_frame(0)}})
    reader = PredictionReader(results)
    EXPORTERS['kitti-step']().export(reader, None, tmp_path)
    semantic, instance = reader.read(2, 0)
    final = read_png(tmp_path / 'final/0002/000000.png').astype(int)
    assert (final[..., 0] == semantic).all() and (final[..., 1] * 256 + final[..., 2] == instance).all()


def test_every_metric_by_name_has_a_headline_and_a_table(tmp_path: Path) -> None:
    frames = {t: golden_frame(t) for t in range(4)}
    results, truth = write_world(tmp_path, {2: frames})
    for name, result in score_videos(results, DataSet(truth), ['pq', 'stq', 'vpq', 'miou', 'vc']).items():
        document, headline = result.to_json(), result.headline()
        assert headline and {key: document[key] for key in headline} == headline, name
        assert 'percent' in result.table(), name
