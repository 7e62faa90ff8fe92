"""VSPW on disk: its videos and masks, and predictions as its server takes them.

::

    ROOT/{train,val,test}.txt                  names of the videos, one a line
    ROOT/data/<video>/origin/FFFFFFFF.jpg      frames
    ROOT/data/<video>/mask/FFFFFFFF.png        masks: 1..124 = class + 1; 0 and 255 = void
    result_submission/<video>/FFFFFFFF.png     predictions, in the encoding of the masks

VIPSeg (``ROOT/images/<video>``, ``ROOT/panomasks/<video>``) labels the same classes with instances; read without them,
its masks become masks of VSPW.

Everywhere else a video has a number: its line in the split's file, from 0.
"""

from io import BytesIO
from pathlib import Path
from typing import Callable, List, Tuple

import numpy as np
from PIL import Image

from knet.labels import VIPSEG, VSPW
from knet.layouts import vipseg
from knet.layouts.base import FrameRecord, VideoFiles
from knet.layouts.files import ListedVideos, frame_files, video_records
from knet.layouts.id_maps import ID_SHIFT
from knet.utils.io import PathLike, decode_png, read_bytes

SUBMISSION = 'result_submission'
# Offset of the colour type in a PNG file, and the type whose pixels are indices of a palette.
_COLOUR_TYPE, _PALETTE = 25, 3

#: (256,) uint8, class of every mask value. Values that no mask has become classes that no label space has.
CLASS_OF_MASK = np.arange(-1, 255).astype(np.uint8)
CLASS_OF_MASK[255] = VSPW.void
# (256,) uint8, mask value of every dataset id of VIPSeg, whose ids of stuff come first; void becomes 0.
_MASK_OF_VIPSEG = np.zeros(256, dtype=np.uint8)
_MASK_OF_VIPSEG[[info.dataset_id for info in VIPSEG.classes]] = [
    VSPW.names.index(info.name) + 1 for info in VIPSEG.classes
]


def read_mask(path: PathLike) -> np.ndarray:
    """Read a mask as stored.

    Args:
        path: 8-bit PNG, gray or with a palette.

    Returns:
        (H, W) uint8, 0..124 or 255.

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
    unexpected = np.setdiff1d(np.flatnonzero(np.bincount(mask.ravel(), minlength=256)), [*range(125), 255])
    if len(unexpected):
        raise ValueError(
            f'{path}: value {unexpected[0]} is no class of VSPW; masks hold 1..124 for class + 1, 0 and 255 for void'
        )
    return mask


def encode_classes(semantic: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask of class ids, the inverse of :data:`CLASS_OF_MASK`.

    Args:
        semantic: (H, W) uint8, 0..123, or 255 for void.

    Returns:
        (H, W) uint8, 1..124, or 255 for void.
    """
    return np.where(semantic == VSPW.void, VSPW.void, semantic + 1).astype(np.uint8)


def read_vipseg_mask(path: PathLike) -> np.ndarray:
    """Read a label map of VIPSeg (:func:`~knet.layouts.vipseg.read_vipseg_panoptic`) as a mask of VSPW.

    Returns:
        (H, W) uint8, 0..124.
    """
    return _MASK_OF_VIPSEG[vipseg.read_vipseg_panoptic(path) >> ID_SHIFT]


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
        image_folder: Returns the folder of the frames of a video, by root and name.
        mask_folder: Returns the folder of its masks.
        decode_mask: Reads a mask file as a mask of VSPW, (H, W) uint8.
    """

    label_space = 'vspw'
    default_root = 'data/VSPW'
    image_folder: Callable[[PathLike, str], Path] = staticmethod(image_folder)
    mask_folder: Callable[[PathLike, str], Path] = staticmethod(mask_folder)
    decode_mask: Callable[[PathLike], np.ndarray] = staticmethod(read_mask)

    def __init__(self, root: PathLike, split: str = 'val') -> None:
        super().__init__(root, split)
        self.names = list(self.video_names(root, split).values())

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        videos: VideoFiles = {}
        for number, name in cls.video_names(root, split).items():
            folder = cls.mask_folder(root, name)
            videos[number] = {frame: (path,) for frame, path in frame_files(folder, '.png').items()}
            if not videos[number]:
                raise FileNotFoundError(f'{folder}: holds no mask FFFFFFFF.png')
        return root, videos

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split, JPEG or PNG; see :meth:`.base.Layout.list_frames`."""
        records = []
        for video, name in cls.video_names(root, split).items():
            folder = cls.image_folder(root, name)
            images = frame_files(folder, '.jpg', '.png')
            if not images:
                raise ValueError(f'{folder}: no FFFFFFFF.jpg in it; complete the video or take it off {split}.txt')
            records += video_records(video, images.items(), cls.mask_folder(root, name))
        return records

    @classmethod
    def decode(cls, path: PathLike) -> np.ndarray:
        """Read the mask of a frame as an id map without instances, (H, W) int32."""
        return CLASS_OF_MASK[cls.decode_mask(path)].astype(np.int32) << ID_SHIFT

    def read_mask(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the mask of a frame: (H, W) uint8, class + 1; 0 and 255 = void."""
        return self.decode_mask(self.path(video_id, frame_id))


class VIPSegSemanticGroundTruth(VSPWGroundTruth):
    """Label maps of VIPSeg as masks of VSPW; arguments and errors are those of :class:`VSPWGroundTruth`."""

    default_root = 'data/VIPSeg'
    image_folder = staticmethod(vipseg.image_folder)
    mask_folder = staticmethod(vipseg.mask_folder)
    decode_mask = staticmethod(read_vipseg_mask)
