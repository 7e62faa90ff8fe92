"""Toy clips as the release of Cityscapes-VPS has them: labels without the pictures and labels of Cityscapes itself."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import numpy as np

from knet.labels import CITYSCAPES_PANOPTIC
from knet.labels.cityscapes_ids import LABELS
from knet.layouts.cityscapes import encode_instances
from knet.layouts.cityscapes_vps import image_id, image_name, label_name
from knet.toy.street import VOID_ID, ToyFrame
from knet.utils.io import write_json_atomic, write_png_atomic

from .cityscapes_vps import TrainWriter

CLIP_FRAMES = 30
_CITY = 'toystreet'
#: Every fifth frame is labelled, from the fifth on; Cityscapes itself labels the twentieth.
_STRIDE, _CITYSCAPES_FRAME = 5, 19


def _class_tables() -> Tuple[np.ndarray, np.ndarray]:
    """Return colour, (256, 3) uint8, and label id, (256,) int32, of every train id; zeros for void."""
    colours, ids = np.zeros((256, 3), dtype=np.uint8), np.zeros(256, dtype=np.int32)
    for info in CITYSCAPES_PANOPTIC.classes:
        colours[info.dataset_id] = info.colour
    for label in LABELS:
        if 0 <= label.train_id < VOID_ID:
            ids[label.train_id] = label.id
    return colours, ids


_COLOURS, _IDS = _class_tables()


def write_release(root: Path, clips: Iterable[Tuple[str, Iterable[ToyFrame]]]) -> List[Tuple[int, ToyFrame]]:
    """Write the release, the sequences of Cityscapes around it, and the labels of the frames that Cityscapes labels.

    ``ROOT/*.json`` and ``ROOT/{train,val}/{cls,inst}/``: the release. ``ROOT/leftImg8bit_sequence/val/<city>/``: all
    pictures. ``ROOT/own/``: colours and instances of one frame per clip, which belong to Cityscapes; an object has one
    number in both.

    Args:
        root: Folder to fill.
        clips: Pairs of split and the frames of a clip.

    Returns:
        Number in Cityscapes and content of the frames that Cityscapes labels.
    """
    images: Dict[str, List[Dict[str, Any]]] = dict(train=[], val=[])
    dense: List[Dict[str, Any]] = []
    train, own = TrainWriter(), []
    for clip, (split, frames) in enumerate(clips):
        for position, frame in enumerate(frames):
            number = clip * CLIP_FRAMES + position
            stem = f'{_CITY}_000000_{number:06d}'
            write_png_atomic(root / 'leftImg8bit_sequence/val' / _CITY / f'{stem}_leftImg8bit.png', frame.image)
            height, width = frame.semantic.shape
            if split == 'val':
                dense.append(dict(id=len(dense), file_name=f'{stem}_leftImg8bit.png', height=height, width=width))
            if position % _STRIDE != _STRIDE - 1:
                continue
            is_own = position == _CITYSCAPES_FRAME
            index = clip * (CLIP_FRAMES // _STRIDE) + position // _STRIDE + 1
            name = image_name(clip + 1, index, _CITY, number, 'leftImg8bit' if is_own else 'newImg8bit')
            images[split].append(dict(id=image_id(name), file_name=name, height=height, width=width))
            if split == 'train':
                train.add(root, name, frame)
            targets = [root / split / part / label_name(name) for part in ('cls', 'inst')]
            if is_own:
                own.append((number, frame))
                targets = [root / 'own' / f'{stem}_gtFine_{kind}.png' for kind in ('color', 'instanceIds')]
            write_png_atomic(targets[0], _COLOURS[frame.semantic])
            write_png_atomic(targets[1], encode_instances(_IDS[frame.semantic], frame.instance))
    train.close(root)
    for split, entries in images.items():
        write_json_atomic(root / f'panoptic_im_{split}_city_vps.json', dict(images=entries))
    write_json_atomic(root / 'im_all_info_val_city_vps.json', dict(images=dense))
    return own
