"""Which track covers which object, and the timelines that show it."""

from pathlib import Path
from typing import Sequence, Tuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.evaluation.pairs import count_pairs
from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.visualization import overlay
from knet.visualization.association import (
    ABSENT,
    FrameOverlaps,
    ObjectTrack,
    TrackMatch,
    VideoTracks,
    follow_tracks,
    video_overlaps,
)
from knet.visualization.captions import write_captions
from knet.visualization.overlay import NEUTRAL
from knet.visualization.palette import track_colour
from knet.visualization.report import Run
from knet.visualization.report.charts import Scale
from knet.visualization.report.timeline import MAX_BARS, MAX_OBJECTS, timeline, timelines
from tests.visualization.report_world import CAR, PERSON, write_predictions, write_truth

Maps = Tuple[np.ndarray, np.ndarray]


def row(*segments: Tuple[int, int, int]) -> Maps:
    """A frame of one line: (class, id, pixels) one after another."""
    semantic, instance = (np.repeat([s[i] for s in segments], [s[2] for s in segments])[None] for i in (0, 1))
    return semantic, instance


def overlaps(*frames: Tuple[Maps, Maps]) -> Sequence[FrameOverlaps]:
    return [FrameOverlaps(n, count_pairs(*gt, *pred, label_space=KITTI_STEP)) for n, (gt, pred) in enumerate(frames)]


def test_objects_are_followed(tmp_path: Path) -> None:
    truth = KittiStepGroundTruth(write_truth(tmp_path / 'truth'))
    predictions = PredictionReader(write_predictions(tmp_path / 'run', Path(truth.data_root), switch=4))
    found = {}
    for video in (3, 5):
        found[video] = follow_tracks(video, video_overlaps(predictions, truth, KITTI_STEP, video), KITTI_STEP)
    assert {thing.name: thing.states for thing in found[3].objects} == {
        'person 4': (3, 3, 0, 3, 3, 3),
        'car 300': (1, 1, 1, 1, 2, 2),
    }
    assert (found[3].switches, found[3].missed, found[3].visible, found[3].invented) == (1, 1, 12, 0)
    # The person of video 5 is predicted before it is there.
    assert {thing.name: thing.states for thing in found[5].objects}['person 4'] == (ABSENT, ABSENT, 3, 3, 3, 3)
    assert found[5].invented == 2


def test_what_covers_an_object() -> None:
    half = overlaps((row((CAR, 1, 4), (0, 0, 4)), row((CAR, 5, 2), (0, 0, 6))))
    assert follow_tracks(0, half, KITTI_STEP).objects[0].states == (0,)  # An overlap of one half is no hit.
    other = overlaps((row((CAR, 1, 4), (0, 0, 4)), row((PERSON, 5, 4), (0, 0, 4))))
    assert follow_tracks(0, other, KITTI_STEP).objects[0].states == (5,)  # The class does not matter, as in AQ.
    crowd = overlaps((row((CAR, 0, 4), (255, 0, 4)), row((CAR, 5, 4), (CAR, 6, 4))))
    assert follow_tracks(0, crowd, KITTI_STEP) == VideoTracks(0, (0,), (), 0)


def test_objects_and_tracks_are_matched_one_to_one_by_overlap() -> None:
    gt = row((CAR, 1, 6), (CAR, 2, 3), (PERSON, 1, 2), (0, 0, 1))
    pred = row((CAR, 7, 9), (CAR, 8, 2), (0, 0, 1))
    match = TrackMatch.of(overlaps((gt, pred)), KITTI_STEP)
    assert match.tracks == {(CAR, 1): 7, (PERSON, 1): 8}
    ids, unmatched = match.renumber(*gt, KITTI_STEP)
    assert len(unmatched) == 1 and ids[0, 6:9].tolist() == [unmatched[0]] * 3
    assert ids[0, :6].tolist() == [7] * 6 and ids[0, 9:].tolist() == [8, 8, 0]
    image = np.zeros((1, 12, 3), dtype=np.uint8)
    drawn = overlay(image, gt[0].astype(np.uint8), ids, KITTI_STEP, alpha=1, neutral=unmatched)
    assert drawn[0, 2].tolist() == list(track_colour(7)) and drawn[0, 7].tolist() == list(NEUTRAL)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=24, max_size=24))
def test_matching_is_one_to_one(pixels: Sequence[Tuple[int, int]]) -> None:
    gt_ids, pred_ids = np.array(pixels).T.reshape(2, 4, 6)
    gt, pred = ((np.where(ids > 0, CAR, 0), ids) for ids in (gt_ids, pred_ids))
    found = overlaps((gt, pred))
    tracks = TrackMatch.of(found, KITTI_STEP).tracks
    assert len(set(tracks.values())) == len(tracks)
    video = follow_tracks(0, found, KITTI_STEP)
    covered = [thing.states[0] for thing in video.objects if thing.states[0] > 0]
    assert len(set(covered)) == len(covered)
    assert len(covered) + video.invented == len(set(pred_ids[pred_ids > 0].tolist()))


def test_a_timeline_shows_switches_and_gaps() -> None:
    video = VideoTracks(7, tuple(range(100, 106)), (ObjectTrack('car <1>', (3, 3, 0, 8, -1, 8)),), 2)
    drawn = timeline(video)
    assert drawn.count('class="shown"') == 3 and drawn.count('class="missed"') == 1
    assert drawn.count('class="switch"') == 1 and 'id switch in frame 103' in drawn
    assert 'car &lt;1&gt;' in drawn and '<1>' not in drawn
    assert 'track 3 in frames 100 to 101' in drawn and 'missed in frame 102' in drawn
    assert 'No objects' in timeline(VideoTracks(7, (1,), (), 0))
    assert timelines([]) == '' and timelines([Run('none')]) == ''


def test_long_videos_have_timelines_of_bounded_size() -> None:
    busy = tuple(ObjectTrack(f'car {n}', tuple(range(1, 401))) for n in range(60))
    drawn = timeline(VideoTracks(1, tuple(range(400)), busy, 0))
    assert drawn.count('class="shown"') <= MAX_BARS and '58 more objects not shown' in drawn
    calm = tuple(ObjectTrack(f'car {n}', (n,) * 400) for n in range(1, 61))
    drawn = timeline(VideoTracks(1, tuple(range(400)), calm, 0))
    assert drawn.count('<li>') == MAX_OBJECTS + 1


@pytest.mark.parametrize('values', [[0], [0, 1], [3, 3], [0.01, 55], [-4, 1e6]])
def test_ticks_lie_on_the_axis(values: Sequence[float]) -> None:
    check_ticks(Scale.over(values))


@pytest.mark.parametrize('values', [[2, 9], [0.01, 55], [3e-9, 4e9]])
def test_ticks_of_logarithms_lie_on_the_axis(values: Sequence[float]) -> None:
    check_ticks(Scale.over(values, log=True))


def check_ticks(scale: Scale) -> None:
    assert 1 <= len(scale.ticks) <= 12
    assert all(-1e-6 <= scale.place(tick) <= 1 + 1e-6 for tick in scale.ticks)


def test_captions_do_not_hide_each_other() -> None:
    instance = np.zeros((200, 200), dtype=np.int32)
    for number in range(1, 5):  # Four people who stand in front of each other.
        instance[60:140, 60 + 12 * number : 110 + 12 * number] = number
    together = np.zeros((200, 200, 3), dtype=np.uint8)
    write_captions(together, instance, {number: f'person 0.{number}' for number in range(1, 5)})
    alone = 0
    for number in range(1, 5):
        single = np.zeros_like(together)
        write_captions(single, np.where(instance == number, number, 0), {number: f'person 0.{number}'})
        alone += int((single == 255).all(-1).sum())
    assert int((together == 255).all(-1).sum()) == alone
