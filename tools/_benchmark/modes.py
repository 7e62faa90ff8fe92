"""Ways to compute: precision, memory layout, compilation, CUDA graphs."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

import torch
from torch import Tensor

from knet.apis.optimize import optimize_model
from knet.utils.cli import UsageError

_WORDS = ('fp32', 'tf32', 'amp', 'bf16', 'held', 'channels_last', 'compile', 'graph')


@dataclass(frozen=True)
class Mode:
    """A way to compute, written as words with ``+`` between them.

    Attributes:
        name: The words: ``fp32`` (TF32 off), ``tf32``, ``amp`` (autocast to float16, on a CPU to bfloat16), ``bf16``
            (autocast to bfloat16), ``held`` (autocast keeps the cast weights from frame to frame), ``channels_last``,
            ``compile`` (torch.compile of backbone, neck and heads), ``graph`` (the network replayed as a CUDA graph).
    """

    name: str

    def __post_init__(self) -> None:
        unknown = sorted(self.words - set(_WORDS))
        if unknown:
            raise UsageError(f'unknown mode {self.name!r}: {unknown[0]!r} is none of {", ".join(_WORDS)}')

    @property
    def words(self) -> set:
        """The words of the name."""
        return set(self.name.split('+'))

    @property
    def autocast(self) -> bool:
        """Whether convolutions and products run in half precision."""
        return bool(self.words & {'amp', 'bf16'})

    @contextmanager
    def precision(self, device: torch.device) -> Iterator[None]:
        """Compute in the precision of this mode within a block; TF32 is on unless the mode is ``fp32``."""
        allow = 'fp32' not in self.words
        matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
        before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark
        matmul.allow_tf32 = cudnn.allow_tf32 = allow
        cudnn.benchmark = True
        try:
            with ExitStack() as held:
                if 'held' in self.words:
                    held.enter_context(self.cast(device))
                yield
        finally:
            matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = before

    def cast(self, device: torch.device) -> Any:
        """Return the autocast context of one frame or step."""
        half = torch.bfloat16 if device.type == 'cpu' or 'bf16' in self.words else torch.float16
        return torch.autocast(device.type, dtype=half, enabled=self.autocast)

    def image(self, image: Tensor) -> Tensor:
        """Lay a batch of images (B, 3, H, W) out as the mode wants it."""
        return image.to(memory_format=torch.channels_last) if 'channels_last' in self.words else image

    def prepare(self, model: Any) -> Any:
        """Change a detector into one that computes in this mode, in place."""
        if 'channels_last' in self.words:
            model.to(memory_format=torch.channels_last)
        if 'compile' in self.words:
            torch.compiler.reset()
            optimize_model(model, 'compile')
        return optimize_model(model, 'graph') if 'graph' in self.words else model
