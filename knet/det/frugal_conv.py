"""A convolution block that stores little between the forward and the backward pass."""

from mmcv.cnn import ConvModule
from torch import Tensor

from knet.utils.recompute import recompute

#: Elements of a feature map from which memory matters more than time; 4 MiB in float32.
LARGE = 2**20


class FrugalConvModule(ConvModule):
    """Convolution, group norm and activation, of which the backward pass recomputes the cheap parts.

    The block keeps its input and, unless the kernel is 1x1, the output of the convolution. For small maps it keeps
    everything.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply convolution, norm and activation to (B, C, H, W) float; returns (B, C', H', W') float."""
        if self.conv.kernel_size == (1, 1) and x.numel() >= LARGE:
            return recompute(super().forward, x)
        x = self.conv(x)
        return recompute(self._finish, x) if x.numel() >= LARGE else self._finish(x)

    def _finish(self, x: Tensor) -> Tensor:
        return self.activate(self.norm(x))
