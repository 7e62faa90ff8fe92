"""VIPSeg on disk.

::

    ROOT/{train,val,test}.txt             names of the videos, one a line
    ROOT/images/<video>/*.jpg             frames
    ROOT/panomasks/<video>/*.png          16-bit labels with the stems of the frames: 0 and 200 = void,
                                          category + 1 = stuff, (category + 1) * 100 + k = thing of instance k + 1

The number of a video is its line, counted from 0; the number of a frame is its position among the sorted names.
"""

from functools import lru_cache
from pathlib import Path
from typing import List, Tuple

import numpy as np

from knet.labels import VIPSEG
from knet.labels.vipseg import VIPSEG_CATEGORIES
from knet.layouts.base import FrameRecord, VideoFiles
from knet.layouts.files import ListedVideos, list_video, video_records
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.images import describe
from knet.utils.io import PathLike, read_png

#: Things of one category that a video can have.
MAX_INSTANCES = 100
_VOID = (0, 200)


@lru_cache(maxsize=None)
def _first_values() -> np.ndarray:
    """Return the (256,) int64 pixel value of every dataset id: 0 for void, that of the first instance for things."""
    category = {name: number for number, (name, _, _) in enumerate(VIPSEG_CATEGORIES)}
    values = np.zeros(256, dtype=np.int64)
    for info in VIPSEG.classes:
        values[info.dataset_id] = (category[info.name] + 1) * (MAX_INSTANCES if info.is_thing else 1)
    return values


@lru_cache(maxsize=None)
def _table() -> np.ndarray:
    """Return the (65536,) int32 code of every pixel value in an id map, -1 for values without meaning."""
    table, values = np.full(1 << 16, -1, dtype=np.int32), _first_values()
    for info in VIPSEG.classes:
        first, code = int(values[info.dataset_id]), info.dataset_id << ID_SHIFT
        if info.is_thing:
            # Files count instances from 0; in an id map 0 means "no instance".
            table[first : first + MAX_INSTANCES] = code + 1 + np.arange(MAX_INSTANCES)
        else:
            table[first] = code
    table[list(_VOID)] = VIPSEG.void << ID_SHIFT
    return table


def decode_vipseg(raw: np.ndarray, name: PathLike) -> np.ndarray:
    """Turn VIPSeg pixel values into an id map.

    Args:
        raw: Array of uint16.
        name: The file, for the error.

    Returns:
        int32 id map of the same shape; instances count from 1.

    Raises:
        ValueError: If a value means nothing.
    """
    id_map = _table().take(raw)
    if id_map.size and id_map.min() < 0:
        raise ValueError(
            f'{name}: value {raw[id_map < 0][0]} is no VIPSeg label (category + 1 for stuff, '
            '(category + 1) * 100 + instance for things, 0 or 200 for void); get the file again'
        )
    return id_map


def encode_vipseg(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return the pixels of a label map, the inverse of :func:`decode_vipseg`.

    Args:
        semantic: (H, W) dataset class ids or void.
        instance: (H, W) instance ids, 1..100 for things; things of instance 0 (crowds) become void, because VIPSeg does
            not know crowds.

    Returns:
        (H, W) uint16.
    """
    is_thing = np.isin(semantic, VIPSEG.thing_ids)
    values = _first_values()[semantic] + np.where(is_thing, instance - 1, 0)
    return np.where(is_thing & (instance == 0), 0, values).astype(np.uint16)


def read_vipseg_panoptic(path: PathLike) -> np.ndarray:
    """Read a label map (``panomasks``), see :func:`decode_vipseg`.

    Args:
        path: A 16-bit gray PNG.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is damaged, not 16-bit gray, or holds a value that means nothing.
    """
    raw = read_png(path)
    if raw.dtype != np.uint16 or raw.ndim != 2:
        raise ValueError(
            f'{path}: expected a 16-bit gray label map, found {describe(raw)}; use the panomasks folder '
            'of the release, not panomasksRGB or a conversion to 8 bits'
        )
    return decode_vipseg(raw, path)


def image_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the frames of a video."""
    return Path(root) / 'images' / video


def mask_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the label maps of a video."""
    return Path(root) / 'panomasks' / video


class VIPSegGroundTruth(ListedVideos):
    """Videos in the layout of VIPSeg; arguments are those of :class:`.base.VideoGroundTruth`."""

    label_space = 'vipseg'
    default_root = 'data/VIPSeg'
    vpq_windows = (1, 2, 4, 6)
    decode = staticmethod(read_vipseg_panoptic)

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        videos: VideoFiles = {
            number: {frame: (path,) for frame, path in enumerate(list_video(mask_folder(root, name), '.png'))}
            for number, name in cls.video_names(root, split).items()
        }
        return mask_folder(root, ''), videos

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split, see :meth:`.base.Layout.list_frames`."""
        records = []
        for video, name in cls.video_names(root, split).items():
            images, masks = list_video(image_folder(root, name), '.jpg'), mask_folder(root, name)
            if labelled:
                _check_stems(images, masks)
            records += video_records(video, enumerate(images), masks)
        return records


def _check_stems(images: List[Path], masks: Path) -> None:
    """Raise an error for label maps without image, because they would shift the positions that number the frames."""
    alone = sorted({path.stem for path in list_video(masks, '.png')} - {path.stem for path in images})
    if alone:
        raise ValueError(
            f'{masks / alone[0]}.png: there is no {images[0].parent / alone[0]}.jpg ({len(alone)} '
            'label maps are without image). Complete the images or remove the label maps.'
        )
