"""VSPW on disk: its videos and masks, and predictions as its server takes them.

::

    ROOT/{train,val,test}.txt                  names of the videos, one a line
    ROOT/data/<video>/origin/FFFFFFFF.jpg      frames
    ROOT/data/<video>/mask/FFFFFFFF.png        masks: 1..124 = class + 1; 0 and 255 = void
    result_submission/<video>/FFFFFFFF.png     predictions, in the encoding of the masks

VIPSeg (``ROOT/images/<video>``, ``ROOT/panomasks/<video>``) labels the same
classes with instances; read without them, its masks become masks of VSPW.

Everywhere else a video has a number: its line in the split's file, from 0.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Dict, Tuple

import numpy as np
from PIL import Image

from knet.labels import VIPSEG, VSPW
from knet.layouts.ground_truth import VideoGroundTruth, read_video_list
from knet.layouts.id_maps import ID_SHIFT, read_vipseg_panoptic
from knet.layouts.video_files import VideoFiles
from knet.utils.io import PathLike, decode_png, read_bytes

SUBMISSION = 'result_submission'
_FRAME = re.compile(r'(\d+)')
_COLOUR_TYPE, _PALETTE = 25, 3  # of a PNG file: where its kind stands, and the kind whose pixels are indices

#: (256,) uint8, class of every mask value. Values that no mask has become classes that no label space has.
CLASS_OF_MASK = np.arange(-1, 255).astype(np.uint8)
CLASS_OF_MASK[255] = VSPW.void
# (256,) uint8, mask value of every dataset id of VIPSeg, which counts stuff first; void becomes 0.
_MASK_OF_VIPSEG = np.zeros(256, dtype=np.uint8)
_MASK_OF_VIPSEG[[info.dataset_id for info in VIPSEG.classes]] = [
    VSPW.names.index(info.name) + 1 for info in VIPSEG.classes
]
#: Frame number -> file.
Files = Dict[int, Path]


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
    strange = np.setdiff1d(np.flatnonzero(np.bincount(mask.ravel(), minlength=256)), [*range(125), 255])
    if len(strange):
        raise ValueError(
            f'{path}: value {strange[0]} is no class of VSPW; masks hold 1..124 for class + 1, 0 and 255 for void'
        )
    return mask


def read_vipseg_mask(path: PathLike) -> np.ndarray:
    """Read a label map of VIPSeg (:func:`~knet.layouts.id_maps.read_vipseg_panoptic`) as a mask of VSPW.

    Returns:
        (H, W) uint8, 0..124.
    """
    return _MASK_OF_VIPSEG[read_vipseg_panoptic(path) >> ID_SHIFT]


def frame_files(folder: Path, *suffixes: str) -> Files:
    """Files of a folder by frame number, ascending; hidden files are none.

    Raises:
        FileNotFoundError: If there is no folder.
        ValueError: If a name is no number, or two are the same one.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder, though the list of videos names it; unpack it (FFFFFFFF'
            f'{suffixes[0]} of every frame), or remove the line'
        )
    files: Files = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.') or path.suffix.lower() not in suffixes:
            continue
        match = _FRAME.fullmatch(path.stem)
        if not match:
            raise ValueError(f'{path}: the name is no frame number; rename it to FFFFFFFF{path.suffix}')
        if int(match.group(1)) in files:
            raise ValueError(
                f'{path}: frame {int(match.group(1))} exists twice, also as '
                f'{files[int(match.group(1))].name}; remove one'
            )
        files[int(match.group(1))] = path
    return dict(sorted(files.items()))


class VSPWGroundTruth(VideoGroundTruth):
    """Reads the masks of a split.

    Args:
        root: Data set folder.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Attributes:
        names (list[str]): Name of every video number.
        mask_folder (str): Where the masks of a video lie, ``{}`` = its name.
        decode_mask (function): Reads one of them as a mask of VSPW.

    Raises:
        FileNotFoundError: If the list of videos, a folder or all masks of a
            video are missing.
        ValueError: If a file name is wrong.
    """

    label_space = 'vspw'
    default_root = 'data/VSPW'
    mask_folder = 'data/{}/mask'
    decode_mask = staticmethod(read_mask)

    def __init__(self, root: PathLike, split: str = 'val') -> None:
        super().__init__(root, split)
        self.names = read_video_list(self.root, split)

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        videos: VideoFiles = {}
        for number, name in enumerate(read_video_list(root, split)):
            folder = root / cls.mask_folder.format(name)
            videos[number] = {frame: (path,) for frame, path in frame_files(folder, '.png').items()}
            if not videos[number]:
                raise FileNotFoundError(f'{folder}: holds no mask FFFFFFFF.png')
        return root, videos

    @classmethod
    def decode(cls, *paths: PathLike) -> np.ndarray:
        """Read the mask of a frame as an id map without instances, (H, W) int32."""
        return CLASS_OF_MASK[cls.decode_mask(paths[0])].astype(np.int32) << ID_SHIFT

    def read_mask(self, video_id: int, frame_id: int) -> np.ndarray:
        """The mask of a frame: (H, W) uint8, class + 1; 0 and 255 = void."""
        return self.decode_mask(self.path(video_id, frame_id))


class VIPSegSemanticGroundTruth(VSPWGroundTruth):
    """Reads the label maps of VIPSeg as masks of VSPW; arguments and errors are those of :class:`VSPWGroundTruth`."""

    default_root = 'data/VIPSeg'
    mask_folder = 'panomasks/{}'
    decode_mask = staticmethod(read_vipseg_mask)
