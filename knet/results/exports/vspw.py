"""Predictions as the server of VSPW takes them, and reading them back."""

import zipfile
from pathlib import Path
from typing import Callable, List, Tuple, Union

import cv2
import numpy as np

from knet.labels import VSPW
from knet.layouts.base import StoredVideos
from knet.layouts.files import frame_files, read_video_list
from knet.layouts.vspw import CLASS_OF_MASK, SUBMISSION, read_mask
from knet.results.panoptic_store import PredictionReader
from knet.utils.io import PathLike, atomic_path


class SubmissionReader(StoredVideos):
    """Reads predictions in the layout of the server, written by any program.

    Args:
        root: Folder that holds ``<video>/FFFFFFFF.png``.
        names: Name of every video number.

    Raises:
        FileNotFoundError: If no video of ``names`` is there.
    """

    def __init__(self, root: PathLike, names: List[str]) -> None:
        root = Path(root)
        masks = {
            number: frame_files(root / name, '.png') for number, name in enumerate(names) if (root / name).is_dir()
        }
        if not any(masks.values()):
            raise FileNotFoundError(
                f'{root}: holds neither panoptic/ of tools/test_step.py nor '
                f'<video>/FFFFFFFF.png of a video of the split, such as {names[0]}'
            )
        super().__init__(
            root, {number: {frame: (path,) for frame, path in files.items()} for number, files in masks.items()}
        )

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


def write_submission(
    target: PathLike, predictions: PredictionReader, root: PathLike, split: str, tick: Callable[[], None] = lambda: None
) -> int:
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
        for number, name in enumerate(read_video_list(root, split)):
            images = frame_files(root / 'data' / name / 'origin', '.jpg', '.png')
            missing = sorted(set(images) - set(predictions.frames(number)))
            if missing:
                raise ValueError(
                    f'{predictions.root}: frame {missing[0]} of video {name} (number {number}) is not '
                    f'predicted, nor are {len(missing) - 1} others of it; finish the prediction run'
                )
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
