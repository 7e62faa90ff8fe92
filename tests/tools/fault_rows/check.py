"""Faults of a data set that ``tools/check_dataset.py`` finds before a training: all of them, not only the first."""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any, Callable, List

import numpy as np

from knet.labels import COCO_PANOPTIC, YOUTUBE_VIS_2019, get_label_space
from knet.layouts.check import DataCheck, check_layout
from knet.layouts.check_json import check_annotations
from knet.layouts.coco_video import per_frame
from knet.layouts.registry import LAYOUTS
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_png, write_json_atomic
from tests.datasets.coco_mini import make_coco
from tests.tools.world import World, change, cut, every, paint
from tests.vis.vis_mini import write_official

from .row import Row


def command(world: World, spoil: Callable[[Path], Any], *args: Any) -> List[Any]:
    """Command line of the check of a spoiled training split."""
    root = world.data('train', spoil)
    options = ['--cfg-options', f'data.train.dataset.data_root={root}']
    return ['check_dataset.py', world.config, '--parts', 'train', '--nproc', '2', *args, *options]


def spoil_four(folder: Path) -> None:
    """Give each of four frames of a video a fault of its own."""
    images = sorted(folder.glob('*_leftImg8bit.png'))[:4]
    labels = [image.with_name(image.name.replace('leftImg8bit', 'panoptic')) for image in images]
    cut(images[0])
    paint(77)(labels[1])
    labels[2].unlink()
    change(labels[3], lambda label: label[:20])


def resize_one(folder: Path) -> None:
    """Make the second frame of a video smaller, image and labels."""
    for ending in ('leftImg8bit', 'panoptic'):
        change(sorted(folder.glob(f'*_{ending}.png'))[1], lambda array: np.ascontiguousarray(array[:40]))


def spoilt(name: str, spoil: Callable[[Path], Any]) -> Callable[[World], Callable[[], DataCheck]]:
    """Return a check of two videos of two frames in a layout that are spoiled."""

    def make(world: World) -> Callable[[], DataCheck]:
        layout = LAYOUTS[name]
        make_toy_videos(world.tmp / 'data', name, ToySpec(train=1, val=2, frames=2, height=48, width=96))
        spoil(world.tmp / 'data')
        return lambda: check_layout(layout, world.tmp / 'data', 'val', get_label_space(layout.label_space))

    return make


vipseg = partial(spoilt, 'vipseg')


def coco(edit: Callable[[Any], Any], spoil: Callable[[Path], Any] = lambda root: None) -> Any:
    """Return a check of two images in COCO's form whose instance json is changed."""

    def make(world: World) -> Callable[[], DataCheck]:
        root = make_coco(world.tmp / 'data', lambda instances, panoptic: edit(instances))
        spoil(root)
        return lambda: check_annotations(
            root / 'annotations/instances_val2017.json', root / 'val2017', COCO_PANOPTIC, nproc=2
        )

    return make


def clips(edit: Callable[[Any], Any]) -> Any:
    """Return a check of videos with one entry per object and frame whose json is changed."""

    def make(world: World) -> Callable[[], DataCheck]:
        root = write_official(world.tmp / 'data')
        data = per_frame(json.loads((root / 'train.json').read_text()))
        edit(data)
        write_json_atomic(root / 'frames.json', data)
        images = root / 'train/JPEGImages'
        return lambda: check_annotations(root / 'frames.json', images, YOUTUBE_VIS_2019, videos=True)

    return make


def finds(*patterns: str) -> Callable[[World, DataCheck], None]:
    """Return an assertion that exactly these problems are found, in this order."""

    def expect(world: World, result: DataCheck) -> None:
        assert len(result.problems) == len(patterns), result.problems
        for problem, pattern in zip(result.problems, patterns):
            assert re.search(pattern, problem), problem

    return expect


def counted(world: World, output: str) -> None:
    """Assert that images, objects and pixels of a class are those of the files."""
    labels = [read_png(path) for path in sorted((world.street / 'video_sequence/train').glob('*panoptic.png'))]
    cars = [label[..., 0] == 13 for label in labels]
    row = next(line.split() for line in output.splitlines() if line.startswith('car '))
    share = sum(car.sum() for car in cars) / sum((label[..., 0] != 255).sum() for label in labels)
    assert row[1:3] == ['13', str(sum(car.any() for car in cars))] and row[-1] == f'{100 * share:.2f}'
    assert 'no problem found' in output and 'without any label: wall' in output


ROWS = [
    Row('nothing at all', lambda w: command(w, lambda folder: None), expect=counted),
    Row(
        'four faults in four frames',
        lambda w: command(w, spoil_four),
        error=r'problem: \S*leftImg8bit\.png: truncated.*'
        r'problem: \S*panoptic\.png: unknown class ids \[77\].*'
        r'problem: \S*panoptic\.png: no such label map.*'
        r'problem: \S*panoptic\.png: size \(20, 160\) differs from \(64, 160\).*'
        'error: 4 problems in the data',
    ),
    Row(
        'a frame of another size in a video',
        lambda w: command(w, resize_one),
        error=r'problem: \S*leftImg8bit\.png: size \(40, 160\) differs from \(64, 160\).*error: 1 problem in',
    ),
    Row(
        'more problems than are printed',
        lambda w: command(w, every('*panoptic.png', paint(77)), '--limit', '3'),
        error=r'(problem: \S*panoptic\.png: unknown[^\n]*\n){3}problem: ... and 5 more; --limit 8 shows all',
    ),
    Row(
        'a split that is empty',
        lambda w: command(w, every('*', Path.unlink)),
        error='problem: .*The split .train. is empty',
    ),
    Row(
        'a data set of an unknown type',
        lambda w: ['check_dataset.py', w.config, '--cfg-options', 'data.val.type=Harbour'],
        error=r"data set 'Harbour' cannot be checked.*custom_imports",
    ),
    Row(
        'VIPSeg: one image truncated, one label map of 8 bits',
        vipseg(
            lambda root: (
                cut(root / 'images/5000_toystreet/00000000.jpg'),
                change(root / 'panomasks/5001_toystreet/00000001.png', lambda label: label.astype(np.uint8)),
            )
        ),
        expect=finds('00000000.jpg: truncated', r'5001_toystreet.00000001.png: expected a 16-bit gray label map'),
    ),
    Row(
        'VIPSeg: a label map without image',
        vipseg(lambda root: (root / 'images/5001_toystreet/00000001.jpg').unlink()),
        expect=finds('00000001.png: there is no .*00000001.jpg'),
    ),
    Row(
        'VIPSeg: a label map without image, and a label map that means nothing in another video',
        vipseg(
            lambda root: (
                (root / 'images/5001_toystreet/00000001.jpg').unlink(),
                change(root / 'panomasks/5000_toystreet/00000000.png', lambda label: label * 0 + 3),
            )
        ),
        expect=finds('00000001.png: there is no .*00000001.jpg', '00000000.png: value 3 is no VIPSeg label'),
    ),
    Row(
        'KITTI-STEP: label maps without image, and one that holds an unknown class',
        spoilt(
            'kitti-step',
            lambda root: (
                [path.unlink() for path in root.glob('video_sequence/val/005001_*_leftImg8bit.png')],
                paint(77)(root / 'video_sequence/val/005000_000000_panoptic.png'),
            ),
        ),
        expect=finds(
            r'005001_000000_panoptic\.png: there is no \S*005001_000000_leftImg8bit\.png \(2 label maps are without',
            r'005000_000000_panoptic\.png: unknown class ids \[77\]',
        ),
    ),
    Row(
        'SemanticKITTI: a label map without image',
        spoilt('semantic-kitti', lambda root: (root / 'video_sequence/val/005001_000001_leftImg8bit.png').unlink()),
        expect=finds(r'005001_000001_gtFine_class\.png: there is no \S*005001_000001_leftImg8bit\.png \(1 label maps'),
    ),
    Row(
        'VSPW: a mask without image',
        spoilt('vspw', lambda root: (root / 'data/5001_toystreet/origin/00000002.jpg').unlink()),
        expect=finds(r'mask/00000002\.png: there is no \S*origin/00000002\.jpg \(1 label maps are without image\)'),
    ),
    Row(
        'VSPW: a video without masks',
        spoilt('vspw', lambda root: shutil.rmtree(root / 'data/5000_toystreet/mask')),
        expect=finds(
            '5000_toystreet/mask: no such folder', '00000001.png: no such label', '00000002.png: no such label'
        ),
    ),
    Row(
        'VIPSeg: a damaged image, a listed video without images, and one without label maps',
        vipseg(
            lambda root: (
                cut(root / 'images/5000_toystreet/00000000.jpg'),
                shutil.rmtree(root / 'images/5001_toystreet'),
                shutil.rmtree(root / 'panomasks/5000_toystreet'),
            )
        ),
        expect=finds(
            'panomasks/5000_toystreet: no such folder',
            'images/5001_toystreet: no such folder',
            '00000000.jpg: truncated',
            '00000000.png: no such label map',
            '00000001.png: no such label map',
        ),
    ),
    Row(
        'COCO: a mask of another size, an image of another size, an image that is absent',
        coco(
            lambda data: (
                data['annotations'][0]['segmentation'].update(size=[60, 40]),
                data['images'][0].update(height=41),
                data['images'][1].update(file_name='absent.png'),
            )
        ),
        expect=lambda w, result: finds(
            r'the image is \(40, 60\), the entry',
            *[f'the mask of annotation {number} is' for number in (1, 2, 3)],
            'absent.png',
        )(w, result),
    ),
    Row(
        'COCO: an annotation of no image, an annotation that is no object',
        coco(lambda data: (data['annotations'][0].update(image_id=3), data['annotations'].append(None))),
        expect=finds('not as in COCO|is no JSON object'),
    ),
    Row(
        'COCO: a category that the label space lacks',
        coco(lambda data: data['categories'].append(dict(id=200, name='boat of mine'))),
        expect=finds('boat of mine unknown'),
    ),
    Row(
        'YouTube-VIS: an instance that changes its class',
        clips(lambda data: data['annotations'][0].update(category_id=6)),
        expect=finds('changes its category'),
    ),
    Row(
        'no json file',
        lambda w: lambda: check_annotations(w.tmp / 'a.json', w.tmp, COCO_PANOPTIC),
        expect=finds('no such annotation file'),
    ),
]
