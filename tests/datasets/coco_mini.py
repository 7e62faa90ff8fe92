"""Two images in COCO's form whose scores can be computed by hand."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from knet.labels import COCO_PANOPTIC
from knet.layouts.coco import encode_mask, ids_to_rgb
from knet.structures import InstancePrediction, PanopticPrediction, Segment

from .conftest import save_png

SIZE = (40, 60)
PERSON, CAR, SKY, ROAD, GRASS = 1, 3, 187, 149, 193
#: (category, crowd, rows, columns), painted in this order; ids count from 1, the rest is void.
Paint = Tuple[int, int, slice, slice]
IMAGES: Tuple[Tuple[Paint, ...], ...] = (
    (
        (SKY, 0, slice(0, 20), slice(0, 60)),
        (ROAD, 0, slice(20, 38), slice(0, 60)),
        (CAR, 0, slice(22, 32), slice(5, 25)),
        (PERSON, 0, slice(18, 34), slice(40, 46)),
        (PERSON, 1, slice(20, 24), slice(50, 58)),
    ),
    ((SKY, 0, slice(0, 20), slice(0, 60)), (GRASS, 0, slice(20, 40), slice(0, 60))),
)


def paint(paints: Tuple[Paint, ...]) -> np.ndarray:
    """(H, W) int32 ids."""
    ids = np.zeros(SIZE, dtype=np.int32)
    for number, (_, _, rows, columns) in enumerate(paints, 1):
        ids[rows, columns] = number
    return ids


def is_thing(category: int) -> bool:
    return category in [info.dataset_id for info in COCO_PANOPTIC.things]


def categories(things_only: bool) -> List[Dict[str, Any]]:
    return [
        dict(id=c.dataset_id, name=c.name, isthing=int(c.is_thing))
        for c in COCO_PANOPTIC.classes
        if c.is_thing or not things_only
    ]


def annotate() -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Instance and panoptic json of the two images, with ids 7 and 9."""
    images = [dict(id=7 + 2 * i, file_name=f'{7 + 2 * i:012d}.png', height=SIZE[0], width=SIZE[1]) for i in range(2)]
    instances, panoptic = [], []
    for image, paints in zip(images, IMAGES):
        ids, segments = paint(paints), []
        for number, (category, crowd, _, _) in enumerate(paints, 1):
            mask = ids == number
            ys, xs = np.nonzero(mask)
            box = [int(v) for v in (xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1)]
            segments.append(dict(id=number, category_id=category, iscrowd=crowd, area=int(mask.sum()), bbox=box))
            if is_thing(category):
                instances.append(
                    dict(segments[-1], id=len(instances) + 1, image_id=image['id'], segmentation=encode_mask(mask))
                )
        panoptic.append(dict(image_id=image['id'], file_name=image['file_name'], segments_info=segments))
    return (
        dict(images=images, annotations=instances, categories=categories(True)),
        dict(images=images, annotations=panoptic, categories=categories(False)),
    )


def make_coco(root: Path, change: Callable[[Dict, Dict], None] = lambda instances, panoptic: None) -> Path:
    """Write the data set; ``change`` may spoil the content of the two json files."""
    rng = np.random.RandomState(0)
    values = {info.dataset_id: 0 for info in COCO_PANOPTIC.things}
    values.update({info.dataset_id: i for i, info in enumerate(COCO_PANOPTIC.stuff, 1)})
    for number, paints in zip((7, 9), IMAGES):
        name, ids = f'{number:012d}.png', paint(paints)
        stuff = np.array([255] + [values[p[0]] for p in paints], dtype=np.uint8)[ids]
        save_png(root / 'val2017' / name, rng.randint(0, 256, (*SIZE, 3), dtype=np.uint8))
        save_png(root / 'panoptic_val2017' / name, ids_to_rgb(ids))
        save_png(root / 'panoptic_stuff_val2017' / name, stuff)
    instances, panoptic = annotate()
    change(instances, panoptic)
    (root / 'annotations').mkdir(parents=True, exist_ok=True)
    (root / 'annotations' / 'instances_val2017.json').write_text(json.dumps(instances))
    (root / 'annotations' / 'panoptic_val2017.json').write_text(json.dumps(panoptic))
    return root


def predict(paints: Tuple[Paint, ...], scores: Tuple[float, ...]) -> PanopticPrediction:
    """Return a prediction that consists of these regions; crowds become holes."""
    ids = paint(paints)
    ids[np.isin(ids, [i for i, p in enumerate(paints, 1) if p[1]])] = 0
    paints = tuple(p for p in paints if not p[1])
    segments = [
        Segment(id=i, category=c, is_thing=is_thing(c), score=s, area=int((ids == i).sum()), kernel=0)
        for i, ((c, _, _, _), s) in enumerate(zip(paints, scores), 1)
    ]
    semantic = np.array([255] + [s.category for s in segments], dtype=np.uint8)[ids]
    things = np.array([0] + [s.id * s.is_thing for s in segments], dtype=np.int32)[ids]
    return PanopticPrediction(semantic, things, ids, segments)


def perfect() -> List[PanopticPrediction]:
    """Return the ground truth as predictions, without the crowd."""
    return [predict(paints, (1.0,) * len(paints)) for paints in IMAGES]


def imperfect() -> List[PanopticPrediction]:
    """Return predictions with the car four columns too far right, road on crowd and void, and one person too many.

    The additional person is in the second image.
    """
    return [
        predict(
            (
                (SKY, 0, slice(0, 20), slice(0, 60)),
                (ROAD, 0, slice(20, 40), slice(0, 60)),
                (CAR, 0, slice(22, 32), slice(9, 29)),
                (PERSON, 0, slice(18, 34), slice(40, 46)),
            ),
            (1, 1, 0.9, 0.8),
        ),
        predict(
            (
                (SKY, 0, slice(0, 20), slice(0, 60)),
                (GRASS, 0, slice(20, 40), slice(0, 60)),
                (PERSON, 0, slice(25, 35), slice(10, 20)),
            ),
            (1, 1, 0.5),
        ),
    ]


def as_instances(prediction: PanopticPrediction) -> InstancePrediction:
    """Return the things of a panoptic map, best first."""
    things = sorted((s for s in prediction.segments if s.is_thing), key=lambda s: -s.score)
    labels = COCO_PANOPTIC.model_classes[np.array([s.category for s in things], dtype=int)]
    masks = np.zeros((len(things), *SIZE), dtype=bool)
    for mask, thing in zip(masks, things):
        mask[:] = prediction.panoptic == thing.id
    return InstancePrediction(np.array([s.score for s in things], dtype=np.float32), labels, masks)
