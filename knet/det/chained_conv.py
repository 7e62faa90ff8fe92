"""Two convolutions in a row, computed as one.

Nothing but the convolution at the entrance of the semantic FPN reads the finest
level of the FPN, and between the two there is no nonlinearity: 3x3 at stride 4,
then 3x3 with stride 2, are one 5x5 convolution with stride 2. It needs 25/4
multiplications where the pair needs 9 + 9/4, and the largest feature map of the
network is never made. Parameters stay those of the pair.
"""
from typing import Any, NamedTuple, Tuple, Union

import torch
import torch.nn.functional as F
from mmcv.cnn import CONV_LAYERS, ConvModule
from mmdet.models.builder import NECKS
from mmdet.models.necks import FPN
from torch import Tensor, nn


class PendingConv(NamedTuple):
    """A feature map and the convolution that it has still to go through.

    Attributes:
        x: (B, C, H, W) float.
        conv: A 3x3 convolution with stride 1 and padding 1.
    """

    x: Tensor
    conv: nn.Conv2d

    def __call__(self) -> Tensor:
        """The convolved feature map, (B, C', H, W) float."""
        return self.conv(self.x)


def compose_kernels(first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """Kernel (O, I, 5, 5) of a 3x3 convolution (M, I, 3, 3) followed by another (O, M, 3, 3)."""
    return F.conv_transpose2d(first.weight.transpose(0, 1), second.weight.transpose(0, 1)).transpose(0, 1)


class _WithBorder(torch.autograd.Function):
    """A map, its upper three rows and its left three columns.

    Slices would do; but the gradient of a slice is as large as the map and
    almost empty. Here it is added where it belongs.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        return x.view_as(x), x[:, :, :3].clone(), x[..., :3].clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor, upper: Tensor, left: Tensor) -> Tensor:
        # In place: the gradient comes from a convolution, nobody else holds it.
        grad[:, :, :3] += upper
        grad[..., :3] += left
        return grad


def chain(x: Tensor, first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """``second(first(x))`` as one convolution.

    At the upper and left border ``second`` meets its own zero padding instead
    of what ``first`` would yield outside of the map; that row and column are
    computed by the pair.

    Args:
        x (Tensor): (B, I, H, W) float; H and W even, so that no padding is
            met at the lower and right border.
        first (nn.Conv2d): 3x3 with stride 1 and padding 1.
        second (nn.Conv2d): 3x3 with stride 2 and padding 1.

    Returns:
        Tensor: (B, O, H / 2, W / 2) float.
    """
    bias = second.bias
    if first.bias is not None:
        shift = second.weight.sum((2, 3)) @ first.bias
        bias = shift if bias is None else shift + bias
    x, upper, left = _WithBorder.apply(x)
    out = F.conv2d(x, compose_kernels(first, second), bias, stride=2, padding=2)
    out[:, :, :1] = second(first(upper)[:, :, :2])
    out[..., :1] = second(first(left)[..., :2])
    return out


@CONV_LAYERS.register_module()
class ChainedConv2d(nn.Conv2d):
    """A 3x3 convolution that merges with a pending one before it, where that is less work."""

    def forward(self, x: Union[Tensor, PendingConv]) -> Tensor:
        """Convolve.

        Args:
            x (Tensor | PendingConv): (B, I, H, W) float.

        Returns:
            Tensor: (B, O, h, w) float.
        """
        if not isinstance(x, PendingConv):
            return super().forward(x)
        batch, channels, height, width = x.x.shape
        # Composing multiplies 81 C^3 times and spares 5 C^2 multiplications per pixel.
        pays = self.stride == (2, 2) and batch * height * width > 16 * channels
        if pays and height % 2 == width % 2 == 0:
            return chain(x.x, x.conv, self)
        return super().forward(x())


class _PendingConvModule(ConvModule):
    """A convolution that is left to its reader."""

    def forward(self, x: Tensor) -> PendingConv:
        """Only note it."""
        return PendingConv(x, self.conv)


@NECKS.register_module()
class ChainedFPN(FPN):
    """mmdet's FPN with the finest output left to :class:`ChainedConv2d`; takes the same arguments, no norm."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fpn_convs[0] = _PendingConvModule(self.out_channels, self.out_channels, 3, padding=1)
