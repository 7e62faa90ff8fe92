"""Average precision of tracks: hand-computed values, a slow reference, bad results."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import pytest
from pycocotools import mask as mask_api

from knet.evaluation.metric import score
from knet.evaluation.vis_ap import NAMES, VisAveragePrecision, VisResult, track_overlaps
from knet.layouts.youtube_vis import VisGroundTruth, read_ground_truth
from knet.results.exports.youtube_vis import write_submission
from knet.results.track_store import (
    Record,
    TrackPredictions,
    VideoResultStore,
    check_results,
    read_results,
    track_records,
)
from tests.vis.reference_ap import overlap, reference
from tests.vis.vis_mini import PERSON, SEDAN, SIZE, mask_of, official, perfect, rles


@pytest.fixture
def truth(tmp_path: Path) -> VisGroundTruth:
    """Return the tracks of the small videos."""
    (tmp_path / 'gt.json').write_text(json.dumps(official()))
    return read_ground_truth(tmp_path / 'gt.json')


def evaluate(records: List[Record], truth: VisGroundTruth) -> VisResult:
    return score(VisAveragePrecision(truth.categories), TrackPredictions(records), truth)


def test_perfect_is_exactly_one_and_nothing_exactly_zero(truth: VisGroundTruth) -> None:
    best = evaluate(perfect(), truth).headline()
    assert list(best) == list(NAMES)
    # Person and sedan have one and two tracks; video 3 and 8 need one sedan each, so one detection per video is enough.
    assert all(best[name] == 1.0 for name in ('AP', 'AP50', 'AP75', 'APs', 'AR1', 'AR10', 'AR100', 'ARs'))
    assert best['APm'] is None and best['ARl'] is None
    nothing = evaluate([], truth).headline()
    assert all(nothing[name] == 0.0 for name in ('AP', 'AP50', 'AP75', 'APs', 'AR1', 'AR10', 'AR100', 'ARs'))


def test_hand_computed(truth: VisGroundTruth) -> None:
    # The sedan of video 3 only in the first two of three equal frames: overlap 2/3, found up to threshold 0.65.
    results = perfect(0.5)
    results[1]['segmentations'] = [*results[1]['segmentations'][:2], None]
    # A false sedan with the best score in video 9.
    results.append(dict(video_id=9, score=0.9, category_id=SEDAN, segmentations=rles([(0, 0, 9, 9)] * 6)))
    found = evaluate(results, truth)
    sedan = found.per_class()[SEDAN]
    # Two of two behind one false: precision 2/3 at all recalls.
    assert sedan['AP50'] == pytest.approx(2 / 3, abs=1e-15)
    # One of two, after two false ones (equal scores: video 3 comes first): precision 1/3 at recalls 0, 0.01, ..., 0.5.
    assert sedan['AP75'] == pytest.approx(51 / 101 / 3, abs=1e-15)
    assert sedan['AP'] == pytest.approx((4 * 2 / 3 + 6 * 51 / 303) / 10, abs=1e-15)
    assert sedan['AR10'] == pytest.approx((4 * 1 + 6 * 0.5) / 10, abs=1e-15)
    assert found.per_class()[PERSON]['AP'] == 1.0
    assert found.tracks == {PERSON: 1, SEDAN: 2} and found.detections == {PERSON: 1, SEDAN: 3}
    assert 'sedan' in found.table() and '66.67' in found.table()


def test_overlap_of_tracks_counts_frames_where_one_is_missing() -> None:
    first, second = [(0, 0, 10, 10), None, (0, 0, 10, 10)], [(0, 5, 10, 15), (0, 0, 10, 10), None]
    overlaps, areas_d, areas_g = track_overlaps([rles(first)], [rles(second), rles([None] * 3)])
    assert overlaps.tolist() == [[50 / 350, 0.0]] and areas_d.tolist() == [100] and areas_g.tolist() == [100, 0]


def random_world(seed: int) -> Any:
    """Return videos with tracks, similar detections, crowds, ties and empty masks, in both forms."""
    rng = np.random.RandomState(seed)
    size = (320, 360)
    videos: Dict[int, Dict[str, List[Dict]]] = {}
    for number in range(4):
        frames = rng.randint(1, 4)

        def blob(frames: int = frames) -> List[np.ndarray]:
            scale = rng.choice([40, 135, 300])
            y, x = rng.randint(0, 30, 2)
            return [mask_of((y, x, y + scale, x + scale) if rng.rand() > 0.15 else None, size) for _ in range(frames)]

        truth = [
            dict(category=int(rng.randint(1, 4)), iscrowd=int(rng.rand() < 0.15), masks=blob())
            for _ in range(rng.randint(0, 6))
        ]
        found = []
        for _ in range(rng.randint(0, 16)):
            source = truth[rng.randint(len(truth))] if truth and rng.rand() < 0.75 else dict(category=1, masks=blob())
            shift = rng.randint(0, 25)
            masks = [np.roll(mask, shift, axis=0) if rng.rand() > 0.1 else mask & False for mask in source['masks']]
            found.append(
                dict(
                    category=source['category'] if rng.rand() > 0.1 else int(rng.randint(1, 5)),
                    score=round(float(rng.rand()), 1),
                    masks=masks,
                )
            )
        videos[number] = dict(truth=truth, found=found)

    def code(mask: np.ndarray) -> Optional[Dict[str, Any]]:
        rle = mask_api.encode(np.asfortranarray(mask, dtype=np.uint8))
        return dict(size=list(size), counts=rle['counts'].decode())

    lengths = {n: max([len(x['masks']) for x in v['truth'] + v['found']] or [1]) for n, v in videos.items()}
    gt = VisGroundTruth(
        {n: (lengths[n], size) for n in videos},
        {
            n: [
                dict(
                    category_id=t['category'],
                    iscrowd=t['iscrowd'],
                    segmentations=[code(m) if m.any() else None for m in t['masks']],
                )
                for t in v['truth']
            ]
            for n, v in videos.items()
        },
        {i: f'class {i}' for i in range(1, 5)},
        'random',
    )
    records = [
        dict(video_id=n, score=d['score'], category_id=d['category'], segmentations=[code(m) for m in d['masks']])
        for n, v in videos.items()
        for d in v['found']
    ]
    return videos, gt, records


@pytest.mark.parametrize('seed', range(5))
def test_equal_to_the_slow_reference(seed: int) -> None:
    videos, gt, records = random_world(seed)
    found, expected = evaluate(records, gt).headline(), reference(videos)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(value, abs=1e-12)), name


def test_overlaps_are_exact() -> None:
    videos, gt, records = random_world(3)
    for number, video in videos.items():
        found = [r['segmentations'] for r in records if r['video_id'] == number]
        overlaps = track_overlaps(found, [t['segmentations'] for t in gt.tracks[number]])[0]
        expected = [[overlap(d['masks'], t['masks']) for t in video['truth']] for d in video['found']]
        assert overlaps.tolist() == expected or not overlaps.size


def test_merging_accumulators_and_order_of_videos_change_nothing() -> None:
    _, gt, records = random_world(5)
    parts = [VisAveragePrecision(gt.categories) for _ in range(2)]
    for number in sorted(gt.tracks, reverse=True):
        parts[number % 2].update(gt.tracks[number], [r for r in records if r['video_id'] == number], number)
    parts[0].merge(parts[1])
    assert parts[0].compute().headline() == evaluate(records, gt).headline()


def test_track_records_are_by_class_and_then_by_score() -> None:
    scores = np.array([0.75, 0.5, 0.25], dtype=np.float32)
    records = track_records(scores, np.array([5, 0, 5]), [['a'], ['b'], ['c']], 3, list(range(1, 41)))
    assert [list(record) for record in records] == [['video_id', 'score', 'category_id', 'segmentations']] * 3
    assert [(r['category_id'], r['score'], r['segmentations']) for r in records] == [
        (1, 0.5, ['b']),
        (6, 0.75, ['a']),
        (6, 0.25, ['c']),
    ]


def test_submission_files(truth: VisGroundTruth, tmp_path: Path) -> None:
    paths = [write_submission(perfect(), truth, tmp_path / name) for name in ('a', 'b')]
    text = Path(paths[0][0]).read_text()
    assert Path(paths[0][0]).name == 'results.json' and json.loads(text) == perfect()
    assert text.startswith('[{"video_id": 3, "score": 0.9, "category_id": 1, "segmentations": [{"size": [48, 64], ')
    with zipfile.ZipFile(paths[0][1]) as archive:
        assert archive.namelist() == ['results.json'] and archive.read('results.json').decode() == text
        assert archive.getinfo('results.json').compress_type == zipfile.ZIP_DEFLATED
    assert Path(paths[0][1]).read_bytes() == Path(paths[1][1]).read_bytes()
    assert read_results(paths[0][1]) == read_results(paths[0][0]) == perfect()


def spoil(change: Callable[[Dict[str, Any]], Any]) -> List[Dict[str, Any]]:
    records = perfect()
    change(records[1])
    return records


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda r: r.update(video_id=4), 'track 1: video_id 4 is not among the 3 videos'),
        (lambda r: r.update(category_id=41), 'category_id 41 is not among the 40 categories'),
        (lambda r: r.update(score=1.5), 'score 1.5 is no number in 0..1'),
        (lambda r: r.update(score=float('nan')), 'score nan'),
        (lambda r: r.update(score=None), 'score None'),
        (lambda r: r['segmentations'].pop(), 'has 2 masks, video 3 has 3 frames'),
        (lambda r: r.update(segmentations=None), 'has no list of masks'),
        (lambda r: r['segmentations'].__setitem__(2, rles([(0, 0, 5, 5)], (64, 48))[0]), 'frame 2: mask of (64, 48)'),
        (lambda r: r['segmentations'].__setitem__(0, [[1, 2, 3, 4]]), 'frame 0: a mask is null or has "size"'),
        (lambda r: r.pop('score'), 'must have exactly the keys video_id, score'),
        (lambda r: r.update(extra=1), 'must have exactly the keys'),
    ],
)
def test_bad_results_are_refused_before_anything_is_written(
    truth: VisGroundTruth, tmp_path: Path, change: Callable, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        write_submission(spoil(change), truth, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_all_faults_are_counted(truth: VisGroundTruth) -> None:
    with pytest.raises(ValueError, match='2 more'):
        check_results([*[dict(record, score=-1) for record in perfect() * 2][:7], {}], truth)


def test_store_resumes_only_its_own_run(tmp_path: Path) -> None:
    store = VideoResultStore(tmp_path, dict(checkpoint='a'))
    store.write(3, 2, perfect()[:1])
    again = VideoResultStore(tmp_path, dict(checkpoint='a'))
    assert again.is_complete(3, 2) and not again.is_complete(3, 5) and not again.is_complete(8, 1)
    assert again.read(3) == perfect()[:1]
    with pytest.raises(ValueError, match="another run .checkpoint: 'a' there, 'b' now"):
        VideoResultStore(tmp_path, dict(checkpoint='b'))
    assert not VideoResultStore(tmp_path, dict(checkpoint='b'), resume=False).is_complete(3, 2)
    assert not list(tmp_path.glob('**/*.tmp')) and SIZE == (48, 64)
