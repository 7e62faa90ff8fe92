"""Fusion of the kernels of the frames of a clip into one set of kernels."""

from typing import Optional

from torch import Tensor, nn

from knet.det.kernel_link import KernelLink

# Names of the parts in published checkpoints.
_PARTS = dict(
    attention='query_merge_attn',
    attention_norm='query_merge_norm',
    ffn='query_merge_ffn',
    ffn_norm='query_merge_ffn_norm',
)
#: Argument of :func:`~knet.det.published_names.publish` for modules that have a fusion as ``fuse_frames``.
PUBLISHED_NAMES = {f'fuse_frames.link.{part}': name for part, name in _PARTS.items()}
METHODS = ('mean', 'attention', 'attention_pos')


class FrameFusion(nn.Module):
    """Merge the features or kernels that the frames of a clip have for the same queries.

    Args:
        method: ``'mean'`` averages over the frames; ``'attention'`` lets the queries of the clip attend to those of all
            frames; ``'attention_pos'`` adds a positional encoding of the queries.
        channels: C, number of channels of the kernels.
        num_heads: Number of heads of the attention.

    Raises:
        ValueError: If there is no such method.
    """

    def __init__(self, method: str, channels: int, num_heads: int) -> None:
        super().__init__()
        if method not in METHODS:
            raise ValueError(f'query_merge_method={method!r}; choose one of {METHODS}')
        self.link: Optional[KernelLink] = None
        if method != 'mean':
            self.link = KernelLink(channels, num_heads, feedforward_channels=8 * channels, num_ffn_fcs=2)

    def forward(self, frames: Tensor, queries: Optional[Tensor], pos: Optional[Tensor] = None) -> Tensor:
        """Merge the rows of the frames.

        Args:
            frames: (B, F, N, C) float.
            queries: (B, N, C) float queries that attend to the frames; the mean ignores them.
            pos: (N, C) float, positional encoding of the queries.

        Returns:
            (B, N, C) float.
        """
        if self.link is None:
            return frames.mean(1)
        return self.link(queries, frames.flatten(1, 2), pos=pos)
