"""The semantic FPN whose output the kernel head reads (K-Net, Sec. 3.3; Panoptic FPN)."""

from typing import Sequence, Tuple

import torch
from mmcv.cnn import normal_init
from mmcv.cnn.bricks.transformer import build_positional_encoding
from mmcv.runner import BaseModule
from mmdet.models.builder import NECKS
from torch import Tensor, nn

from .frugal_conv import FrugalConvModule


@NECKS.register_module()
class SemanticFPNWrapper(BaseModule):
    """Bring all FPN levels to one stride, sum them and split the sum into two branches.

    Level ``l`` runs through ``max(l, 1)`` convolutions, each followed by x2 up-sampling until the common stride is
    reached. A positional encoding is added to the coarsest level. The common stride is that of level
    ``num_levels - 1 - upsample_times``, which must be 0 or 1.

    Args:
        in_channels: Number of channels of every input level.
        feat_channels: Number of channels between the convolutions.
        out_channels: Number of channels of both outputs.
        positional_encoding: Config of the encoding that is added to the coarsest level.
        norm_cfg: Config of the norm after every convolution.
        num_levels: Number of input levels.
        upsample_times: Number of times that the coarsest level is up-sampled.

    Raises:
        ValueError: If the common stride is neither that of level 0 nor that of level 1.
    """

    def __init__(
        self,
        in_channels: int,
        feat_channels: int,
        out_channels: int,
        positional_encoding: dict,
        norm_cfg: dict,
        num_levels: int = 4,
        upsample_times: int = 2,
    ) -> None:
        super().__init__()
        target = num_levels - 1 - upsample_times
        if target not in (0, 1):
            raise ValueError(
                f'upsample_times={upsample_times} puts the output on level {target} of {num_levels}; '
                'it must be level 0 or 1'
            )
        self.num_levels = num_levels
        self.positional_encoding = build_positional_encoding(positional_encoding)
        self.convs_all_levels = nn.ModuleList()
        for level in range(num_levels):
            convs = nn.Sequential()
            conv_cfg = dict(type='ChainedConv2d') if level == 0 else None
            for i in range(max(level, 1)):
                convs.add_module(
                    f'conv{i}',
                    FrugalConvModule(
                        in_channels if i == 0 else feat_channels,
                        feat_channels,
                        3,
                        stride=2 if level < target else 1,
                        padding=1,
                        conv_cfg=conv_cfg,
                        norm_cfg=norm_cfg,
                    ),
                )
                if level - i > target:
                    convs.add_module(f'upsample{i}', nn.Upsample(scale_factor=2, mode='bilinear', align_corners=False))
            self.convs_all_levels.append(convs)
        self.conv_pred = FrugalConvModule(feat_channels, out_channels, 1, norm_cfg=norm_cfg)
        self.aux_convs = nn.ModuleList([FrugalConvModule(feat_channels, out_channels, 1, norm_cfg=norm_cfg)])

    def init_weights(self) -> None:
        """Initialise every convolution from a normal distribution with standard deviation 0.01."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                normal_init(module, std=0.01)

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """Fuse the levels.

        Args:
            inputs: At least ``num_levels`` tensors (B, in_channels, H_l, W_l), finest first; the finest may be a
                :class:`~knet.det.chained_conv.PendingConv`.

        Returns:
            Features of the thing branch and of the semantic branch, both (B, out_channels, h, w) float.
        """
        fused = None
        for level, convs in enumerate(self.convs_all_levels):
            x = inputs[level]
            if level == self.num_levels - 1:
                x = x + self.positional_encoding(x.new_zeros((len(x), *x.shape[-2:]), dtype=torch.bool))
            x = convs(x)
            fused = x if fused is None else fused + x
        return self.conv_pred(fused), self.aux_convs[0](fused)
