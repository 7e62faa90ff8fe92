"""Attention of the kernels of a frame to the kernels of other frames (Video K-Net, Sec. 3.3)."""

from typing import Optional

from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention, build_transformer_layer
from torch import Tensor, nn

from knet.utils.precision import full_precision


class KernelLink(nn.Module):
    """Let current kernels attend to previous kernels or to those of a clip: attention -> norm -> FFN -> norm.

    Args:
        channels: C, number of channels of the kernels.
        num_heads: Number of heads of the attention.
        feedforward_channels: Number of hidden channels of the FFN.
        num_ffn_fcs: Number of layers of the FFN.
        kernel_updator_cfg: Config of the adaptive update of the previous kernels with features of the current frame;
            None leaves the update out.

    Attributes:
        idle: Whether the link is never used: it belongs to a stage that gets no previous frame, and exists because
            published checkpoints contain it.
    """

    idle = False

    def __init__(
        self,
        channels: int,
        num_heads: int,
        feedforward_channels: int,
        num_ffn_fcs: int,
        kernel_updator_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__()
        self.update = None if kernel_updator_cfg is None else build_transformer_layer(kernel_updator_cfg)
        self.attention = MultiheadAttention(channels, num_heads)
        self.attention_norm = nn.LayerNorm(channels)
        self.ffn = FFN(channels, feedforward_channels, num_ffn_fcs)
        self.ffn_norm = nn.LayerNorm(channels)

    @full_precision
    def forward(
        self, current: Tensor, previous: Tensor, gathered: Optional[Tensor] = None, pos: Optional[Tensor] = None
    ) -> Tensor:
        """Return the current kernels after attention to the previous ones.

        Args:
            current: (B, Q, C) float, kernels of this frame.
            previous: (B, Q', C) float, kernels of the previous frame.
            gathered: (B, Q', C) float features that update the previous kernels; read only if the link has an update.
            pos: (Q, C) float, positional encoding of the kernels. With it, Q' must be a multiple of Q; previous kernels
                of the same query share its encoding.

        Returns:
            (B, Q, C) float.
        """
        if self.update is not None:
            previous = self.update(gathered, previous[:, :, None]).reshape(previous.shape)
        query, memory = current.transpose(0, 1), previous.transpose(0, 1)
        query_pos = key_pos = None
        if pos is not None:
            query_pos = pos[:, None]
            key_pos = query_pos.repeat(len(memory) // len(pos), 1, 1)
        linked = self.attention(query, memory, memory, query_pos=query_pos, key_pos=key_pos)
        return self.ffn_norm(self.ffn(self.attention_norm(linked).transpose(0, 1)))
