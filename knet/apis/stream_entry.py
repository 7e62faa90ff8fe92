"""Stream models for programs that hand over frames without a memory, such as mmdet's ``single_gpu_test``."""

from typing import Any, List

from torch import nn

from knet.det.protocols import StreamModel


class StreamEntry(nn.Module):
    """A stream model together with the memory of one stream.

    The loader has to deliver whole videos in order. Wrap it in turn where a program wants that, e.g.
    ``single_gpu_test(MMDataParallel(StreamEntry(model), [0]), loader)``.

    Args:
        model: A detector that is a :class:`~knet.det.protocols.StreamModel`.

    Raises:
        TypeError: If it is none.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not isinstance(model, StreamModel):
            raise TypeError(f'{type(model).__name__} predicts no streams; only a StreamModel needs a StreamEntry')
        self.model = model
        self.memory = model.new_stream()

    def forward(self, **data: Any) -> List[Any]:
        """Predict the next frame.

        Args:
            **data: What mmdet hands to a detector for testing: ``img``, ``img_metas``, ``return_loss=False``.

        Returns:
            One prediction.
        """
        return self.model(memory=self.memory, **data)
