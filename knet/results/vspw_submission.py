"""Reading predictions of VSPW in the layout of its server, written by any program."""

from pathlib import Path
from typing import List, Optional, Tuple, Union

import numpy as np

from knet.labels import VSPW, LabelSpace
from knet.layouts.base import StoredVideos
from knet.layouts.files import frame_files
from knet.layouts.vspw import CLASS_OF_MASK, SUBMISSION, read_mask
from knet.results.panoptic_store import PredictionReader
from knet.utils.io import PathLike


class SubmissionReader(StoredVideos):
    """Reads predictions in the layout of the server, written by any program.

    Args:
        root: Folder that holds ``<video>/FFFFFFFF.png``.
        names: Name of every video number.
        label_space: The classes.

    Raises:
        FileNotFoundError: If no video of ``names`` is there.
    """

    def __init__(self, root: PathLike, names: List[str], label_space: LabelSpace = VSPW) -> None:
        root, self._label_space = Path(root), label_space
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
        semantic = CLASS_OF_MASK[read_mask(self.path(video_id, frame_id), self._label_space)]
        return semantic, np.zeros(semantic.shape, dtype=np.int32)

    def label_space(self) -> None:
        """Return None: files in this layout do not name their classes."""


def open_predictions(
    path: PathLike, names: List[str], label_space: Optional[LabelSpace] = None
) -> Union[PredictionReader, SubmissionReader]:
    """Open a result folder of ``tools/test_step.py``, or one in the layout of the server.

    Args:
        path: Folder with ``panoptic/``, with ``result_submission/``, or with ``<video>/``.
        names: Name of every video number.
        label_space: Classes of files in the layout of the server; default: those of VSPW.

    Returns:
        A reader.

    Raises:
        FileNotFoundError: If it holds no predictions.
    """
    path = Path(path)
    if (path / 'panoptic').is_dir():
        return PredictionReader(path)
    return SubmissionReader(path / SUBMISSION if (path / SUBMISSION).is_dir() else path, names, label_space or VSPW)
