"""Base class of the detectors that predict videos frame by frame."""

from typing import Any, Dict, List, Optional, Sequence

from torch import Tensor

from knet.det.protocols import StreamModel
from knet.structures import PanopticPrediction

from .memory import StreamMemory


class FrameByFrame(StreamModel):
    """Base class of stream models whose memory is a :class:`~knet.video.StreamMemory`, with the entry that mmdet calls.

    Detectors list this class before the base class of their network.
    """

    def new_stream(self) -> StreamMemory:
        """Return the memory of a stream that has seen no frame; it starts anew at every video by itself."""
        return StreamMemory()

    def simple_test(
        self,
        img: Tensor,
        img_metas: Sequence[Dict[str, Any]],
        rescale: bool = True,
        memory: Optional[StreamMemory] = None,
    ) -> List[PanopticPrediction]:
        """Call :meth:`step`; mmdet calls this method.

        Args:
            img: (1, 3, H, W) float frame, normalised and padded.
            img_metas: List of the meta of the frame.
            rescale: Ignored; predictions have the original size.
            memory: Memory of the stream; updated in place.

        Returns:
            One prediction.

        Raises:
            ValueError: If there are several frames, or no memory.
        """
        if len(img) != 1:
            raise ValueError(f'a stream takes one frame at a time, got a batch of {len(img)}; use samples_per_gpu=1')
        if memory is None:
            raise ValueError(
                f'{type(self).__name__} keeps nothing of a video itself: pass memory=model.new_stream() with every '
                'frame, wrap the model in knet.apis.stream_entry.StreamEntry, or run tools/test_step.py'
            )
        return [self.step(img, img_metas[0], memory)]
