"""Pictures with predictions over them."""

from pathlib import Path
from typing import Any, Dict

import cv2

from knet.det.protocols import Prediction
from knet.labels import LabelSpace
from knet.utils.cli import UsageError
from knet.utils.io import atomic_path, read_picture
from knet.visualization import flat_maps, overlay


def draw_overlay(
    meta: Dict[str, Any], prediction: Prediction, label_space: LabelSpace, path: Path, score_thr: float = 0.3
) -> None:
    """Write the picture with the prediction over it.

    Args:
        meta: Frame meta; ``filename`` is the picture.
        prediction: At the picture's size.
        label_space: Classes and their colours.
        path: File to write, ``.jpg`` or ``.png``.
        score_thr: Least score of instances; panoptic maps have none to drop.

    Raises:
        FileNotFoundError: If there is no picture.
        ValueError: If it is damaged.
        UsageError: If the new one cannot be written.
    """
    drawn = overlay(read_picture(meta['filename']), *flat_maps(prediction, label_space, score_thr), label_space)
    ok, code = cv2.imencode(path.suffix, drawn[..., ::-1])
    if not ok:
        raise UsageError(f'cannot encode {path}')
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        Path(temporary).write_bytes(code.tobytes())
