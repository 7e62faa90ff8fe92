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
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Callable, Dict, List, Tuple, Union

import cv2
import numpy as np
from PIL import Image

from knet.evaluation.store import PredictionReader
from knet.labels import VSPW
from knet.utils.io import PathLike, atomic_path, read_png

SUBMISSION = 'result_submission'
_FRAME = re.compile(r'(\d+)')
_COLOUR_TYPE, _PALETTE = 25, 3  # of a PNG file: where its kind stands, and the kind whose pixels are indices

#: (256,) uint8, class of every mask value. Values that no mask has become classes that no label space has.
CLASS_OF_MASK = np.arange(-1, 255).astype(np.uint8)
CLASS_OF_MASK[255] = VSPW.void
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
    mask = read_png(path)
    data = Path(path).read_bytes()
    if data[_COLOUR_TYPE] == _PALETTE:
        mask = np.array(Image.open(BytesIO(data)))
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError(f'{path}: expected an 8-bit gray or palette mask of VSPW, found shape {mask.shape}, '
                         f'{mask.dtype}; write classes as value - 1, void as 255')
    strange = np.setdiff1d(np.flatnonzero(np.bincount(mask.ravel(), minlength=256)), [*range(125), 255])
    if len(strange):
        raise ValueError(f'{path}: value {strange[0]} is no class of VSPW; masks hold 1..124 for class + 1, '
                         '0 and 255 for void')
    return mask


def read_vipseg_mask(path: PathLike) -> np.ndarray:
    """Read a label map of VIPSeg as a mask of VSPW.

    Args:
        path: PNG of ``class + 1`` for stuff, ``100 * (class + 1) + instance``
            for things; 0 and 200 = void.

    Returns:
        (H, W) uint8, 0..124.

    Raises:
        ValueError: If the file is damaged, of another kind, or holds another value.
    """
    label = read_png(path)
    mask = np.where(label < 125, label, label // 100 * (label != 200))
    # The first thing is class 2: no value from 125 to 299 means anything but 200.
    nothing = (label > 124) & (label < 300) & (label != 200)
    if mask.ndim != 2 or mask.max() > VSPW.num_classes or nothing.any():
        raise ValueError(f'{path}: expected a gray label map of VIPSeg (class + 1, or 100 * (class + 1) + instance, of '
                         f'124 classes), found shape {label.shape}, values to {label.max()}')
    return mask.astype(np.uint8)


def read_split(root: PathLike, split: str) -> List[str]:
    """Names of the videos of a split, in the order of its file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it names nothing, or a video twice.
    """
    path = Path(root).expanduser() / f'{split}.txt'
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; give the VSPW folder that holds data/ and the lists of videos, '
                                'or another split')
    names = path.read_text(encoding='utf-8').split()
    if not names:
        raise ValueError(f'{path}: names no video, one a line is expected')
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f'{path}: video {twice[0]} stands there twice; remove one line')
    return names


def frame_files(folder: Path, *suffixes: str) -> Files:
    """Files of a folder by frame number, ascending; hidden files are none.

    Raises:
        FileNotFoundError: If there is no folder.
        ValueError: If a name is no number, or two are the same one.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder, though the list of videos names it; unpack it (FFFFFFFF'
                                f'{suffixes[0]} of every frame), or remove the line')
    files: Files = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.') or path.suffix.lower() not in suffixes:
            continue
        match = _FRAME.fullmatch(path.stem)
        if not match:
            raise ValueError(f'{path}: the name is no frame number; rename it to FFFFFFFF{path.suffix}')
        if int(match.group(1)) in files:
            raise ValueError(f'{path}: frame {int(match.group(1))} exists twice, also as '
                             f'{files[int(match.group(1))].name}; remove one')
        files[int(match.group(1))] = path
    return dict(sorted(files.items()))


class VSPWGroundTruth:
    """Reads the masks of a split.

    Args:
        root: Data set folder.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Attributes:
        root (Path): The same.
        names (list[str]): Name of every video number.
        mask_folder (str): Where the masks of a video lie, ``{}`` = its name.
        decode (function): Reads one of them as a mask of VSPW.

    Raises:
        FileNotFoundError: If the list of videos, a folder or all masks of a
            video are missing.
        ValueError: If a file name is wrong.
    """

    mask_folder = 'data/{}/mask'
    decode = staticmethod(read_mask)

    def __init__(self, root: PathLike, split: str = 'val') -> None:
        self.root = Path(root).expanduser()
        self.names = read_split(self.root, split)
        folders = [self.root / self.mask_folder.format(name) for name in self.names]
        self._masks = [frame_files(folder, '.png') for folder in folders]
        empty = [folder for folder, masks in zip(folders, self._masks) if not masks]
        if empty:
            raise FileNotFoundError(f'{empty[0]}: holds no mask FFFFFFFF.png')

    def videos(self) -> List[int]:
        """Video numbers in ascending order."""
        return list(range(len(self.names)))

    def frames(self, video_id: int) -> List[int]:
        """Frame numbers of a video in ascending order; empty if unknown."""
        return list(self._masks[video_id]) if 0 <= video_id < len(self.names) else []

    def path(self, video_id: int, frame_id: int) -> Path:
        """The mask's file of a frame."""
        return self._masks[video_id][frame_id]

    def read_mask(self, video_id: int, frame_id: int) -> np.ndarray:
        """The mask of a frame: (H, W) uint8, class + 1; 0 and 255 = void."""
        return self.decode(self.path(video_id, frame_id))

    def read(self, video_id: int, frame_id: int) -> Tuple[np.ndarray, np.ndarray]:
        """Read one frame: (H, W) uint8 class ids, 255 = void, and (H, W) int32 zeros: there are no instances."""
        semantic = CLASS_OF_MASK[self.read_mask(video_id, frame_id)]
        return semantic, np.zeros(semantic.shape, dtype=np.int32)


class VIPSegSemanticGroundTruth(VSPWGroundTruth):
    """Reads the label maps of VIPSeg as masks of VSPW; arguments and errors are those of :class:`VSPWGroundTruth`."""

    mask_folder = 'panomasks/{}'
    decode = staticmethod(read_vipseg_mask)


class SubmissionReader:
    """Reads predictions in the layout of the server, written by any program.

    Args:
        root: Folder that holds ``<video>/FFFFFFFF.png``.
        names: Name of every video number.

    Raises:
        FileNotFoundError: If no video of ``names`` is there.
    """

    def __init__(self, root: PathLike, names: List[str]) -> None:
        self.root = Path(root)
        self._masks = {number: frame_files(self.root / name, '.png')
                       for number, name in enumerate(names) if (self.root / name).is_dir()}
        if not any(self._masks.values()):
            raise FileNotFoundError(f'{self.root}: holds neither panoptic/ of tools/test_step.py nor '
                                    f'<video>/FFFFFFFF.png of a video of the split, such as {names[0]}')

    def videos(self) -> List[int]:
        """Video numbers in ascending order."""
        return sorted(self._masks)

    def frames(self, video_id: int) -> List[int]:
        """Frame numbers of a video in ascending order; empty if unknown."""
        return list(self._masks.get(video_id, {}))

    def path(self, video_id: int, frame_id: int) -> Path:
        """The file of a frame."""
        return self._masks[video_id][frame_id]

    def read(self, video_id: int, frame_id: int) -> Tuple[np.ndarray, np.ndarray]:
        """Read one frame: (H, W) uint8 class ids and (H, W) int32 zeros."""
        semantic = CLASS_OF_MASK[read_mask(self.path(video_id, frame_id))]
        return semantic, np.zeros(semantic.shape, dtype=np.int32)


def open_predictions(path: PathLike, names: List[str]) -> Union[PredictionReader, SubmissionReader]:
    """Open a result folder of ``tools/test_step.py``, or one in the layout of the server.

    Args:
        path: Folder with ``panoptic/``, with ``result_submission/``, or with ``<video>/``.
        names: Name of every video number.

    Returns:
        A reader.

    Raises:
        FileNotFoundError: If it holds no predictions.
    """
    path = Path(path)
    if (path / 'panoptic').is_dir():
        return PredictionReader(path)
    return SubmissionReader(path / SUBMISSION if (path / SUBMISSION).is_dir() else path, names)


def write_submission(target: PathLike, predictions: PredictionReader, root: PathLike, split: str,
                     tick: Callable[[], None] = lambda: None) -> int:
    """Pack predictions for the server; the archive appears complete or not at all.

    Args:
        target: ``.zip`` file to write.
        predictions: Of all frames of the split.
        root: VSPW folder; its frames decide names and completeness, masks are not needed.
        split: Which videos.
        tick: Called after every frame.

    Returns:
        int: Number of frames.

    Raises:
        ValueError: If a frame has no prediction, or one that no mask can hold.
    """
    root, count = Path(root).expanduser(), 0
    target = Path(target)
    if target.suffix != '.zip':
        raise ValueError(f'{target}: the archive must be called .zip')
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, 'w', zipfile.ZIP_STORED) as archive:
        for number, name in enumerate(read_split(root, split)):
            images = frame_files(root / 'data' / name / 'origin', '.jpg', '.png')
            missing = sorted(set(images) - set(predictions.frames(number)))
            if missing:
                raise ValueError(f'{predictions.root}: frame {missing[0]} of video {name} (number {number}) is not '
                                 f'predicted, nor are {len(missing) - 1} others of it; finish the prediction run')
            for frame, image in images.items():
                archive.writestr(f'{SUBMISSION}/{name}/{image.stem}.png', _encode(predictions, number, frame))
                count += 1
                tick()
    return count


def _encode(predictions: PredictionReader, video: int, frame: int) -> bytes:
    semantic, _ = predictions.read(video, frame)
    if semantic.max() >= VSPW.num_classes:
        raise ValueError(f'{predictions.path(video, frame)}: class {semantic.max()} is none of VSPW (0..123)')
    return cv2.imencode('.png', semantic + 1)[1].tobytes()
