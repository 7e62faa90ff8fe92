"""What a layout encodes, it decodes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knet.labels import KITTI_STEP, VIPSEG
from knet.layouts import cityscapes, kitti_step, semantic_kitti, vipseg, vspw
from knet.layouts.id_maps import ID_SHIFT, join_id_map, split_id_map
from knet.utils.io import read_json, write_png_atomic


def maps(things: Any, stuff: Any, void: int, instances: int) -> np.ndarray:
    """Class and instance map (2, 16, 16) with void, stuff and things."""
    rng = np.random.RandomState(0)
    semantic = rng.choice([*things, *stuff, void], (16, 16))
    return np.stack([semantic, np.where(np.isin(semantic, things), rng.randint(1, instances, (16, 16)), 0)])


def test_kitti_step_and_semantic_kitti(tmp_path: Path) -> None:
    semantic, instance = maps(KITTI_STEP.thing_ids, KITTI_STEP.stuff_ids, 255, 60000)
    write_png_atomic(tmp_path / 'p.png', kitti_step.encode_rgb_panoptic(semantic, instance))
    for name, pixels in zip('ci', semantic_kitti.encode_class_instance(semantic, instance)):
        write_png_atomic(tmp_path / f'{name}.png', pixels)
    expected = join_id_map(semantic, instance)
    assert np.array_equal(kitti_step.read_rgb_panoptic(tmp_path / 'p.png'), expected)
    assert np.array_equal(semantic_kitti.read_class_instance(tmp_path / 'c.png', tmp_path / 'i.png'), expected)


def test_vipseg() -> None:
    semantic, instance = maps(VIPSEG.thing_ids, VIPSEG.stuff_ids, 255, 101)
    raw = vipseg.encode_vipseg(semantic, instance)
    assert raw.dtype == np.uint16
    assert np.array_equal(vipseg.decode_vipseg(raw, ''), join_id_map(semantic, instance))
    assert vipseg.encode_vipseg(semantic[semantic > 66], 0 * instance[semantic > 66]).max() == 0, 'crowds are void'


def test_cityscapes_train_ids(tmp_path: Path) -> None:
    semantic, instance = maps((11, 13), (0, 8, 12), 255, 900)
    write_png_atomic(tmp_path / 's.png', semantic.astype(np.uint8))
    write_png_atomic(tmp_path / 'i.png', cityscapes.encode_instances(semantic, instance))
    id_map = cityscapes.read_train_id_panoptic(tmp_path / 's.png', tmp_path / 'i.png')
    assert np.array_equal(id_map, join_id_map(semantic, instance))


def test_vspw(tmp_path: Path) -> None:
    semantic = maps((), range(124), 255, 2)[0]
    write_png_atomic(tmp_path / 'm.png', vspw.encode_classes(semantic))
    id_map = vspw.VSPWGroundTruth.decode(tmp_path / 'm.png')
    assert np.array_equal(split_id_map(id_map)[0], semantic) and not (id_map & ((1 << ID_SHIFT) - 1)).any()


@pytest.mark.parametrize(
    'text, message',
    [
        (None, 'no such pizza. Bake it'),
        ('{', r'damaged pizza \(.*\). Bake it'),
        ('[1]', 'holds no JSON object; it is no pizza. Bake it'),
        ('{"a": 1}', "has no 'b', 'c'; it is no pizza. Bake it"),
    ],
)
def test_read_json_names_file_and_remedy(tmp_path: Path, text: Any, message: str) -> None:
    path = tmp_path / 'x.json'
    if text is not None:
        path.write_text(text)
    with pytest.raises((FileNotFoundError, ValueError), match=f'x.json: {message}'):
        read_json(path, 'a', 'b', 'c', what='pizza', remedy='Bake it.')
    path.write_text(json.dumps(dict(a=1, b=2, c=3)))
    assert read_json(path, 'a', 'b', 'c') == dict(a=1, b=2, c=3)
