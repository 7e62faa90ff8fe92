"""Embeddings that identify things by their kernels or by the features under their masks.

An embedding turns the output of the network into one row per thing. The track head embeds these rows once more, and the
tracker compares what it gives.
The paper embeds kernels (``'query'``); the other embeddings are the alternatives that it discusses.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmcv.utils import Registry
from mmdet.core import bbox2roi
from mmdet.models.builder import build_roi_extractor
from torch import Tensor, nn

from knet.det.chained_conv import Level, PendingConv
from knet.det.kernel_head import Proposals
from knet.det.kernel_update_head import StageOutput
from knet.det.mask_hungarian_assigner import Matching
from knet.det.targets import ImageTargets
from knet.structures import Segment
from knet.utils.transfer import upload

EMBEDDINGS = Registry('embedding')

#: Masks at the size of the input that are held at once.
_MASKS_AT_ONCE = 8


class NetworkOutput(NamedTuple):
    """Output of the network for B frames.

    Attributes:
        proposals: Output of the kernel head.
        stage: Output of the last refinement stage; None where it is not needed.
        pyramid: Levels (B, C, H_l, W_l) of the neck that the embedding keeps.
    """

    proposals: Proposals
    stage: Optional[StageOutput]
    pyramid: Sequence[Tensor] = ()


class Embedding(nn.Module, ABC):
    """Turns the output of the network into one row per thing.

    Register an embedding in :data:`EMBEDDINGS` to name it in ``model.embedding`` of a config.

    Args:
        channels: C, number of channels of kernels and feature maps.

    Attributes:
        reads_kernels: Whether rows come from kernels. If so, instances are matched with kernels in training, and the
            reference frame has to run through the refinement stages.
        published_names: Mapping from names of submodules to their names in the state dict of the detector. Submodules
            that are left out keep the name ``embedding.<name>``.
    """

    reads_kernels: ClassVar[bool] = True
    published_names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, channels: int) -> None:
        super().__init__()

    def keep(self, pyramid: Sequence[Level]) -> Sequence[Tensor]:
        """Return the levels (B, C, H_l, W_l) of the neck that are read later, finest first; none by default."""
        return ()

    @abstractmethod
    def of_targets(
        self, output: NetworkOutput, targets: Sequence[ImageTargets], matchings: Sequence[Matching]
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the rows of the instances of B training frames.

        Args:
            output: Network output for B frames.
            targets: B ground truths.
            matchings: B matchings of the final masks with the instances; none unless :attr:`reads_kernels`.

        Returns:
            Rows (sum of n_i, ...) and, per frame, (n_i,) int64 instance of each row.
        """

    @abstractmethod
    def of_segments(
        self, output: NetworkOutput, things: Sequence[Segment], index_map: Tensor, img_meta: Mapping[str, Any]
    ) -> Tensor:
        """Return the rows of the things of one test frame.

        Args:
            output: Network output for one frame.
            things: n segments.
            index_map: (H, W) int64 at original size, index into ``things``, -1 elsewhere.
            img_meta: Dict with ``img_shape`` and ``batch_input_shape``.

        Returns:
            (n, ...) float.
        """


@EMBEDDINGS.register_module(name='raw_query')
class KernelEmbedding(Embedding):
    """The refined kernel of a thing, linked to the previous frame where there is a link."""

    def project(self, kernels: Tensor) -> Tensor:
        """Return the rows (n, C) of kernels (n, C, 1, 1)."""
        return kernels.flatten(1)

    @staticmethod
    def linked(stage: StageOutput) -> Tensor:
        """Return the kernels (B, Q, C, 1, 1) after the link to the previous frame, if there is any."""
        return stage.kernels if stage.track_kernels is None else stage.track_kernels

    def of_targets(
        self, output: NetworkOutput, targets: Sequence[ImageTargets], matchings: Sequence[Matching]
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the rows of the kernels that are matched with an instance; see :meth:`Embedding.of_targets`."""
        assert output.stage is not None, 'embeddings that read kernels need the last stage'
        rows = torch.cat([k[m.pos_inds] for k, m in zip(self.linked(output.stage), matchings)])
        return self.project(rows), [m.pos_assigned_gt_inds for m in matchings]

    def of_segments(
        self, output: NetworkOutput, things: Sequence[Segment], index_map: Tensor, img_meta: Mapping[str, Any]
    ) -> Tensor:
        """Return the rows of the kernels that made the segments; see :meth:`Embedding.of_segments`."""
        assert output.stage is not None, 'embeddings that read kernels need the last stage'
        kernels = self.linked(output.stage)[0]
        return self.project(kernels[upload([s.kernel for s in things], kernels.device)])


@EMBEDDINGS.register_module(name='query')
class QueryEmbedding(KernelEmbedding):
    """A learned embedding of the kernel (Video K-Net, Sec. 3.2)."""

    published_names: ClassVar[Mapping[str, str]] = {'embed_fcs': 'embed_fcs', 'fc_embed': 'fc_embed'}

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.embed_fcs = nn.Sequential(
            nn.Linear(channels, channels, bias=False), nn.LayerNorm(channels), nn.ReLU(inplace=True)
        )
        self.fc_embed = nn.Linear(channels, channels)

    def project(self, kernels: Tensor) -> Tensor:
        """Return the rows (n, C) of kernels (n, C, 1, 1)."""
        return self.fc_embed(self.embed_fcs(super().project(kernels)))


def _resized(masks: Tensor, like: Tensor, size: Sequence[int], align_corners: bool) -> Iterator[Tensor]:
    """Yield masks (n, h, w) at another size and with the dtype of ``like``, a few at a time."""
    for chunk in masks.split(_MASKS_AT_ONCE) if len(masks) else ():
        yield F.interpolate(chunk[None].to(like), size=tuple(size), mode='bilinear', align_corners=align_corners)[0]


@EMBEDDINGS.register_module(name='mask_pool')
class MaskPoolEmbedding(Embedding):
    """Mean of the features under the annotated mask in training, and under the predicted mask in a test."""

    reads_kernels = False

    def rows(self, output: NetworkOutput, masks: Sequence[Tensor]) -> Tensor:
        """Return the features under masks.

        Args:
            output: Network output for B frames.
            masks: B tensors (n_i, h, w) bool over the padded frame, at any resolution.

        Returns:
            (sum of n_i, C) float.
        """
        feats = output.proposals.feats
        pooled = [feats.new_zeros((0, feats.shape[1]))]
        for x, frame in zip(feats, masks):
            pooled += [
                weights.flatten(1) @ x.flatten(1).t() / (weights.sum((1, 2))[:, None] + 1)
                for weights in _resized(frame, x, x.shape[1:], align_corners=True)
            ]
        return torch.cat(pooled)

    def of_targets(
        self, output: NetworkOutput, targets: Sequence[ImageTargets], matchings: Sequence[Matching]
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the rows of all annotated masks; see :meth:`Embedding.of_targets`."""
        every = [torch.arange(len(t.thing_labels), device=t.thing_labels.device) for t in targets]
        return self.rows(output, [t.thing_masks > 0 for t in targets]), every

    def of_segments(
        self, output: NetworkOutput, things: Sequence[Segment], index_map: Tensor, img_meta: Mapping[str, Any]
    ) -> Tensor:
        """Return the rows of the predicted masks; see :meth:`Embedding.of_segments`."""
        owner = index_map[None, None].float()
        if owner.shape[2:] != tuple(img_meta['img_shape'][:2]):
            owner = F.interpolate(owner, size=tuple(img_meta['img_shape'][:2]), mode='nearest')
        height, width = img_meta['batch_input_shape']
        owner = F.pad(owner[0], (0, width - owner.shape[3], 0, height - owner.shape[2]), value=-1)
        return self.rows(output, [owner == torch.arange(len(things), device=owner.device)[:, None, None]])


def deviation_boxes(masks: Tensor) -> Tensor:
    """Return boxes around the centres of masks that reach two mean absolute deviations of the pixels to each side.

    Args:
        masks: (n, H, W) bool.

    Returns:
        (n, 4) float, x0, y0, x1, y1 >= 0 in pixels; zeros for an empty mask.
    """
    area = masks.flatten(1).sum(1).float()
    centres, radii = [], []
    for axis in (1, 2):
        # Pixels per column, then per row: coordinates need no full-size maps.
        counts = masks.sum(axis).float() / area.clamp(min=1)[:, None]
        position = torch.arange(counts.shape[1], device=masks.device, dtype=torch.float32)
        centre = counts @ position
        centres.append(centre)
        radii.append(2 * (counts * (position - centre[:, None]).abs()).sum(1).clamp(min=1))
    centre, radius = torch.stack(centres, dim=1), torch.stack(radii, dim=1)
    return torch.cat([centre - radius, centre + radius], dim=1).clamp(min=0) * (area > 0)[:, None]


@EMBEDDINGS.register_module(name='roi')
class RoIEmbedding(MaskPoolEmbedding):
    """Features of the neck in a box around the mask, as in QDTrack.

    Args:
        channels: C, number of channels of the neck.
        roi_extractor: Config of the RoI extractor; its ``out_channels`` are set to C.
    """

    def __init__(self, channels: int, roi_extractor: dict) -> None:
        super().__init__(channels)
        self.roi_extractor = build_roi_extractor(dict(roi_extractor, out_channels=channels))

    def keep(self, pyramid: Sequence[Level]) -> Sequence[Tensor]:
        """Return all levels (B, C, H_l, W_l), at least in float32, because half precision is too coarse for boxes."""
        levels = [level() if isinstance(level, PendingConv) else level for level in pyramid]
        # Compiled RoIAlign reads memory as if it were contiguous, whatever the strides.
        return [level.to(torch.promote_types(level.dtype, torch.float32)).contiguous() for level in levels]

    def rows(self, output: NetworkOutput, masks: Sequence[Tensor]) -> Tensor:
        """Return the features (sum of n_i, C, s, s) of the boxes of masks, see :meth:`MaskPoolEmbedding.rows`."""
        finest, stride = output.pyramid[0], self.roi_extractor.featmap_strides[0]
        size = (finest.shape[2] * stride, finest.shape[3] * stride)
        boxes = [
            torch.cat(
                [finest.new_zeros((0, 4))]
                + [
                    deviation_boxes(large > 0).to(finest)
                    for large in _resized(frame, finest, size, align_corners=False)
                ]
            )
            for frame in masks
        ]
        return self.roi_extractor(output.pyramid, bbox2roi(boxes))


def build_embedding(cfg: Union[str, Mapping[str, Any]], channels: int) -> Embedding:
    """Build an embedding.

    Args:
        cfg: Name of the embedding, or a config with the name as ``type``.
        channels: C, number of channels of kernels and feature maps.

    Returns:
        The embedding.

    Raises:
        ValueError: If no embedding of that name is registered.
    """
    settings = dict(type=cfg) if isinstance(cfg, str) else dict(cfg)
    if settings['type'] not in EMBEDDINGS:
        raise ValueError(f'embedding={settings["type"]!r}; choose one of {sorted(EMBEDDINGS.module_dict)}')
    return EMBEDDINGS.build(settings, default_args=dict(channels=channels))
