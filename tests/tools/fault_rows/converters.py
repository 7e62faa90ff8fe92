"""Faults of labelled frames that ``tools/dataset/frames_to_video.py`` converts."""

from pathlib import Path
from typing import Any, Callable, List, Tuple

import numpy as np

from knet.utils.io import read_json, write_json_atomic, write_png_atomic
from tests.datasets.labelled_clip import source, write_clip
from tests.tools.world import World, change, cut

from .row import Row


def convert(form: str, spoil: Callable[[Path], Any], *args: str) -> Callable[[World], List[Any]]:
    """Return a conversion of a spoiled clip of four frames."""

    def make(world: World) -> List[Any]:
        clip = write_clip(world.tmp / 'clip')
        spoil(clip)
        words = ['dataset/frames_to_video.py', *source(clip, form), '--dst', world.tmp / 'out']
        return [*words, *(args or ('--train', '0-3'))]

    return make


def edit(name: str, action: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Return a function that changes a json file."""

    def spoil(clip: Path) -> None:
        document = read_json(clip / name)
        action(document)
        write_json_atomic(clip / name, document)

    return spoil


def shape(**values: Any) -> Callable[[Path], None]:
    """Return a function that changes a shape of a frame of labelme."""
    return edit('labelme/clip_0002.json', lambda document: document['shapes'][1].update(values))


def nothing(clip: Path) -> None:
    """Leave the clip as it is."""


def _sideways(clip: Path) -> None:
    change(clip / 'classes/1.png', lambda label: np.ascontiguousarray(label.T))


CASES: List[Tuple[str, Callable[[World], List[Any]], str]] = [
    ('no splits', convert('pairs', nothing, '--height', '20'), 'nothing to do'),
    ('a frame in both splits', convert('pairs', nothing, '--train', '0-2', '--val', '2'), 'a frame belongs to one'),
    ('frames that are not labelled', convert('coco', nothing, '--train', '0-9'), r'6 frames are not labelled.*4, 5'),
    (
        'a label space that is unknown',
        convert('pairs', nothing, '--train', '0', '--label-space', 'x'),
        'label space .x.',
    ),
    (
        'a class that the label space lacks',
        convert('coco', edit('coco.json', lambda data: data['categories'][0].update(name='tram'))),
        r"coco\.json: 'tram' is no class of label space 'kitti_step'.*--void 'tram'",
    ),
    (
        'COCO: two images of one frame',
        convert('coco', edit('coco.json', lambda data: data['images'][1].update(file_name='other_0000.jpg'))),
        'frame 0 exists twice',
    ),
    (
        'COCO: an image without number',
        convert('coco', edit('coco.json', lambda data: data['images'][1].update(file_name='x.jpg'))),
        'holds no frame number',
    ),
    (
        'COCO: an annotation of no image',
        convert('coco', edit('coco.json', lambda data: data['annotations'][1].update(image_id=1))),
        'image 1, which is not listed',
    ),
    (
        'COCO: an image without size',
        convert('coco', edit('coco.json', lambda data: data['images'][1].pop('height'))),
        r'coco\.json: .*height',
    ),
    (
        'COCO: an image of another size than its entry',
        convert('coco', edit('coco.json', lambda data: data['images'][1].update(height=33, width=40))),
        r'coco\.json: the mask of annotation 4 is \(32, 48\), its image \(33, 40\)',
    ),
    ('labelme: no file', convert('labelme', lambda clip: [p.unlink() for p in clip.glob('labelme/*')]), 'no .*json'),
    (
        'labelme: a damaged file',
        convert('labelme', lambda clip: cut(clip / 'labelme/clip_0002.json')),
        r'clip_0002\.json: damaged file of labelme',
    ),
    ('labelme: a circle', convert('labelme', shape(shape_type='circle')), r"clip_0002\.json: a 'car' is a circle"),
    (
        'labelme: a polygon of two points',
        convert('labelme', shape(shape_type='polygon')),
        r"clip_0002\.json: a 'car' has 2 points",
    ),
    ('labelme: points that are no pairs', convert('labelme', shape(points=[1, 2])), 'no pairs of numbers'),
    (
        'labelme: a frame without image',
        convert('labelme', lambda clip: (clip / 'images/clip_0003.jpg').unlink()),
        r'clip_0003\.json: there is no image of frame 3',
    ),
    (
        'pairs: a frame without instance map',
        convert('pairs', lambda clip: (clip / 'instances/2.png').unlink()),
        r'classes/2\.png: there is no instance map of frame 2',
    ),
    ('pairs: a map of another size', convert('pairs', _sideways), r'1\.png: size \(32, 48\) differs from \(48, 32\)'),
    (
        'pairs: a class that the label space lacks',
        convert('pairs', lambda clip: change(clip / 'classes/1.png', lambda label: label + 77)),
        r'classes/1\.png: unknown class ids',
    ),
    (
        'RGB labels that are gray',
        convert('panoptic', lambda clip: write_png_atomic(clip / 'panoptic/1.png', np.zeros((32, 48), np.uint8))),
        r'panoptic/1\.png: expected an 8-bit RGB panoptic map',
    ),
    (
        'a truncated image',
        convert('pairs', lambda clip: cut(clip / 'images/clip_0002.jpg')),
        r'clip_0002\.jpg: truncated or damaged JPEG',
    ),
]

ROWS = [Row(fault, make, error=f'error: [^\n]*{pattern}') for fault, make, pattern in CASES]
