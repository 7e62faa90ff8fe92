"""Harder toy streets: every option changes what it should, leaves the rest alone, and is recorded."""

import hashlib
import json
from pathlib import Path
from typing import Dict, List, Set

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.labels import KITTI_STEP
from knet.toy import Difficulty, ToyFrame, ToySpec, ToyStreet, make_toy_videos
from knet.toy.difficulty import VERSIONS

SIZE = (64, 208, 12)
PERSON, BUILDING = 11, 2
#: Mean of each picture of one default street.
MEANS = [122.3, 121.7, 120.6]


def frames_of(index: int, **difficulty: float) -> List[ToyFrame]:
    return ToyStreet((0, 0, index), *SIZE, crowd=0.0, void=0.0, difficulty=Difficulty(**difficulty)).render()


def visible(frames: List[ToyFrame], least: int = 12) -> Dict[int, List[bool]]:
    """Whether a track owns enough pixels, frame by frame."""
    counts = np.stack([np.bincount(frame.instance.ravel(), minlength=1000) for frame in frames])
    return {track: (counts[:, track] >= least).tolist() for track in np.flatnonzero(counts.sum(0)) if track}


def test_the_default_street_is_the_same_as_ever() -> None:
    """Labels and pictures of world 3, as recorded before there were options; labels are the same with any OpenCV."""
    frames = ToyStreet((0, 1, 7), 64, 160, 3, crowd=1.0, void=1.0).render()
    labels = hashlib.sha256(b''.join(part.tobytes() for frame in frames for part in frame[1:])).hexdigest()
    assert labels.startswith('5a459f5d0d576518')
    assert [frame.image.mean() for frame in frames] == pytest.approx(MEANS, abs=0.1)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    difficulty=st.builds(
        Difficulty,
        look_alikes=st.booleans(),
        crossings=st.integers(0, 6),
        occluders=st.integers(0, 2),
        lighting=st.floats(0, 0.9),
        blur=st.floats(0, 1),
        turn=st.floats(0, 1),
        small=st.floats(0, 0.7),
    ),
    rate=st.sampled_from([1.0, 2.0]),
)
def test_labels_stay_consistent_with_any_options(seed: int, difficulty: Difficulty, rate: float) -> None:
    kinds: Dict[int, Set[int]] = {}
    for image, semantic, instance in ToyStreet(seed, 40, 96, 3, rate=rate, difficulty=difficulty):
        assert image.shape == (40, 96, 3) and image.dtype == np.uint8
        assert set(np.unique(semantic)) <= {*KITTI_STEP.dataset_ids.tolist(), 255}
        for track in np.unique(instance)[1:]:
            kinds.setdefault(int(track), set()).update(np.unique(semantic[instance == track]).tolist())
    assert all(len(kind) == 1 and kind <= {11, 13} for kind in kinds.values())


@pytest.mark.parametrize('option', [dict(look_alikes=True), dict(lighting=0.5), dict(blur=0.5)])
def test_appearance_never_changes_the_labels_of_a_car(option: dict) -> None:
    """Light and blur leave all labels alone; look-alikes keep every path."""
    plain, harder = frames_of(2), frames_of(2, **option)
    assert not np.array_equal(plain[3].image, harder[3].image)
    if option.keys() == {'look_alikes'}:
        assert set(visible(plain, 40)) <= set(visible(harder, 1))
    else:
        assert all(np.array_equal(a.instance, b.instance) for a, b in zip(plain, harder))


def test_look_alikes_are_equal_within_a_video_and_differ_between_videos() -> None:
    looks = []
    for index in range(4):
        plan = ToyStreet((0, 0, index), *SIZE, crowd=1.0, difficulty=Difficulty(look_alikes=True, crossings=1))._plan
        persons = {(person.look, person.height) for person in [*plan.persons, *plan.crowd]}
        cars = {(id(car.shape), car.colour) for car in plan.cars}
        assert len(persons) == 1 and len(cars) <= 1 and len(plan.persons) > 2
        looks.append(persons.pop())
    assert len(set(looks)) > 1


def test_look_alikes_have_equal_colours_in_the_picture() -> None:
    """The mean colours of the persons of a frame lie closer together than in the same street without the option."""

    def spread(frames: List[ToyFrame]) -> float:
        found = []
        for frame in frames[::3]:
            owners = [t for t in np.unique(frame.instance)[1:] if (frame.instance == t).sum() > 40]
            means = [
                frame.image[frame.instance == t].mean(0)
                for t in owners
                if PERSON in frame.semantic[frame.instance == t]
            ]
            found += [float(np.std(means, axis=0).mean())] if len(means) > 1 else []
        return float(np.mean(found))

    plain = np.mean([spread(frames_of(index, crossings=2)) for index in range(3)])
    alike = np.mean([spread(frames_of(index, crossings=2, look_alikes=True)) for index in range(3)])
    assert alike < 0.5 * plain, (plain, alike)


def test_crossing_persons_swap_sides() -> None:
    swaps = 0
    for index in range(4):
        before = len(ToyStreet((0, 0, index), *SIZE)._plan.persons)
        persons = ToyStreet((0, 0, index), *SIZE, difficulty=Difficulty(crossings=3))._plan.persons[before:]
        for first, second in zip(persons, persons[1:]):
            gaps = [first.motion.at(time)[0] - second.motion.at(time)[0] for time in (0, 11)]
            swaps += gaps[0] * gaps[1] < 0
    assert swaps >= 6


def test_occluders_hide_persons_for_several_frames() -> None:
    """Over some streets, more tracks vanish within the video for three frames or more and come back."""

    def long_gaps(**difficulty: float) -> int:
        found = 0
        for index in range(8):
            for seen in visible(frames_of(index, **difficulty)).values():
                inside = ''.join('1' if here else '0' for here in seen).strip('0')
                found += '000' in inside
        return found

    assert long_gaps(occluders=2) >= long_gaps() + 4


def test_an_occluder_is_a_building() -> None:
    plain, hidden = frames_of(1), frames_of(1, occluders=1)
    assert sum((f.semantic == BUILDING).sum() for f in hidden) > 1.1 * sum(
        (f.semantic == BUILDING).sum() for f in plain
    )


def test_light_changes_within_every_video() -> None:
    for index in range(5):
        plain, dim = frames_of(index), frames_of(index, lighting=0.6)
        factors = [d.image.mean() / p.image.mean() for p, d in zip(plain, dim)]
        assert max(factors) > 0.9 and min(factors) < 0.5, factors


def test_blur_softens_what_moves() -> None:
    def sharpness(frames: List[ToyFrame]) -> float:
        return float(np.mean([np.abs(np.diff(frame.image.astype(float), axis=1)).mean() for frame in frames]))

    sharp, soft, softer = (np.mean([sharpness(frames_of(i, blur=b)) for i in range(3)]) for b in (0.0, 0.5, 1.0))
    assert softer < soft < sharp


def test_a_turning_camera_moves_what_stands() -> None:
    """The far end of the street wanders over the picture by the asked share of its width."""
    for index in range(3):
        street = ToyStreet((0, 0, index), *SIZE, difficulty=Difficulty(turn=0.8))
        still = ToyStreet((0, 0, index), *SIZE)
        shifts = [street._plan.fine_camera(t).centre - still._plan.fine_camera(t).centre for t in (0, SIZE[2])]
        assert abs(shifts[1] - shifts[0]) == pytest.approx(2 * 0.8 * SIZE[1])


def test_small_things_own_fewer_pixels() -> None:
    def areas(**difficulty: float) -> int:
        return sum(int((frame.instance > 0).sum()) for index in range(3) for frame in frames_of(index, **difficulty))

    assert 0.1 < areas(small=0.5) / areas() < 0.45


@pytest.mark.parametrize(
    'wrong, message',
    [
        (dict(crossings=7), 'crossings must be between 0 and 6, got 7'),
        (dict(occluders=-1), 'occluders must be between'),
        (dict(lighting=float('nan')), 'lighting must be between'),
        (dict(small=0.9), 'small must be between 0 and 0.7, got 0.9'),
    ],
)
def test_impossible_levels_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Difficulty(**wrong)


def test_options_in_use_are_recorded_with_their_version(tmp_path: Path) -> None:
    small = dict(train=1, val=0, frames=1, height=40, width=96)
    assert make_toy_videos(tmp_path / 'plain', 'kitti-step', ToySpec(**small))
    assert not VERSIONS.keys() & json.loads((tmp_path / 'plain/toy.json').read_text()).keys()
    harder = ToySpec(**small, difficulty=Difficulty(look_alikes=True, blur=0.5))
    root = tmp_path / 'hard'
    assert make_toy_videos(root, 'kitti-step', harder) and not make_toy_videos(root, 'kitti-step', harder)
    card = json.loads((root / 'toy.json').read_text())
    assert card['look_alikes'] == dict(level=True, version=1) and card['blur'] == dict(level=0.5, version=1)
    assert 'turn' not in card
    with pytest.raises(ValueError, match='blur.*there, None asked for'):
        make_toy_videos(root, 'kitti-step', ToySpec(**small))
