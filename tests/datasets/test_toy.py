"""The toy street: exact labels, repeatable, lively; and its files."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.toy import ToyFrame, ToySpec, ToyStreet, make_toy_videos, write_kitti_step
from knet.utils.io import read_png

pytestmark = pytest.mark.slow

REPO = Path(__file__).resolve().parents[2]
SMALL = ToySpec(train=2, val=1, frames=2, height=48, width=128)
THINGS = (11, 13)


@pytest.fixture(scope='module')
def videos() -> List[List[ToyFrame]]:
    return [ToyStreet((0, 0, index), num_frames=12).render() for index in range(10)]


def digest(frames: List[ToyFrame]) -> str:
    return hashlib.sha256(b''.join(part.tobytes() for frame in frames for part in frame)).hexdigest()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), height=st.integers(32, 140), width=st.integers(32, 300), frames=st.integers(1, 3)
)
def test_frames_obey_the_label_space(seed: int, height: int, width: int, frames: int) -> None:
    street = ToyStreet(seed, height, width, frames, crowd=1.0, void=1.0)
    rendered = street.render()
    assert len(rendered) == len(street) == frames
    for image, semantic, instance in rendered:
        assert image.shape == (height, width, 3) and image.dtype == np.uint8
        assert semantic.shape == instance.shape == (height, width)
        assert semantic.dtype == np.uint8 and instance.dtype == np.int32
        assert set(np.unique(semantic)) <= {*KITTI_STEP.dataset_ids.tolist(), 255}
        assert instance.min() >= 0 and instance.max() <= 999
        assert np.isin(semantic[instance > 0], THINGS).all()


def test_the_same_seed_gives_the_same_video() -> None:
    first, second = (ToyStreet((7, 1, 3), 64, 160, 4).render() for _ in range(2))
    assert digest(first) == digest(second)
    assert digest(first) != digest(ToyStreet((7, 1, 4), 64, 160, 4).render())


def test_frames_can_be_rendered_in_any_order() -> None:
    street = ToyStreet(5, 64, 160, 6)
    late = street.render_frame(4)
    assert digest([late]) == digest([street.render()[4]])


def test_one_track_is_one_object(videos: List[List[ToyFrame]]) -> None:
    for frames in videos:
        kinds: Dict[int, set] = {}
        for frame in frames:
            for track in np.unique(frame.instance)[1:]:
                kinds.setdefault(int(track), set()).update(np.unique(frame.semantic[frame.instance == track]))
        assert all(len(kind) == 1 for kind in kinds.values())


def test_the_street_is_lively(videos: List[List[ToyFrame]]) -> None:
    """Several things per frame that move, hide one another and come and go."""
    visible, moved, partly_hidden, returned, appear = [], 0, 0, 0, 0
    for frames in videos:
        areas: Dict[int, List[int]] = {}
        centres: Dict[int, List[float]] = {}
        for frame in frames:
            counts = np.bincount(frame.instance.ravel(), minlength=1000)
            visible.append(int((counts[1:] >= 20).sum()))
            for track in np.flatnonzero(counts[1:]) + 1:
                centres.setdefault(track, []).append(np.nonzero(frame.instance == track)[1].mean())
            for track in areas:
                areas[track].append(counts[track])
            for track in set(centres) - set(areas):
                areas[track] = [counts[track]]
        for track, history in areas.items():
            seen = np.array(history) > 0
            partly_hidden += bool(min(history) < 0.6 * max(history))
            returned += bool(np.any(seen[np.argmin(seen) :])) if not seen.all() else 0
            appear += not seen.all()
            moved += np.ptp(centres[track]) > 6
    assert 4.5 <= np.mean(visible) <= 9
    assert moved >= 25 and partly_hidden >= 20 and appear >= 5 and returned >= 1


def test_every_class_occurs(videos: List[List[ToyFrame]]) -> None:
    share = sum(np.bincount(frame.semantic.ravel(), minlength=256) for frames in videos for frame in frames)
    share = share / share.sum()
    assert all(share[train_id] > 0.01 for train_id in (0, 1, 2, 8, 9, 10, 11, 13))


def test_crowd_and_void_can_be_switched() -> None:
    with_both = ToyStreet(3, num_frames=1, crowd=1.0, void=1.0).render_frame(0)
    without = [ToyStreet(seed, num_frames=1, crowd=0.0, void=0.0).render_frame(0) for seed in range(5)]
    assert (with_both.semantic == 255).any()
    crowds = [ToyStreet(seed, num_frames=1, crowd=1.0).render_frame(0) for seed in range(5)]
    assert any(((frame.semantic == 11) & (frame.instance == 0)).any() for frame in crowds)
    for frame in without:
        assert not (frame.semantic == 255).any()
        assert (frame.instance[np.isin(frame.semantic, THINGS)] > 0).all()


def test_zoom_enlarges_the_same_things() -> None:
    plain, near = (ToyStreet((0, 1, 2), 96, 160, 4, zoom=zoom).render_frame(0) for zoom in (1.0, 1.8))
    shared = set(np.unique(plain.instance)) & set(np.unique(near.instance)) - {0}
    inside = [
        track
        for track in shared
        if not np.isin(track, near.instance[:, [0, -1]]) and not np.isin(track, near.instance[-1])
    ]
    growth = [(near.instance == track).sum() / (plain.instance == track).sum() for track in inside]
    assert growth and 2.2 < np.median(growth) < 4.5, growth


def test_a_higher_rate_shows_the_same_ride_more_slowly() -> None:
    """Twelve frames at rate 2 are a ride of six units of time: every second frame is one at rate 1."""
    plain, slow = ToyStreet((0, 0, 3), 48, 128, 6), ToyStreet((0, 0, 3), 48, 128, 12, rate=2)
    for time in range(6):
        assert np.array_equal(plain.render_frame(time).instance, slow.render_frame(2 * time).instance)
    assert len(list(slow)) == 12


def test_labels_follow_the_picture() -> None:
    """Colour edges lie on label edges: a shifted label map fits worse."""
    image, semantic, instance = ToyStreet(11, num_frames=1).render_frame(0)
    segments = semantic.astype(np.int64) * 1000 + instance
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)

    def contrast(labels: np.ndarray) -> float:
        edge = labels[:, 1:] != labels[:, :-1]
        return float(np.abs(np.diff(grey, axis=1))[edge].mean())

    assert contrast(segments) > 1.5 * contrast(np.roll(segments, 3, axis=1))


@pytest.mark.parametrize('size', [(16, 320, 12), (96, 16, 12), (96, 320, 0)])
def test_impossible_sizes_are_refused(size: tuple) -> None:
    with pytest.raises(ValueError, match='at least'):
        ToyStreet(0, *size)


def test_kitti_step_files_hold_the_video(tmp_path: Path) -> None:
    street = SMALL.street('val', 0)
    write_kitti_step(tmp_path, 'val', [(6, street)])
    truth = KittiStepGroundTruth(tmp_path, 'val')
    assert truth.videos() == [6] and truth.frames(6) == [0, 1]
    for number, frame in enumerate(street):
        semantic, instance = truth.read(6, number)
        np.testing.assert_array_equal(semantic, frame.semantic)
        np.testing.assert_array_equal(instance, frame.instance)
        image = read_png(tmp_path / f'video_sequence/val/000006_{number:06d}_leftImg8bit.png')
        np.testing.assert_array_equal(image, frame.image)


def test_cityscapes_files_hold_the_frames(tmp_path: Path) -> None:
    assert make_toy_videos(tmp_path / 'city', 'cityscapes-step', SMALL)
    root = tmp_path / 'city'
    assert (root / 'license.txt').is_file()
    assert len(list((root / 'leftImg8bit/train/toystreet').glob('toystreet_*_leftImg8bit.png'))) == 4
    frame = SMALL.street('train', 1).render_frame(1)
    stem = root / 'gtFine/train/toystreet/toystreet_000001_000001_gtFine'
    semantic, instance = read_png(f'{stem}_labelTrainIds.png'), read_png(f'{stem}_instanceTrainIds.png')
    assert instance.dtype == np.uint16
    np.testing.assert_array_equal(semantic, frame.semantic)
    thing = frame.instance > 0
    np.testing.assert_array_equal(instance[thing], frame.semantic[thing] * np.int32(1000) + frame.instance[thing])
    np.testing.assert_array_equal(instance[~thing], semantic[~thing])


def test_splits_share_nothing_and_more_videos_keep_the_old_ones() -> None:
    assert digest(SMALL.street('train', 0).render()) != digest(SMALL.street('val', 0).render())
    more = ToySpec(**{**SMALL.__dict__, 'train': 9})
    assert digest(more.street('train', 1).render()) == digest(SMALL.street('train', 1).render())
    numbers = [video for split in ('train', 'val') for video, _ in SMALL.videos(split)]
    assert len(set(numbers)) == 3


def test_an_existing_set_is_reused_and_another_is_refused(tmp_path: Path) -> None:
    root, ticks = tmp_path / 'toy', []
    assert make_toy_videos(root, 'kitti-step', SMALL, lambda: ticks.append(1))
    assert len(ticks) == SMALL.total_frames
    before = {p: p.stat().st_mtime_ns for p in root.rglob('*')}
    assert not make_toy_videos(root, 'kitti-step', SMALL)
    assert before == {p: p.stat().st_mtime_ns for p in root.rglob('*')}
    with pytest.raises(ValueError, match='seed: 0 there, 1 asked for'):
        make_toy_videos(root, 'kitti-step', ToySpec(**{**SMALL.__dict__, 'seed': 1}))
    with pytest.raises(ValueError, match='holds no toy videos'):
        make_toy_videos(tmp_path, 'kitti-step', SMALL)


def test_a_set_made_before_an_option_existed_is_reused(tmp_path: Path) -> None:
    root = tmp_path / 'toy'
    assert make_toy_videos(root, 'kitti-step', SMALL)
    card = json.loads((root / 'toy.json').read_text())
    (root / 'toy.json').write_text(json.dumps({key: card[key] for key in card if key not in ('zoom', 'rate')}))
    assert not make_toy_videos(root, 'kitti-step', SMALL)


def test_an_interrupted_set_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_toy_videos(tmp_path / 'toy', 'kitti-step', SMALL, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    'change, message',
    [
        ({'train': 0, 'val': 0}, 'no videos'),
        ({'train': -1}, 'no videos'),
        ({'train': 5000}, 'at most'),
        ({'zoom': 0.5}, 'zoom must be'),
        ({'rate': 0.0}, 'rate must be'),
    ],
)
def test_impossible_sets_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_toy_videos(tmp_path / 'toy', 'kitti-step', ToySpec(**{**SMALL.__dict__, **change}))


def test_command_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(REPO / 'tools/dataset/make_toy_videos.py'),
        '--out',
        str(tmp_path / 'toy'),
        '--train',
        '1',
        '--val',
        '1',
        '--frames',
        '2',
        '--height',
        '48',
        '--width',
        '96',
        '--seed',
        '3',
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '1 training + 1 validation videos of 2 frames written' in done.stdout
    assert json.loads((tmp_path / 'toy/toy.json').read_text())['seed'] == 3
    assert len(list((tmp_path / 'toy/video_sequence/train').iterdir())) == 4
