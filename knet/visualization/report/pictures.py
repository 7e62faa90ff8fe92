"""Pictures and clips inside a page: their data stand in it, so that it loads nothing."""

import base64
from pathlib import Path
from typing import NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from knet.utils.io import PathLike
from knet.visualization.overlay import shrink
from knet.visualization.report.html import Html, tag

#: Pixels of a picture: no page shows more, and six pictures of a street would take megabytes.
_MAX_WIDTH = 960
_CLIP_TYPES = {'.gif': 'image/gif', '.mp4': 'video/mp4'}


class Clip(NamedTuple):
    """A clip and what it shows.

    Attributes:
        path: GIF or MP4 file.
        caption: Text below it; the name of the file if empty.
    """

    path: Path
    caption: str = ''


def gallery(figures: Sequence[Html]) -> Html:
    """Return figures beside each other as far as there is room; empty without any."""
    return tag('div', *figures, class_='pictures') if figures else Html('')


def picture_figure(caption: str, image: np.ndarray) -> Html:
    """Return a picture with its caption.

    Args:
        caption: Text below the picture.
        image: (H, W, 3) uint8 RGB.
    """
    image = shrink(image, _MAX_WIDTH)
    height, width = image.shape[:2]
    alt = f'Image, prediction and ground truth: {caption}'
    shown = tag('img', src=_jpeg(image), alt=alt, width=width, height=height, loading='lazy')
    return _figure(shown, caption, (width, height))


def clip_figure(clip: Clip) -> Html:
    """Return a clip with its caption: a video with controls and a still picture before it plays, or a moving GIF.

    Args:
        clip: The clip.

    Raises:
        ValueError: If it is neither GIF nor MP4.
        FileNotFoundError: If there is no such file.
    """
    path = Path(clip.path)
    kind = _CLIP_TYPES.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f'{path}: a report shows .gif and .mp4 clips only')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such clip')
    caption = clip.caption or path.name
    source, alt = _data(path.read_bytes(), kind), f'Clip: {caption}'
    poster = first_frame(path) if kind == 'video/mp4' else None
    size = (None, None) if poster is None else (poster.shape[1], poster.shape[0])
    if kind == 'image/gif':
        shown = tag('img', src=source, alt=alt)
    else:
        still = None if poster is None else _jpeg(poster, quality=70)
        frame = dict(poster=still, width=size[0], height=size[1], aria_label=alt)
        play = dict(controls=True, loop=True, muted=True, playsinline=True, preload='metadata')
        shown = tag('video', tag('source', src=source, type=kind), alt, **frame, **play)
    return _figure(shown, caption, size)


def first_frame(path: PathLike) -> Optional[np.ndarray]:
    """Return the first frame of a clip, (H, W, 3) uint8 RGB; None if it cannot be decoded."""
    capture = cv2.VideoCapture(str(path))
    found, frame = capture.read()
    capture.release()
    return frame[..., ::-1] if found else None


def _figure(shown: Html, caption: str, size: Tuple[Optional[int], Optional[int]]) -> Html:
    width, height = size
    shape = None
    if width and height:
        shape = 'wide' if width > 2 * height else 'tall' if height > 1.5 * width else None
    return tag('figure', shown, tag('figcaption', caption), class_=shape)


def _jpeg(image: np.ndarray, quality: int = 88) -> str:
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _data(data.tobytes(), 'image/jpeg')


def _data(content: bytes, kind: str) -> str:
    return f'data:{kind};base64,' + base64.b64encode(content).decode('ascii')
