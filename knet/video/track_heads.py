"""Heads that embed kernels for association, and their losses."""

from typing import Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, normal_init, xavier_init
from mmcv.runner import BaseModule
from mmdet.models.builder import HEADS, build_loss
from torch import Tensor, nn


@HEADS.register_module()
class KernelTrackHead(BaseModule):
    """Use the kernels themselves as embeddings (the toy model of the paper) and compute the losses.

    Args:
        loss_track: Config of the loss on dot products.
        loss_track_aux: Config of the loss on cosine similarities.
    """

    def __init__(self, loss_track: dict, loss_track_aux: dict) -> None:
        super().__init__()
        self.loss_track = build_loss(loss_track)
        self.loss_track_aux = build_loss(loss_track_aux)

    def forward(self, kernels: Tensor) -> Tensor:
        """Return the embeddings (n, E) of kernels (n, C), which are the kernels."""
        return kernels

    @staticmethod
    def match(key_embeds: Tensor, ref_embeds: Tensor) -> Tuple[Tensor, Tensor]:
        """Return the similarities of all pairs.

        Args:
            key_embeds: (n, E) float.
            ref_embeds: (m, E) float.

        Returns:
            (n, m) dot products and cosines.
        """
        cosines = F.normalize(key_embeds, dim=1) @ F.normalize(ref_embeds, dim=1).t()
        return key_embeds @ ref_embeds.t(), cosines

    def loss(
        self,
        key_embeds: Sequence[Tensor],
        ref_embeds: Sequence[Tensor],
        key_ids: Sequence[Tensor],
        ref_ids: Sequence[Tensor],
    ) -> Dict[str, Tensor]:
        """Pull embeddings of one identity together, push others apart.

        Args:
            key_embeds: B tensors (n_i, E) float, embeddings of the key frames.
            ref_embeds: B tensors (m_i, E) float, embeddings of the reference frames.
            key_ids: B tensors (n_i,) int64 identities.
            ref_ids: B tensors (m_i,) int64 identities.

        Returns:
            ``loss_track`` and ``loss_track_aux``, means over the images; an image without instances counts as 0.
        """
        track: List[Tensor] = []
        aux: List[Tensor] = []
        for key, ref, key_id, ref_id in zip(key_embeds, ref_embeds, key_ids, ref_ids):
            dots, cosines = self.match(key, ref)
            same = (key_id[:, None] == ref_id[None]).long()
            weight = same.any(1).to(dots.dtype)
            track.append(self.loss_track(dots, same, weight, avg_factor=weight.sum()))
            aux.append(self.loss_track_aux(cosines, same))
        return dict(loss_track=torch.stack(track).mean(), loss_track_aux=torch.stack(aux).mean())


@HEADS.register_module()
class QuasiDenseMaskEmbedHeadGTMask(KernelTrackHead):
    """Embedding head of kernels (Video K-Net, Sec. 3.2, association embedding) or of RoI features (QDTrack).

    Args:
        num_fcs: Number of hidden fully connected layers.
        in_channels: C, number of channels of the kernels or features.
        fc_out_channels: Number of channels of the hidden layers.
        embed_channels: E, number of channels of the embeddings.
        num_convs: Number of 3x3 convolutions before the fully connected layers, for RoI features.
        roi_feat_size: s, side of the RoI features; 1 for kernels.
        norm_cfg: Config of the norm after the convolutions.
        **kwargs: Loss configs of :class:`KernelTrackHead`.
    """

    def __init__(
        self,
        num_fcs: int,
        in_channels: int,
        fc_out_channels: int,
        embed_channels: int,
        num_convs: int = 0,
        roi_feat_size: int = 1,
        norm_cfg: Optional[dict] = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.convs = nn.Sequential(
            *(ConvModule(in_channels, in_channels, 3, padding=1, norm_cfg=norm_cfg) for _ in range(num_convs))
        )
        channels = [in_channels * roi_feat_size**2] + [fc_out_channels] * num_fcs
        self.fcs = nn.ModuleList(nn.Linear(i, o) for i, o in zip(channels[:-1], channels[1:]))
        self.fc_embed = nn.Linear(channels[-1], embed_channels)

    def init_weights(self) -> None:
        """Initialise hidden layers Xavier-uniformly and the output layer from a narrow normal distribution."""
        for layer in self.fcs:
            xavier_init(layer, distribution='uniform')
        normal_init(self.fc_embed, std=0.01)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the embeddings (n, E) of kernels (n, C) or RoI features (n, C, s, s); n may be 0."""
        rows = self.convs(rows).flatten(1)
        for layer in self.fcs:
            rows = F.relu(layer(rows))
        return self.fc_embed(rows)
