"""mmdet's ResNet with frozen batch norms folded into the convolutions, and stages that the backward pass recomputes.

A batch norm with frozen statistics is a scale and a shift per channel. Scaling the kernels instead of the feature map
gives the same result and gradients without storing the feature map between convolution and norm. This takes a third
less memory in training, and less time (You et al., "Efficient ConvBN Blocks for Transfer Learning and Beyond", ICLR
2024).
"""

from typing import Any, ClassVar, Dict, Sequence, Tuple, Type, cast

import torch
import torch.nn.functional as F
from mmcv.runner import Sequential
from mmcv.utils import Registry
from mmdet.models.backbones import ResNet as BaseResNet
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.builder import BACKBONES
from torch import Tensor, nn

from knet.utils.compat import is_compiling
from knet.utils.recompute import recompute

KNET_BACKBONES = Registry('knet_backbone', parent=BACKBONES, scope='knet')


def conv_norm(conv: nn.Conv2d, norm: nn.Module, x: Tensor) -> Tensor:
    """Compute ``norm(conv(x))``, as one convolution if the statistics of the norm are frozen.

    Args:
        conv: Convolution without bias.
        norm: Norm after the convolution; anything but a batch norm in evaluation mode is applied as it is.
        x: (B, C, H, W) float.

    Returns:
        (B, C', H', W') float.
    """
    if norm.training or not isinstance(norm, nn.modules.batchnorm._BatchNorm) or norm.running_var is None:
        return norm(conv(x))
    variance: Tensor = norm.running_var + norm.eps
    scale = norm.weight * variance.rsqrt()
    shift = norm.bias - cast(Tensor, norm.running_mean) * scale
    return F.conv2d(
        x, conv.weight * scale[:, None, None, None], shift, conv.stride, conv.padding, conv.dilation, conv.groups
    )


class FoldedBottleneck(Bottleneck):
    """mmdet's bottleneck block computed with :func:`conv_norm`; its parameters are the same."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the residual block to (B, C, H, W) float; returns (B, C', H', W') float."""
        out = self.relu(conv_norm(self.conv1, self.norm1, x))
        out = self.relu(conv_norm(self.conv2, self.norm2, out))
        out = conv_norm(self.conv3, self.norm3, out)
        identity = x if self.downsample is None else conv_norm(self.downsample[0], self.downsample[1], x)
        # In place: no gradient needs the output of the convolution, and the sum is its largest map.
        return self.relu(out.add_(identity))


def _maximum_of_three(x: Tensor, dim: int) -> Tensor:
    """Return the maxima of windows of three elements, two apart, along a dimension; beyond its ends is nothing."""
    even, odd = (x[(slice(None),) * dim + (slice(start, None, 2),)] for start in (0, 1))
    even = even.clone(memory_format=torch.contiguous_format)
    for part, neighbour in (
        (even.narrow(dim, 0, odd.shape[dim]), odd),
        (even.narrow(dim, 1, even.shape[dim] - 1), odd.narrow(dim, 0, even.shape[dim] - 1)),
    ):
        torch.maximum(part, neighbour, out=part)
    return even


class StemPool(nn.MaxPool2d):
    """The pooling after the first convolution; on a CPU, where no gradient is needed, as maxima of columns and rows.

    torch's pooling also finds where each maximum stands, which only a gradient needs and which takes most of its time.
    A trace and a compiler keep torch's own: the one would lose the results that are written into a given tensor, the
    other knows no such results.
    """

    def __init__(self) -> None:
        super().__init__(kernel_size=3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool (B, C, H, W) float; returns (B, C, ceil(H / 2), ceil(W / 2)) float."""
        if x.requires_grad or x.device.type != 'cpu' or torch.jit.is_tracing() or is_compiling():
            return super().forward(x)
        return _maximum_of_three(_maximum_of_three(x, 3), 2)


class RecomputedStage(Sequential):
    """Blocks that are recomputed in the backward pass instead of keeping their feature maps."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks to (B, C, H, W) float; returns (B, C', H', W') float."""
        if self.training and torch.is_grad_enabled():
            return recompute(super().forward, x)
        return super().forward(x)


@KNET_BACKBONES.register_module()
class ResNet(BaseResNet):
    """mmdet's ResNet with :class:`FoldedBottleneck`, without plugins, deformable convolutions or average down-sampling.

    Args:
        recomputed_stages: Stages, counted from 1 as in ``frozen_stages``, that keep only their input for the backward
            pass.
        **kwargs: Arguments of mmdet's ResNet.

    Raises:
        ValueError: If norms of recomputed stages would count a batch twice.
    """

    arch_settings: ClassVar[Dict[int, Tuple[Type[nn.Module], Sequence[int]]]] = {
        depth: (FoldedBottleneck if block is Bottleneck else block, stages)
        for depth, (block, stages) in BaseResNet.arch_settings.items()
    }

    def __init__(self, recomputed_stages: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maxpool = StemPool()
        if recomputed_stages and not self.norm_eval:
            raise ValueError('recomputed_stages needs norm_eval=True: batch norms would see every batch twice')
        for name in (f'layer{stage}' for stage in recomputed_stages):
            setattr(self, name, RecomputedStage(*getattr(self, name)))
