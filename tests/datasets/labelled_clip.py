"""One small clip in every form that label tools write."""

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from knet.layouts.coco import encode_mask
from knet.layouts.kitti_step import encode_rgb_panoptic
from knet.utils.io import write_jpeg_atomic, write_json_atomic, write_png_atomic

ROAD, CAR, PERSON = 0, 13, 11
SIZE, FRAMES = (32, 48), 4
#: Class name, dataset id, track, and x0, y0, x1, y1 of the objects of a frame, later ones over earlier ones.
Box = Tuple[str, int, int, Tuple[int, int, int, int]]


def boxes(frame: int) -> List[Box]:
    """Return road, a car that moves, and a person that is there from frame 1 on; the top of the picture is void."""
    found: List[Box] = [('road', ROAD, 0, (0, 10, 48, 32)), ('car', CAR, 5, (4 * frame, 12, 4 * frame + 12, 20))]
    return found + ([('person', PERSON, 9, (36, 10, 40, 26))] if frame else [])


def maps(frame: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return class and instance map, (H, W) uint8."""
    semantic, instance = np.full(SIZE, 255, np.uint8), np.zeros(SIZE, np.uint8)
    for _, dataset_id, track, (x0, y0, x1, y1) in boxes(frame):
        semantic[y0:y1, x0:x1], instance[y0:y1, x0:x1] = dataset_id, track
    return semantic, instance


def mask(box: Tuple[int, int, int, int]) -> np.ndarray:
    """Return an (H, W) bool mask."""
    x0, y0, x1, y1 = box
    result = np.zeros(SIZE, dtype=bool)
    result[y0:y1, x0:x1] = True
    return result


def coco(tracks: bool = True) -> Dict[str, Any]:
    """Return the clip as COCO json; the masks are run lengths, the road is a polygon."""
    data: Dict[str, Any] = dict(images=[], annotations=[])
    data['categories'] = [dict(id=number, name=name) for number, name in enumerate(('car', 'road', 'person'), 1)]
    ids = {category['name']: category['id'] for category in data['categories']}
    for frame in range(FRAMES):
        data['images'].append(dict(id=frame + 50, file_name=f'clip_{frame:04d}.jpg', height=SIZE[0], width=SIZE[1]))
        for name, _, track, (x0, y0, x1, y1) in boxes(frame):
            code: Any = encode_mask(mask((x0, y0, x1, y1)))
            if name == 'road':
                code = [[x0, y0, x1, y0, x1, y1, x0, y1]]
            entry = dict(id=len(data['annotations']) + 1, image_id=frame + 50, category_id=ids[name], segmentation=code)
            if tracks:
                entry['attributes'] = dict(track_id=track)
            data['annotations'].append(dict(entry, area=(x1 - x0) * (y1 - y0)))
    return data


def labelme(frame: int) -> Dict[str, Any]:
    """Return the json of a frame; things are rectangles, the road is a polygon."""
    shapes = []
    for name, _, track, (x0, y0, x1, y1) in boxes(frame):
        shape: Dict[str, Any] = dict(
            label=name, group_id=track or None, shape_type='rectangle', points=[(x0, y0), (x1, y1)]
        )
        if name == 'road':
            shape.update(shape_type='polygon', points=[(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        shapes.append(shape)
    return dict(
        shapes=shapes, imagePath=f'clip_{frame:04d}.jpg', imageHeight=SIZE[0], imageWidth=SIZE[1], imageData=None
    )


def write_clip(root: Path) -> Path:
    """Write images and all forms of labels below a folder."""
    for frame in range(FRAMES):
        semantic, instance = maps(frame)
        write_jpeg_atomic(root / f'images/clip_{frame:04d}.jpg', np.dstack([semantic] * 3))
        write_png_atomic(root / f'classes/{frame}.png', semantic)
        write_png_atomic(root / f'instances/{frame}.png', instance.astype(np.uint16))
        write_png_atomic(root / f'panoptic/{frame}.png', encode_rgb_panoptic(semantic, instance))
        (root / 'labelme').mkdir(exist_ok=True)
        (root / f'labelme/clip_{frame:04d}.json').write_text(json.dumps(labelme(frame)))
    write_json_atomic(root / 'coco.json', coco())
    return root


def source(clip: Path, form: str) -> List[Any]:
    """Return the options that name a source."""
    places = dict(coco=['coco.json'], labelme=['labelme'], pairs=['classes', 'instances'], panoptic=['panoptic'])
    return [f'--{form}', *(clip / name for name in places[form]), '--images', clip / 'images']
