"""Compute the finest level of the FPN merged with the only convolution that reads it.

Only the convolution at the entrance of the semantic FPN reads the finest level, and all steps from the backbone to that
convolution are linear: a 1x1 convolution, the addition of the coarser level, a 3x3 convolution and a 3x3 convolution
with stride 2. Together they equal one 5x5 convolution with stride 2 of the backbone's map plus one 3x3 convolution of
the coarser level, because nearest up-sampling repeats pixels. No map of the finest resolution is computed, and where
the first stage of the backbone is frozen, no such map has a gradient. The parameters stay those of the single layers.
"""

from typing import NamedTuple, Optional, Sequence, Tuple, Union, cast

import torch
import torch.nn.functional as F
from mmcv.cnn import CONV_LAYERS
from mmdet.models.builder import NECKS
from mmdet.models.necks import FPN
from torch import Tensor, nn


class PendingConv(NamedTuple):
    """A level of the FPN that is still to be computed: ``conv(lateral(x) + up(coarser))``.

    Attributes:
        x: (B, I, H, W) float, a map of the backbone.
        lateral: A 1x1 convolution with bias.
        coarser: (B, M, h, w) float, the coarser level that is up-sampled to (H, W) and added.
        conv: A 3x3 convolution with stride 1 and padding 1.
    """

    x: Tensor
    lateral: nn.Conv2d
    coarser: Tensor
    conv: nn.Conv2d

    def __call__(self) -> Tensor:
        """Compute the level, (B, C, H, W) float."""
        return self.conv(self.lateral(self.x) + F.interpolate(self.coarser, size=self.x.shape[2:]))


def compose_kernels(first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """Return the kernel (O, I, 5, 5) of a 3x3 convolution (M, I, 3, 3) followed by another one (O, M, 3, 3)."""
    return F.conv_transpose2d(first.weight.transpose(0, 1), second.weight.transpose(0, 1)).transpose(0, 1)


#: A level of a feature pyramid, (B, C, H, W) float, computed or pending.
Level = Union[Tensor, PendingConv]


class MergedKernels(NamedTuple):
    """The convolutions that together equal a pending level and the convolution that reads it.

    Attributes:
        fine: (O, I, 5, 5) float kernel for the map of the backbone, with stride 2.
        coarse: (O, M, 3, 3) float kernel for the coarser level.
        bias: (O,) float, or None if neither convolution has a bias.
    """

    fine: Tensor
    coarse: Tensor
    bias: Optional[Tensor]


def merge_kernels(level: PendingConv, second: nn.Conv2d) -> MergedKernels:
    """Merge the convolutions of a level with the convolution that reads it; :func:`chain` explains the arguments."""
    kernel = compose_kernels(level.conv, second)
    fine = F.conv_transpose2d(kernel, level.lateral.weight)
    # Rows -2..2 around a row lie, up-sampled, in the coarser rows -1, -1, 0, 0, 1; columns likewise.
    coarse = F.pad(kernel, (0, 1, 0, 1)).unflatten(3, (3, 2)).unflatten(2, (3, 2)).sum((3, 5))
    bias = second.bias
    if level.conv.bias is not None:
        shift = second.weight.sum((2, 3)) @ level.conv.bias
        bias = shift if bias is None else shift + bias
    return MergedKernels(fine, coarse, bias)


def chain(level: PendingConv, second: nn.Conv2d, kernels: Optional[MergedKernels] = None) -> Tensor:
    """Compute ``second(level())`` without computing the level itself.

    At the upper and left border, ``second`` reads its own zero padding instead of values that ``level.conv`` would
    yield outside of the map; this row and this column are computed step by step.

    Args:
        level: Level with an even height and width, two times those of its ``coarser`` map, so that no padding is read
            at the lower and right border.
        second: 3x3 convolution with stride 2 and padding 1.
        kernels: Result of :func:`merge_kernels`, if it is known.

    Returns:
        (B, O, H / 2, W / 2) float.
    """
    x, lateral, coarser, first = level
    fine, coarse, bias = merge_kernels(level, second) if kernels is None else kernels
    # The bias of the 1x1 convolution must not reach into the padding, so it goes with the coarser map.
    coarser = coarser + cast(Tensor, lateral.bias)[:, None, None]
    out = F.conv2d(x, fine, bias, stride=2, padding=2) + F.conv2d(coarser, coarse, padding=1)
    upper = F.conv2d(x[:, :, :3], lateral.weight) + _double(coarser[:, :, :2])[:, :, :3]
    left = F.conv2d(x[..., :3], lateral.weight) + _double(coarser[..., :2])[..., :3]
    out[:, :, :1] = second(first(upper)[:, :, :2])
    out[..., :1] = second(first(left)[..., :2])
    return out


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2)


@CONV_LAYERS.register_module()
class ChainedConv2d(nn.Conv2d):
    """A 3x3 convolution that merges with the pending level it reads, where that is less work."""

    #: Identity of the weights that the merged kernels were computed from, and these kernels; only inference keeps them.
    _kept: Tuple[Tuple, Optional[MergedKernels]] = ((), None)

    def forward(self, x: Level) -> Tensor:
        """Apply the convolution, merged with a pending level if that is less work.

        Args:
            x: (B, I, H, W) float, or a pending level of that shape.

        Returns:
            (B, O, h, w) float.
        """
        if not isinstance(x, PendingConv):
            return super().forward(x)
        return chain(x, self, self._kernels(x)) if self._pays(x) else super().forward(x())

    def _kernels(self, level: PendingConv) -> MergedKernels:
        """Return the merged kernels; without gradients, those of the last frame as long as no weight has changed."""
        if torch.is_grad_enabled():
            return merge_kernels(level, self)
        weights = [weight for conv in (level.lateral, level.conv, self) for weight in conv.parameters()]
        made_of = (torch.is_autocast_enabled(), *((w.data_ptr(), w._version, w.dtype) for w in weights))
        if self._kept[0] != made_of:
            self._kept = (made_of, merge_kernels(level, self))
        return cast(MergedKernels, self._kept[1])

    def _pays(self, level: PendingConv) -> bool:
        """Return whether merging is correct for the size of this level and less work than single steps."""
        (batch, channels, height, width), (h, w) = level.x.shape, level.coarser.shape[2:]
        # Composing kernels multiplies some 100 C^3 times and spares 15 C^2 multiplications per pixel of the result.
        large = batch * h * w > 8 * channels
        # The gradient of a 5x5 convolution with respect to its input costs what merging saves.
        return self.stride == (2, 2) and (height, width) == (2 * h, 2 * w) and large and not level.x.requires_grad


@NECKS.register_module()
class ChainedFPN(FPN):
    """mmdet's FPN with the finest output left to :class:`ChainedConv2d`.

    It takes the arguments of mmdet's FPN, has no norm layers and yields one output per input.

    Raises:
        ValueError: If there are more or fewer outputs than inputs.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not len(self.in_channels) == self.num_outs == len(self.lateral_convs):
            raise ValueError(
                f'ChainedFPN has one output per input; got {len(self.in_channels)} in_channels, '
                f'num_outs={self.num_outs}, start_level={self.start_level}. Use FPN for other pyramids.'
            )

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Level, ...]:
        """Return one map per level, (B, C, H_l, W_l) float, finest first; the finest is pending."""
        laterals = [conv(x) for conv, x in zip(self.lateral_convs[1:], inputs[1:])]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=laterals[i - 1].shape[2:])
        finest = PendingConv(inputs[0], self.lateral_convs[0].conv, laterals[0], self.fpn_convs[0].conv)
        return (finest, *(conv(x) for conv, x in zip(self.fpn_convs[1:], laterals)))
