"""The state of a stream, which is passed from frame to frame."""

from dataclasses import dataclass
from typing import Any, Optional

from torch import Tensor

from .trackers import Tracker


@dataclass
class StreamMemory:
    """State of one video stream; created by ``model.new_stream()``.

    A detector holds no such state itself, so one model can serve several streams in turn.

    Attributes:
        video_id: Id of the video of the last frame; None before the first frame.
        frame_id: Number of the last frame; -1 before the first frame.
        kernels: (1, Q, C, 1, 1) float, refined kernels of the last frame.
        tracker: Tracker of the video; None where nothing is tracked.
    """

    video_id: Optional[Any] = None
    frame_id: int = -1
    kernels: Optional[Tensor] = None
    tracker: Optional[Tracker] = None

    def starts_anew(self, img_meta: dict) -> bool:
        """Return whether a frame belongs to another video than the memory, or does not follow its last frame."""
        return (
            self.video_id != img_meta['video_id']
            or bool(img_meta.get('is_first_frame'))
            or img_meta['frame_id'] <= self.frame_id
        )

    def advance(self, img_meta: dict, kernels: Optional[Tensor]) -> None:
        """Remember a frame, to which the next one is linked.

        Args:
            img_meta: Its meta.
            kernels: (1, Q, C, 1, 1) float, its refined kernels; None links nothing.
        """
        self.video_id, self.frame_id, self.kernels = img_meta['video_id'], img_meta['frame_id'], kernels
