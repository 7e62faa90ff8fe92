"""VSPW on disk: its videos and masks, and predictions as its server takes them.

::

    ROOT/{train,val,test}.txt                  names of the videos, one a line
    ROOT/data/<video>/origin/FFFFFFFF.jpg      frames
    ROOT/data/<video>/mask/FFFFFFFF.png        masks: 1..124 = class + 1; 0 and 255 = void
    result_submission/<video>/FFFFFFFF.png     predictions, in the encoding of the masks

VIPSeg (``ROOT/images/<video>``, ``ROOT/panomasks/<video>``) labels the same classes with instances; read without them,
its masks become masks of VSPW.

Everywhere else a video has a number: its line in the split's file, from 0. Data sets with classes of their own have the
dataset id for the class, at most 253.
"""

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Callable, Dict, Optional

import numpy as np
from PIL import Image

from knet.labels import VIPSEG, VSPW, AnyLabelSpace, LabelSpace
from knet.layouts import vipseg
from knet.layouts.files import ListedVideos, frame_files, refuse_lone_labels
from knet.layouts.id_maps import ID_SHIFT, reader_in
from knet.utils.io import PathLike, decode_png, read_bytes

SUBMISSION = 'result_submission'
# Offset of the colour type in a PNG file, and the type whose pixels are indices of a palette.
_COLOUR_TYPE, _PALETTE = 25, 3

#: (256,) uint8, class of every mask value.
CLASS_OF_MASK = np.arange(-1, 255).astype(np.uint8)
CLASS_OF_MASK[255] = VSPW.void
# (256,) uint8, mask value of every dataset id of VIPSeg, whose ids of stuff come first; void becomes 0.
_MASK_OF_VIPSEG = np.zeros(256, dtype=np.uint8)
_MASK_OF_VIPSEG[[info.dataset_id for info in VIPSEG.classes]] = [
    VSPW.names.index(info.name) + 1 for info in VIPSEG.classes
]


def read_mask(path: PathLike, label_space: LabelSpace = VSPW) -> np.ndarray:
    """Read a mask as stored.

    Args:
        path: 8-bit PNG, gray or with a palette.
        label_space: The classes.

    Returns:
        (H, W) uint8: class + 1, 0 or 255.

    Raises:
        ValueError: If the file is damaged, of another kind, or holds another value.
    """
    data = read_bytes(path, 'PNG')
    mask = decode_png(data, path)
    if data[_COLOUR_TYPE] == _PALETTE:
        mask = np.array(Image.open(BytesIO(data)))
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError(
            f'{path}: expected an 8-bit gray or palette mask of VSPW, found shape {mask.shape}, '
            f'{mask.dtype}; write classes as value - 1, void as 255'
        )
    # Masks of the release are read in parts of its classes, too; what is none of the part is found later.
    space = VSPW if label_space.is_part_of(VSPW) else label_space
    known = [0, 255, *(info.dataset_id + 1 for info in space.file_classes)]
    unexpected = np.setdiff1d(np.flatnonzero(np.bincount(mask.ravel(), minlength=256)), known)
    if len(unexpected):
        what = 'VSPW; masks hold 1..124' if space is VSPW else f'label space {space.name!r}; masks hold {known[2:]}'
        raise ValueError(f'{path}: value {unexpected[0]} is no class of {what} for class + 1, 0 and 255 for void')
    return mask


def encode_classes(semantic: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask of class ids, the inverse of :data:`CLASS_OF_MASK`.

    Args:
        semantic: (H, W) uint8, 0..253, or 255 for void.

    Returns:
        (H, W) uint8, class + 1, or 255 for void.
    """
    return np.where(semantic == VSPW.void, VSPW.void, semantic + 1).astype(np.uint8)


def read_vipseg_mask(path: PathLike, label_space: LabelSpace = VSPW) -> np.ndarray:
    """Read a label map of VIPSeg (:func:`~knet.layouts.vipseg.read_vipseg_panoptic`) as a mask of VSPW.

    Args:
        path: A 16-bit gray PNG.
        label_space: The classes; those of VSPW, or a part of them, are found in VIPSeg by their names.

    Returns:
        (H, W) uint8, class + 1, 0 for void.
    """
    if label_space.is_part_of(VSPW):
        return _MASK_OF_VIPSEG[vipseg.read_vipseg_panoptic(path) >> ID_SHIFT]
    classes = vipseg.read_vipseg_panoptic(path, label_space) >> ID_SHIFT
    return np.where(classes == label_space.void, 0, classes + 1).astype(np.uint8)


def _decode_mask(
    read: Callable[[PathLike, LabelSpace], np.ndarray], label_space: LabelSpace, path: PathLike
) -> np.ndarray:
    """Read a mask as an id map without instances, (H, W) int32."""
    return CLASS_OF_MASK[read(path, label_space)].astype(np.int32) << ID_SHIFT


def image_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the frames of a video."""
    return Path(root) / 'data' / video / 'origin'


def mask_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the masks of a video."""
    return Path(root) / 'data' / video / 'mask'


class VSPWGroundTruth(ListedVideos):
    """Masks of a split; arguments and errors are those of :class:`.base.VideoGroundTruth`.

    Attributes:
        names: Name of every video number.
        decode_mask: Reads a mask file in the classes of a label space as a mask of VSPW, (H, W) uint8.
    """

    label_space = 'vspw'
    default_root = 'data/VSPW_480p'
    image_folder = staticmethod(image_folder)
    mask_folder = staticmethod(mask_folder)
    decode_mask: Callable[[PathLike, LabelSpace], np.ndarray] = staticmethod(read_mask)

    def __init__(self, root: PathLike, split: str = 'val', label_space: Optional[AnyLabelSpace] = None) -> None:
        super().__init__(root, split, label_space)
        self.names = list(self.video_names(root, split).values())

    @classmethod
    def images(cls, folder: Path) -> Dict[int, Path]:
        """Return the images, JPEG or PNG, by the numbers in their names."""
        files = frame_files(folder, '.jpg', '.png')
        if not files:
            raise ValueError(f'{folder}: no FFFFFFFF.jpg in it; complete the video or take it off the list of videos')
        return files

    @classmethod
    def masks(cls, folder: Path) -> Dict[int, Path]:
        """Return the masks by the numbers in their names."""
        files = frame_files(folder, '.png')
        if not files:
            raise FileNotFoundError(f'{folder}: holds no mask FFFFFFFF.png')
        return files

    @classmethod
    def check_pairs(cls, images: Dict[int, Path], folder: Path) -> None:
        """Raise an error for masks without image; an absent folder is found with its files."""
        masks = frame_files(folder, '.png') if folder.is_dir() else {}
        where = next(iter(images.values())).parent
        refuse_lone_labels({path: where / f'{path.stem}.jpg' for frame, path in masks.items() if frame not in images})

    @classmethod
    def decode(cls, path: PathLike) -> np.ndarray:
        """Read the mask of a frame as an id map without instances, (H, W) int32."""
        return _decode_mask(cls.decode_mask, VSPW, path)

    @classmethod
    def decoder(cls, label_space: LabelSpace) -> Callable[..., np.ndarray]:
        """Return the function that reads a mask, see :meth:`.base.Layout.decoder`."""
        if label_space.void != VSPW.void or label_space.file_classes[-1].dataset_id >= VSPW.void - 1:
            raise ValueError(
                f'label space {label_space.name!r} does not fit masks of VSPW, which hold class + 1: use ids 0..253 '
                'and void 255'
            )
        return reader_in(partial(_decode_mask, cls.decode_mask, label_space), label_space)

    def read_mask(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the mask of a frame: (H, W) uint8, class + 1; 0 and 255 = void, 0 also where a class is left out."""
        mask = self.decode_mask(self.path(video_id, frame_id), self.classes)
        left_out = [info.dataset_id + 1 for info in self.classes.left_out]
        return np.where(np.isin(mask, left_out), 0, mask).astype(np.uint8) if left_out else mask


class VIPSegSemanticGroundTruth(VSPWGroundTruth):
    """Label maps of VIPSeg as masks of VSPW; arguments and errors are those of :class:`VSPWGroundTruth`."""

    default_root = 'data/VIPSeg'
    image_folder = staticmethod(vipseg.image_folder)
    mask_folder = staticmethod(vipseg.mask_folder)
    decode_mask = staticmethod(read_vipseg_mask)
