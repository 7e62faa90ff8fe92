"""Label spaces: maps between dataset ids and model classes."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.labels import (
    COCO_PANOPTIC,
    KITTI_STEP,
    LABEL_SPACES,
    VIPSEG,
    ClassInfo,
    LabelSpace,
    get_label_space,
    register_label_space,
    space_from_plain,
)


def test_kitti_step_counts_and_order() -> None:
    assert (KITTI_STEP.num_things, KITTI_STEP.num_stuff, KITTI_STEP.num_classes) == (2, 17, 19)
    assert KITTI_STEP.thing_ids == (11, 13)
    assert KITTI_STEP.stuff_ids == (*range(11), 12, *range(14, 19))
    assert KITTI_STEP.names[0] == 'road' and KITTI_STEP.names[13] == 'car'


@pytest.mark.parametrize(
    'name, things, stuff',
    [
        ('kitti_step', 2, 17),
        ('cityscapes_panoptic', 8, 11),
        ('vipseg', 58, 66),
        ('coco', 80, 0),
        ('coco_panoptic', 80, 53),
        ('semantic_kitti', 8, 11),
    ],
)
def test_class_counts_are_those_of_the_data_sets(name: str, things: int, stuff: int) -> None:
    space = LABEL_SPACES[name]
    assert (space.num_things, space.num_stuff) == (things, stuff)
    assert len(set(space.names)) == things + stuff


def test_vipseg_puts_stuff_before_things() -> None:
    by_name = {info.name: info.dataset_id for info in VIPSEG.classes}
    assert (by_name['wall'], by_name['food'], by_name['door'], by_name['train']) == (0, 65, 66, 123)
    assert VIPSEG.model_classes[66] == 0 and VIPSEG.model_classes[0] == 58


def test_coco_keeps_category_ids() -> None:
    by_name = {info.name: info.dataset_id for info in COCO_PANOPTIC.classes}
    assert (by_name['person'], by_name['toothbrush'], by_name['banner'], by_name['rug-merged']) == (1, 90, 92, 200)
    assert COCO_PANOPTIC.model_classes[92] == 80


@pytest.mark.parametrize('space', LABEL_SPACES.values(), ids=LABEL_SPACES)
def test_maps_are_inverse_of_each_other(space: LabelSpace) -> None:
    np.testing.assert_array_equal(space.model_classes[space.dataset_ids], np.arange(space.num_classes))
    assert (space.model_classes >= 0).sum() == space.num_classes


def test_palette_is_that_of_cityscapes() -> None:
    assert tuple(KITTI_STEP.palette[0]) == (128, 64, 128)
    assert tuple(KITTI_STEP.palette[13]) == (0, 0, 142)
    assert tuple(KITTI_STEP.palette[255]) == (0, 0, 0)


def test_own_label_space_is_one_declaration() -> None:
    space = LabelSpace('one_of_each', [ClassInfo('ground', (1, 1, 1), False, 7), ClassInfo('ball', (2, 2, 2), True, 3)])
    register_label_space(space)
    assert get_label_space('one_of_each') is space
    np.testing.assert_array_equal(space.dataset_ids, [3, 7])
    with pytest.raises(KeyError, match='already registered'):
        register_label_space(space)


@pytest.mark.parametrize('ids', [(3, 3), (3, 255), (-1, 2)])
def test_contradictory_ids_are_refused(ids: tuple) -> None:
    with pytest.raises(ValueError, match='label space'):
        LabelSpace('broken', [ClassInfo(str(i), (0, 0, 0), False, i) for i in ids])


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match='kitti_step'):
        get_label_space('kiti_step')


@pytest.mark.parametrize('name', sorted(LABEL_SPACES))
def test_label_spaces_travel_as_plain_data(name: str) -> None:
    space = LABEL_SPACES[name]
    read = space_from_plain(json.loads(json.dumps(space.to_plain())))
    assert (read.name, read.void, read.classes) == (space.name, space.void, space.classes)
    assert np.array_equal(read.palette, space.palette) and np.array_equal(read.model_classes, space.model_classes)


def test_other_data_is_no_label_space() -> None:
    with pytest.raises(ValueError, match='no description of a label space'):
        space_from_plain(dict(name='x', classes=[dict(id=1)], void=255))


def test_a_space_of_some_classes_leaves_out_the_others() -> None:
    space = KITTI_STEP.keep(['car', 'road'], 'cars')
    assert (space.names, space.num_things, space.num_stuff) == (('road', 'car'), 1, 1)
    assert len(space.left_out) == 17 and space.is_part_of(KITTI_STEP) and not KITTI_STEP.numbers_like(space)
    again = space_from_plain(json.loads(json.dumps(space.to_plain())))
    assert again.left_out == space.left_out and again.numbers_like(space)
    assert get_label_space(dict(base='kitti_step', keep=['car', 'road'])).numbers_like(space)


def test_categories_of_a_json_file_are_a_label_space(tmp_path: Path) -> None:
    categories = [dict(id=9, name='boat', color=[1, 2, 3]), dict(id=4, name='water', isthing=0)]
    (tmp_path / 'harbour.json').write_text(json.dumps(dict(images=[], annotations=[], categories=categories)))
    space = get_label_space(str(tmp_path / 'harbour.json'))
    assert (space.name, space.thing_ids, space.stuff_ids) == ('harbour', (9,), (4,))
    assert tuple(space.palette[9]) == (1, 2, 3) and space.palette[4].any()


def test_the_manifest_of_a_folder_is_a_label_space(tmp_path: Path) -> None:
    (tmp_path / 'manifest.json').write_text(json.dumps(dict(meta={}, label_space=VIPSEG.to_plain())))
    assert get_label_space(str(tmp_path / 'manifest.json')).numbers_like(VIPSEG)


KEYS = st.sampled_from(['name', 'id', 'kind', 'classes', 'categories', 'base', 'keep', 'void', 'left_out', 'colour'])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(['thing', 'vspw'])
)


@settings(deadline=None)
@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
        ),
        max_size=4,
    )
)
def test_any_plain_data_is_a_label_space_or_one_error(plain: Any) -> None:
    with contextlib.suppress(ValueError, KeyError, FileNotFoundError):
        assert get_label_space(plain).num_classes >= 1
