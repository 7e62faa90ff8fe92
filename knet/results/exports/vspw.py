"""Predictions as the server of VSPW takes them."""

import zipfile
from pathlib import Path
from typing import Any, Callable, List

import cv2

from knet.labels import VSPW
from knet.layouts.files import frame_files, read_video_list
from knet.layouts.vspw import SUBMISSION
from knet.results.exports.base import Exporter, Tick, no_tick, register_exporter
from knet.results.run_folder import check_names
from knet.utils.io import PathLike, atomic_path


def write_submission(
    target: PathLike, predictions: Any, root: PathLike, split: str, tick: Callable[[], object] = no_tick
) -> int:
    """Pack predictions for the server; the archive appears complete or not at all.

    Args:
        target: ``.zip`` file to write.
        predictions: Reader of the predictions, of all frames of the split.
        root: Folder of VSPW; its frames decide names and completeness, masks are not needed.
        split: Name of the list of videos.
        tick: Function that is called after every frame.

    Returns:
        Number of frames.

    Raises:
        ValueError: If a frame has no prediction, or one that no mask can hold, or the predictions are of another list.
    """
    root, count = Path(root).expanduser(), 0
    target = Path(target)
    if target.suffix != '.zip':
        raise ValueError(f'{target}: the archive must be called .zip')
    names = dict(enumerate(read_video_list(root, split)))
    check_names(predictions.root, predictions.stored_names(), names)
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, 'w', zipfile.ZIP_STORED) as archive:
        for number, name in names.items():
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


def _encode(predictions: Any, video: int, frame: int) -> bytes:
    semantic, _ = predictions.read(video, frame)
    if semantic.max() >= VSPW.num_classes:
        raise ValueError(f'{predictions.path(video, frame)}: class {semantic.max()} is none of VSPW (0..123)')
    return cv2.imencode('.png', semantic + 1)[1].tobytes()


@register_exporter
class VSPWExporter(Exporter):
    """Writes the archive of a split.

    Args:
        split: Name of the list of videos.
    """

    name = 'vspw'
    needs_truth = True

    def __init__(self, split: str = 'test') -> None:
        super().__init__(VSPW)
        self.split = split

    def export(self, predictions: Any, truth: Any, target: PathLike, tick: Tick = no_tick) -> List[Path]:
        """Write ``target``, a ``.zip`` file; ``truth`` is the folder of VSPW, because the test split has no masks."""
        write_submission(target, predictions, truth, self.split, tick)
        return [Path(target)]
