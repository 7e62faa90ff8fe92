"""Converters of COCO and Cityscapes on toy streets and on hand-made pictures."""

import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List

import numpy as np
import pytest

from knet.datasets import CityscapesSTEP
from knet.layouts.cityscapes import read_train_id_panoptic
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_png, write_json_atomic, write_png_atomic

from .conftest import ROOT

pytestmark = pytest.mark.slow

SPEC = ToySpec(train=1, val=1, frames=2, height=64, width=160, crowd=1.0, void=1.0)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The three converters as attributes."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools' / 'dataset'))
    import cityscapes_instance_idmap
    import cityscapes_panoptic
    import coco_panoptic_stuff

    module = ModuleType('tools')
    module.stuff, module.idmap, module.panoptic = coco_panoptic_stuff, cityscapes_instance_idmap, cityscapes_panoptic
    return module


@pytest.fixture(scope='module')
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy streets as COCO and Cityscapes are downloaded; nobody may write there."""
    root = tmp_path_factory.mktemp('downloads')
    make_toy_videos(root / 'coco', 'coco', SPEC)
    make_toy_videos(root / 'city', 'cityscapes-panoptic', SPEC)
    return root


def listing(root: Path) -> Dict[str, int]:
    """Modification times of all files."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob('*') if path.is_file()}


# ---------------------------------------------------------------- COCO
def stuff_args(downloads: Path, out: Path) -> List[str]:
    return ['--src', str(downloads / 'coco'), '--dst', str(out), '--splits', 'train2017', 'val2017', '--nproc', '2']


def test_stuff_maps(tools: ModuleType, downloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    argv = stuff_args(downloads, tmp_path)
    assert tools.stuff.main([*argv, '--dry-run']) == 0 and not listing(tmp_path)
    assert tools.stuff.main(argv) == 0
    first = listing(tmp_path)
    assert sorted(first) == [
        f'panoptic_stuff_{split}/{number:012d}.png'
        for split, number in (('train2017', 0), ('train2017', 1), ('val2017', 5000000), ('val2017', 5000001))
    ]
    assert set(np.unique(read_png(tmp_path / min(first)))) <= {0, 21, 37, 40, 44, 46, 50, 255}
    assert tools.stuff.main(argv) == 0 and listing(tmp_path) == first
    assert 'train2017: 2 maps, 2 were there already' in capsys.readouterr().out


def test_stuff_map_by_hand(tools: ModuleType, tmp_path: Path) -> None:
    """Banner is the first class of stuff, rug the last; a dog is a thing, the corner void."""
    colours = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]], dtype=np.uint8)
    write_png_atomic(tmp_path / 'panoptic_x' / 'a.png', colours)
    write_json_atomic(
        tmp_path / 'annotations' / 'panoptic_x.json',
        dict(
            categories=[dict(id=c.dataset_id, name=c.name) for c in tools.stuff.COCO_PANOPTIC.classes],
            annotations=[
                dict(
                    image_id=1,
                    file_name='a.png',
                    segments_info=[
                        dict(id=1, category_id=92),
                        dict(id=256, category_id=18),
                        dict(id=65536, category_id=200),
                    ],
                )
            ],
        ),
    )
    assert tools.stuff.main(['--src', str(tmp_path), '--splits', 'x']) == 0
    assert read_png(tmp_path / 'panoptic_stuff_x' / 'a.png').tolist() == [[1, 0, 53, 255]]


def test_stuff_refusals(tools: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_toy_videos(tmp_path / 'coco', 'coco', ToySpec(train=1, val=0, frames=2, height=64, width=64))
    root, argv = tmp_path / 'coco', ['--src', str(tmp_path / 'coco'), '--nproc', '1']
    with pytest.raises(FileNotFoundError, match='panoptic_test2017.json: no such annotation file'):
        tools.stuff.main([*argv, '--splits', 'test2017'])
    png = root / 'panoptic_train2017' / '000000000001.png'
    write_png_atomic(png, np.full((64, 64, 3), 9, np.uint8))
    with pytest.raises(ValueError, match='000000000001.png: segment id 592137 is not in the segments_info'):
        tools.stuff.main(argv)
    png.unlink()
    assert tools.stuff.main(argv) == 1
    assert 'missing: ' in capsys.readouterr().err


# ---------------------------------------------------------------- Cityscapes, polygons
def square(label: str, x0: int, y0: int, x1: int, y1: int, **more: Any) -> Dict[str, Any]:
    return dict(label=label, polygon=[[x0, y0], [x1, y0], [x1, y1], [x0, y1]], **more)


def test_polygons_by_hand(tools: ModuleType) -> None:
    """Later over earlier, groups without a number, deleted and plates not drawn, trailers void, outlines filled."""
    semantic, instance = tools.idmap.draw_maps(
        dict(
            imgWidth=12,
            imgHeight=4,
            objects=[
                square('road', 0, 0, 11, 3),
                square('car', 0, 0, 1, 1),
                square('car', 2, 0, 3, 1),
                square('persongroup', 4, 0, 5, 1),
                square('person', 5, 0, 6, 1),
                square('trailer', 8, 0, 9, 1),
                square('polegroup', 10, 0, 11, 0),
                square('sky', 0, 2, 11, 3, deleted=1),
                square('license plate', 0, 3, 3, 3),
            ],
        ),
        'a.json',
    )
    assert semantic.dtype == np.uint8 and instance.dtype == np.uint16
    assert semantic[0].tolist() == [13, 13, 13, 13, 11, 11, 11, 0, 255, 255, 255, 255]
    assert instance[0].tolist() == [13000, 13000, 13001, 13001, 11, 11000, 11000, 0, 255, 255, 255, 255]
    assert semantic[2:].tolist() == instance[2:].tolist() == [[0] * 12] * 2


def test_idmaps(tools: ModuleType, downloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Written where -o says, once; outlines of the toy street give its regions back almost everywhere."""
    argv = [str(downloads / 'city'), '-o', str(tmp_path / 'gtFine'), '--nproc', '2']
    assert tools.idmap.main([*argv, '--dry-run']) == 0 and not listing(tmp_path)
    assert tools.idmap.main(argv) == 0
    first = listing(tmp_path)
    assert len(first) == 4 * 2 and all(name.endswith('TrainIds.png') for name in first)
    assert tools.idmap.main(['--src', str(downloads / 'city'), '--dst', str(tmp_path / 'gtFine')]) == 0
    assert listing(tmp_path) == first
    out = capsys.readouterr().out
    assert '4 images with polygons, 4 were converted already' in out and 'train: 2 images are complete (the rel' in out
    os.symlink(str(downloads / 'city' / 'leftImg8bit'), str(tmp_path / 'leftImg8bit'))
    data = CityscapesSTEP([], str(tmp_path), split='val')
    semantic, instance = data.read_panoptic(0)
    ids = read_png(str(downloads / 'city' / 'gtFine/val/toystreet/toystreet_005000_000000_gtFine_instanceIds.png'))
    table = np.full(34, 255)
    for label in tools.idmap.LABELS[:-1]:
        table[label.id] = label.train_id
    assert (table[np.where(ids >= 1000, ids // 1000, ids)] == semantic).mean() > 0.97
    assert len(np.unique(instance)) > 3
    assert read_train_id_panoptic(*data.records[0].annotation).shape == semantic.shape


@pytest.mark.parametrize(
    'text, message',
    [
        ('{"imgWidth": 3', 'damaged polygon file'),
        ('{"objects": []}', 'no imgWidth, imgHeight'),
        ('[]', 'holds no JSON object; it is no polygon file'),
        (json.dumps(dict(imgWidth=4, imgHeight=4, objects=[square('unicorn', 0, 0, 1, 1)])), "unknown label 'unicorn'"),
    ],
)
def test_bad_polygons(tools: ModuleType, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'gtFine').mkdir()
    (tmp_path / 'gtFine' / 'a_gtFine_polygons.json').write_text(text)
    with pytest.raises(ValueError, match=f'a_gtFine_polygons.json: {message}'):
        tools.idmap.main([str(tmp_path)])
    assert len(listing(tmp_path)) == 1


def test_no_polygons(tools: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'gtFine: no \*_polygons.json below it. Unpack gtFine_trainvaltest'):
        tools.idmap.main([str(tmp_path)])


# ---------------------------------------------------------------- Cityscapes, json files
def test_segments_by_hand(tools: ModuleType) -> None:
    """A car, a group of cars, road, and a trailer, which is not evaluated."""
    ids = np.array([[26000, 26000, 26, 7], [26000, 26000, 26, 28001], [30000, 30000, 7, 7]], np.int32)
    segments = tools.panoptic.segments_of(ids, 'x.png')
    assert [(s['id'], s['category_id'], s['area'], s['bbox'], s['iscrowd']) for s in segments] == [
        (7, 7, 3, [2, 0, 2, 3], 0),
        (26, 26, 2, [2, 0, 1, 2], 1),
        (26000, 26, 4, [0, 0, 2, 2], 0),
        (28001, 28, 1, [3, 1, 1, 1], 0),
    ]
    with pytest.raises(ValueError, match='x.png: 40000 is no instance id of Cityscapes'):
        tools.panoptic.segments_of(np.full((2, 2), 40000), 'x.png')


def test_panoptic_json_files(tools: ModuleType, downloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    os.symlink(str(downloads / 'city' / 'leftImg8bit'), str(tmp_path / 'leftImg8bit'))
    for path in (downloads / 'city' / 'gtFine').rglob('*.*'):
        target = tmp_path / path.relative_to(downloads / 'city')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    argv = ['--src', str(tmp_path), '--nproc', '2']
    assert tools.panoptic.main(argv) == 1
    assert 'label maps, the first is' in capsys.readouterr().err and not (tmp_path / 'annotations').exists()
    assert tools.idmap.main([str(tmp_path)]) == 0
    assert tools.panoptic.main([*argv, '--dry-run']) == 0 and not (tmp_path / 'annotations').exists()
    assert tools.panoptic.main(argv) == 0
    first = listing(tmp_path)
    panoptic = json.loads((tmp_path / 'annotations' / 'cityscapes_panoptic_val.json').read_text())
    instances = json.loads((tmp_path / 'annotations' / 'instancesonly_filtered_gtFine_val.json').read_text())
    assert len(panoptic['categories']) == 19 and [c['id'] for c in instances['categories']] == [
        24,
        25,
        26,
        27,
        28,
        31,
        32,
        33,
    ]
    assert {ann['image_id'] for ann in panoptic['annotations']} == {f'toystreet_005000_00000{i}' for i in range(2)}
    assert any(ann['iscrowd'] for ann in instances['annotations'])
    assert tools.panoptic.main(argv) == 0 and listing(tmp_path) == first
    assert 'val: was converted already' in capsys.readouterr().out


def test_no_instance_ids(tools: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'gtFine/train: no <city>/\*_gtFine_instanceIds.png in it'):
        tools.panoptic.main(['--src', str(tmp_path)])
