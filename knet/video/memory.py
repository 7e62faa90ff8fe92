"""What a stream remembers from frame to frame."""

from dataclasses import dataclass
from typing import Any, Optional

from torch import Tensor

from .trackers import Tracker


@dataclass
class StreamMemory:
    """State of one video stream; created by ``model.new_stream()``.

    A detector holds no such state itself, so one model can serve several
    streams in turn.

    Attributes:
        video_id: The video of the last frame; None before the first one.
        frame_id: Number of the last frame.
        kernels: (1, Q, C, 1, 1) float, its refined kernels.
        tracker: Tracks of the video; None where nothing is tracked.
    """

    video_id: Optional[Any] = None
    frame_id: int = -1
    kernels: Optional[Tensor] = None
    tracker: Optional[Tracker] = None

    def starts_anew(self, img_meta: dict) -> bool:
        """Whether a frame belongs to another video, or to an earlier moment, than the memory."""
        return (
            self.video_id != img_meta['video_id']
            or bool(img_meta.get('is_first_frame'))
            or img_meta['frame_id'] <= self.frame_id
        )
