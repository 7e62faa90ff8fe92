"""Label files, value by value."""

from pathlib import Path

import numpy as np
import pytest

from knet.labels import CITYSCAPES_PANOPTIC, VIPSEG
from knet.labels.vipseg import VIPSEG_CATEGORIES
from knet.layouts.id_maps import split_id_map
from knet.layouts.images import read_depth
from knet.layouts.segments import encode_segments, read_segments
from knet.layouts.semantic_kitti import read_class_instance
from knet.layouts.vipseg import decode_vipseg, read_vipseg_panoptic
from knet.utils.io import write_png_atomic


def test_vipseg_golden_values() -> None:
    """As the published evaluators decode them: class * 1000 + instance, void 255000."""
    raw = np.array([[0, 200, 1, 2, 4, 122, 300, 301, 500, 6105, 12403]], dtype=np.uint16)
    semantic, instance = split_id_map(decode_vipseg(raw, 'golden'))
    assert (semantic.astype(int) * 1000 + instance).tolist() == [
        [255000, 255000, 0, 1000, 2000, 65000, 66001, 66002, 67001, 83006, 123004]
    ]
    assert semantic.dtype == np.uint8 and instance.dtype == np.int32


def test_every_vipseg_value() -> None:
    """Slowly, from the table of categories."""
    raw = np.arange(1 << 16, dtype=np.uint16)
    meaning = {0: (255, 0), 200: (255, 0)}
    for category, (name, is_thing, _) in enumerate(VIPSEG_CATEGORIES):
        dataset_id = next(c.dataset_id for c in VIPSEG.classes if c.name == name)
        if is_thing:
            meaning.update({(category + 1) * 100 + k: (dataset_id, k + 1) for k in range(100)})
        else:
            meaning[category + 1] = (dataset_id, 0)
    known = np.array(sorted(meaning), dtype=np.uint16)
    pairs = np.stack(split_id_map(decode_vipseg(known, 'x')), axis=1)
    assert [tuple(pair) for pair in pairs.tolist()] == [meaning[value] for value in known.tolist()]
    for value in np.setdiff1d(raw, known)[::97]:
        with pytest.raises(ValueError, match=f'a/b.png: value {value} is no'):
            decode_vipseg(np.array([1, value], dtype=np.uint16), 'a/b.png')


def test_eight_bit_vipseg_is_refused(tmp_path: Path) -> None:
    write_png_atomic(tmp_path / 'a.png', np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match='expected a 16-bit gray label map, found 8-bit gray'):
        read_vipseg_panoptic(tmp_path / 'a.png')


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_class_and_instance_files(tmp_path: Path, dtype: type) -> None:
    write_png_atomic(tmp_path / 'c.png', np.array([[0, 18, 255]], dtype=dtype))
    write_png_atomic(tmp_path / 'i.png', np.array([[3, 0, 65535]], dtype=np.uint16))
    semantic, instance = split_id_map(read_class_instance(tmp_path / 'c.png', tmp_path / 'i.png'))
    assert semantic.tolist() == [[0, 18, 255]] and instance.tolist() == [[3, 0, 65535]]


def test_depth_is_in_metres(tmp_path: Path) -> None:
    write_png_atomic(tmp_path / 'd.png', np.array([[0, 256, 65535]], dtype=np.uint16))
    depth = read_depth(tmp_path / 'd.png')
    assert depth.dtype == np.float32 and depth.tolist() == [[0, 1, 65535 / 256]]
    write_png_atomic(tmp_path / 'd.png', np.zeros((1, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match='expected a 16-bit depth map .* found 8-bit gray'):
        read_depth(tmp_path / 'd.png')


def test_segments_by_hand() -> None:
    semantic = np.array([[0, 0, 13, 13], [0, 255, 13, 11], [255, 255, 13, 11]])
    instance = np.array([[0, 0, 7, 7], [0, 9, 7, 0], [0, 0, 300, 0]])
    rgb, segments = encode_segments(semantic, instance, CITYSCAPES_PANOPTIC, crowd=True)
    road, person, car, other = 1 << 16, 12 << 16, 14 << 16 | 7, 14 << 16 | 300
    assert segments == [
        dict(id=road, category_id=0, area=3, iscrowd=0, bbox=[0, 0, 1, 1]),
        dict(id=person, category_id=11, area=2, iscrowd=1, bbox=[3, 1, 0, 1]),
        dict(id=car, category_id=13, area=3, iscrowd=0, bbox=[2, 0, 1, 1]),
        dict(id=other, category_id=13, area=1, iscrowd=0, bbox=[2, 2, 0, 0]),
    ]
    assert rgb.dtype == np.uint8 and rgb[2, 2].tolist() == [300 % 256, 1, 14] and not rgb[1, 1].any()
    assert encode_segments(semantic, instance, CITYSCAPES_PANOPTIC, crowd=False)[1][1]['iscrowd'] == 0


def test_segments_are_read_back(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    semantic = rng.choice([0, 5, 11, 13, 255], (20, 31)).repeat(2, axis=1)
    instance = np.where(np.isin(semantic, (11, 13)), rng.randint(0, 999, semantic.shape), 0)
    rgb, segments = encode_segments(semantic, instance, CITYSCAPES_PANOPTIC, crowd=True)
    write_png_atomic(tmp_path / 's.png', rgb)
    codes = {s['id']: s['category_id'] << 16 | (s['id'] & 65535) for s in segments}
    for ours, expected in zip(split_id_map(read_segments(tmp_path / 's.png', codes, 255)), (semantic, instance)):
        assert np.array_equal(ours, expected)
    assert sum(s['area'] for s in segments) == (semantic != 255).sum()
    codes.pop(segments[0]['id'])
    with pytest.raises(ValueError, match=rf's\.png: segment id {segments[0]["id"]} is not in the segments_info'):
        read_segments(tmp_path / 's.png', codes, 255)
