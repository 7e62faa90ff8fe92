"""Small data sets in three or fewer classes of their own, in the layouts of five benchmarks."""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np

from knet.labels import LabelSpace, get_label_space
from knet.layouts import coco, kitti_step, vipseg, vspw, youtube_vis
from knet.layouts.files import write_video_list
from knet.layouts.segments import encode_segments
from knet.utils.io import write_jpeg_atomic, write_json_atomic, write_png_atomic

SIZE = (64, 96)
FRAMES = 3
VIDEOS = dict(train=(4, 5), val=(9,))

#: Classes: name, kind, id. Ids do not begin with 0, and VIPSeg's value 200 is a thing here.
NO_STUFF = (('boat', 'thing', 3), ('buoy', 'thing', 7), ('gull', 'thing', 12))
STUFF_ONLY = (('water', 'stuff', 3), ('quay', 'stuff', 7), ('sky', 'stuff', 12))
MIXED = (('boat', 'thing', 1), ('water', 'stuff', 4), ('quay', 'stuff', 30))
ONE_THING = (('boat', 'thing', 5),)
ONE_STUFF = (('water', 'stuff', 5),)

Classes = Tuple[Tuple[str, str, int], ...]


def write_space(path: Path, classes: Classes) -> LabelSpace:
    """Write the JSON file of a label space, and return the space."""
    write_json_atomic(path, dict(classes=[dict(id=i, name=name, kind=kind) for name, kind, i in classes]))
    return get_label_space(str(path))


def scene(space: LabelSpace, video: int, frame: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return class ids and instance ids, (H, W), and a picture, (H, W, 3) uint8 RGB.

    Stuff lies in bands, and two objects of every thing move over it; without stuff the rest is void.
    """
    semantic, instance = np.full(SIZE, space.void, np.uint8), np.zeros(SIZE, np.int32)
    for number, info in enumerate(space.stuff):
        semantic[SIZE[0] * number // len(space.stuff) :] = info.dataset_id
    for number, info in enumerate(space.things):
        for one in (1, 2):
            y, x = 4 + 20 * number, 4 + 44 * (one - 1) + 3 * frame + video
            semantic[y : y + 16, x : x + 24], instance[y : y + 16, x : x + 24] = info.dataset_id, one
    noise = np.random.RandomState(video * 100 + frame).randint(0, 30, (*SIZE, 3))
    return semantic, instance, np.clip(space.palette[semantic] // 2 + 40 + noise, 0, 255).astype(np.uint8)


def frames(space: LabelSpace, split: str) -> Iterator[Tuple[int, int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield video, frame, class ids, instance ids and picture of every frame of a split."""
    for video in VIDEOS[split]:
        for frame in range(FRAMES):
            yield (video, frame, *scene(space, video, frame))


def write_kitti_step(root: Path, space: LabelSpace) -> None:
    for split in VIDEOS:
        folder = kitti_step.split_folder(root, split)
        for video, frame, semantic, instance, image in frames(space, split):
            write_png_atomic(folder / kitti_step.file_name(video, frame, 'leftImg8bit.png'), image)
            label = kitti_step.encode_rgb_panoptic(semantic, instance)
            write_png_atomic(folder / kitti_step.file_name(video, frame, 'panoptic.png'), label)


def write_vipseg(root: Path, space: LabelSpace) -> None:
    for split, videos in VIDEOS.items():
        for video, frame, semantic, instance, image in frames(space, split):
            write_jpeg_atomic(vipseg.image_folder(root, f'v{video}') / f'{frame:08d}.jpg', image)
            label = vipseg.encode_vipseg(semantic, instance, space)
            write_png_atomic(vipseg.mask_folder(root, f'v{video}') / f'{frame:08d}.png', label)
        write_video_list(root, split, [f'v{video}' for video in videos])


def write_vspw(root: Path, space: LabelSpace) -> None:
    for split, videos in VIDEOS.items():
        for video, frame, semantic, _, image in frames(space, split):
            write_jpeg_atomic(vspw.image_folder(root, f'v{video}') / f'{frame:08d}.jpg', image)
            write_png_atomic(vspw.mask_folder(root, f'v{video}') / f'{frame:08d}.png', vspw.encode_classes(semantic))
        write_video_list(root, split, [f'v{video}' for video in videos])


def categories(space: LabelSpace) -> List[Dict[str, Any]]:
    """Return the categories of a json file in COCO's form."""
    return [
        dict(id=info.dataset_id, name=info.name, isthing=int(info.is_thing), color=list(info.colour))
        for info in space.classes
    ]


def write_coco(root: Path, space: LabelSpace) -> None:
    """Write pictures, instances and panoptic maps; the maps of stuff are left to the converter."""
    for split in VIDEOS:
        images: List[Any] = []
        instances: List[Any] = []
        panoptic: List[Any] = []
        for _, _, semantic, instance, image in frames(space, split):
            number, name = len(images) + 1, f'{len(images) + 1:012d}'
            rgb, segments = encode_segments(semantic, instance, space, crowd=False)
            write_jpeg_atomic(root / split / f'{name}.jpg', image)
            write_png_atomic(Path(coco.panoptic_folder(root, split)) / f'{name}.png', rgb)
            images.append(dict(id=number, file_name=f'{name}.jpg', height=SIZE[0], width=SIZE[1]))
            panoptic.append(dict(image_id=number, file_name=f'{name}.png', segments_info=segments))
            for segment in segments:
                if segment['category_id'] in space.thing_ids:
                    mask = coco.rgb_to_ids(rgb) == segment['id']
                    more = dict(image_id=number, segmentation=coco.encode_mask(mask))
                    instances.append(dict(segment, id=len(instances) + 1, **more))
        known = categories(space)
        things = [category for category in known if category['isthing']]
        for kind, annotations, listed in (('instances', instances, things), ('panoptic', panoptic, known)):
            content = dict(images=images, annotations=annotations, categories=listed)
            write_json_atomic(coco.json_file(root, kind, split), content)


def write_youtube_vis(root: Path, space: LabelSpace) -> None:
    """Write the official form of 2019, with ``valid`` for the validation videos."""
    for split, subset in (('train', 'train'), ('val', 'valid')):
        videos, annotations = [], []
        for video in VIDEOS[split]:
            shown = [scene(space, video, frame) for frame in range(FRAMES)]
            names = [f'v{video}/{5 * frame:05d}.jpg' for frame in range(FRAMES)]
            for name, (_, _, image) in zip(names, shown):
                write_jpeg_atomic(Path(youtube_vis.image_folder(root, subset)) / name, image)
            videos.append(dict(id=video, height=SIZE[0], width=SIZE[1], length=FRAMES, file_names=names))
            for info, one in ((info, one) for info in space.things for one in (1, 2)):
                masks = [(sem == info.dataset_id) & (ins == one) for sem, ins, _ in shown]
                boxes = [cv2.boundingRect(mask.astype(np.uint8)) for mask in masks]
                annotations.append(
                    dict(
                        id=len(annotations) + 1,
                        video_id=video,
                        category_id=info.dataset_id,
                        iscrowd=0,
                        segmentations=[coco.encode_mask(mask) for mask in masks],
                        bboxes=[list(map(int, box)) for box in boxes],
                        areas=[int(mask.sum()) for mask in masks],
                    )
                )
        content = dict(videos=videos, categories=categories(space), annotations=annotations)
        path = Path(youtube_vis.official_file(root, '2019', subset))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
