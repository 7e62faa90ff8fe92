"""Label spaces: maps between dataset ids and model classes."""
import numpy as np
import pytest

from knet.labels import KITTI_STEP, ClassInfo, LabelSpace, get_label_space, register_label_space


def test_kitti_step_counts_and_order() -> None:
    assert (KITTI_STEP.num_things, KITTI_STEP.num_stuff, KITTI_STEP.num_classes) == (2, 17, 19)
    assert KITTI_STEP.thing_ids == (11, 13)
    assert KITTI_STEP.stuff_ids == (*range(11), 12, *range(14, 19))
    assert KITTI_STEP.names[0] == 'road' and KITTI_STEP.names[13] == 'car'


def test_maps_are_inverse_of_each_other() -> None:
    classes = np.arange(KITTI_STEP.num_classes)
    np.testing.assert_array_equal(KITTI_STEP.model_classes[KITTI_STEP.dataset_ids], classes)
    assert (KITTI_STEP.model_classes[19:] == -1).all()


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
