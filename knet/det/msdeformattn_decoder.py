"""Pixel decoder with multi-scale deformable attention, as a neck."""

from typing import Any, Sequence, Tuple

from mmcv import ConfigDict
from mmdet.models.builder import NECKS
from mmdet.models.plugins import MSDeformAttnPixelDecoder as BaseDecoder
from torch import Tensor


@NECKS.register_module()
class MSDeformAttnPixelDecoder(BaseDecoder):
    """mmdet's pixel decoder (of Mask2Former) in place of an FPN.

    Args:
        encoder: Config of the transformer encoder.
        **kwargs: Arguments of mmdet's pixel decoder.
    """

    def __init__(self, encoder: dict, **kwargs: Any) -> None:
        # The base class reads the config as attributes.
        super().__init__(encoder=ConfigDict(encoder), **kwargs)

    def forward(self, feats: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """Fuse the levels.

        Args:
            feats: Levels (B, C_l, H_l, W_l) float, finest first.

        Returns:
            Levels (B, C, H_l, W_l) float, finest first as in an FPN: the mask features, then the levels of the encoder.
        """
        mask_feature, multi_scale_features = super().forward(feats)
        return (mask_feature, *reversed(multi_scale_features))
