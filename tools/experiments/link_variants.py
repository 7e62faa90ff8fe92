"""Variants of the link and of its training that only tools/experiments/linking.py needs; importing registers them."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmdet.core import BitmapMasks
from mmdet.datasets.builder import DATASETS
from mmdet.models.builder import DETECTORS, HEADS
from torch import Tensor

from knet.datasets import KITTISTEPDVPSDataset
from knet.det.kernel_head import Proposals
from knet.det.kernel_net import with_batch_shape
from knet.det.kernel_update_head import StageOutput
from knet.det.targets import ImageTargets, build_targets
from knet.video import StreamMemory, VideoKNetQuansiEmbedFC
from knet.video.embeddings import EMBEDDINGS, Match, NetworkOutput, QueryEmbedding
from knet.video.kernel_iter_head import VideoKernelIterHead


@EMBEDDINGS.register_module(name='query_both')
class LinkedAndUnlinkedEmbedding(QueryEmbedding):
    """Embed a training instance twice, by its kernel after the link and by its kernel before it."""

    def of_targets(
        self, output: NetworkOutput, targets: Sequence[ImageTargets], match: Match
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the rows of linked and unlinked kernels, frame by frame; a frame without a link has one of each."""
        stage = output.stage
        assert stage is not None, 'embeddings that read kernels need the last stage'
        samples = match(stage, targets)
        sources = [stage.kernels] if stage.track_kernels is None else [stage.track_kernels, stage.kernels]
        rows = [kernels[frame][s.pos_inds] for frame, s in enumerate(samples) for kernels in sources]
        return self.project(torch.cat(rows)), [s.pos_assigned_gt_inds.repeat(len(sources)) for s in samples]


@HEADS.register_module()
class StopGradientIterHead(VideoKernelIterHead):
    """A chain of stages whose link sends no gradient into the kernels of the previous frame."""

    def run_stage(
        self, stage: int, x: Tensor, kernels: Tensor, masks: Tensor, previous: Optional[Tensor] = None
    ) -> StageOutput:
        """Run one stage, reading the previous kernels as constants."""
        return super().run_stage(stage, x, kernels, masks, None if previous is None else previous.detach())


@DETECTORS.register_module()
class SelfLinkedVideoKNet(VideoKNetQuansiEmbedFC):
    """Link every frame: the reference of a training pair, and the first frame of a stream, to itself."""

    def _self_linked(self, stage: Optional[StageOutput]) -> Optional[StageOutput]:
        if stage is None or stage.track_kernels is not None:
            return stage
        kernels = stage.kernels[..., 0, 0]
        linked = self.roi_head.mask_head[-1].track_link(kernels, kernels)
        return replace(stage, track_kernels=linked[..., None, None])

    def _reference_forward(
        self, proposals: Proposals, targets: List[ImageTargets]
    ) -> Tuple[Dict[str, Tensor], Optional[StageOutput]]:
        losses, stage = super()._reference_forward(proposals, targets)
        return losses, self._self_linked(stage)

    def forward_network(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> NetworkOutput:
        """Run the network part of a step; the first frame of a stream is its own past."""
        output = super().forward_network(img, img_meta, memory)
        return output._replace(stage=self._self_linked(output.stage))


@DATASETS.register_module()
class PastFramesDataset(KITTISTEPDVPSDataset):
    """Samples of a key frame, the frame before it, and a frame up to four frames before the key."""

    def sample(self, index: int) -> Any:
        """Return a frame, or a list of key, previous and earlier frame; the first frame of a video is its own past."""
        if self.test_mode or not self.ref_seq_index:
            return self.frame(index)
        first = self._span[index][0]
        earlier = index - 1 - np.random.randint(1, 4)
        return [self.frame(index), self.frame(max(first, index - 1)), self.frame(max(first, earlier))]


@DETECTORS.register_module()
class PastFramesVideoKNet(VideoKNetQuansiEmbedFC):
    """Train the link as the tracker uses it: every frame but the first is linked to the frame before it.

    The key is compared with the frame that it reads and with one that it does not read.
    """

    def forward_train(
        self,
        img: Tensor,
        img_metas: Sequence[dict],
        gt_labels: Sequence[Tensor],
        gt_masks: Sequence[BitmapMasks],
        gt_instance_ids: Sequence[Tensor],
        gt_semantic_seg: Tensor,
        ref_img: Tensor,
        ref_img_metas: Sequence[Sequence[dict]],
        ref_gt_labels: Sequence[Tensor],
        ref_gt_masks: Sequence[Sequence[BitmapMasks]],
        ref_gt_instance_ids: Sequence[Tensor],
        ref_gt_semantic_seg: Tensor,
        **kwargs,
    ) -> Dict[str, Tensor]:
        """Compute the losses of B triples, see :meth:`VideoKNet.forward_train`; reference 0 is the previous frame."""
        targets = [self._targets(img, img_metas, gt_masks, gt_labels, gt_semantic_seg)]
        ids = [gt_instance_ids]
        for r in range(2):
            of_frame = [labels[:, 0] == r for labels in ref_gt_labels]
            targets.append(
                self._targets(
                    ref_img[:, r],
                    [metas[r] for metas in ref_img_metas],
                    [masks[r] for masks in ref_gt_masks],
                    [labels[here, 1].long() for labels, here in zip(ref_gt_labels, of_frame)],
                    ref_gt_semantic_seg[:, r],
                )
            )
            ids.append([identity[here, 1] for identity, here in zip(ref_gt_instance_ids, of_frame)])
        feats = self.pyramid(torch.cat([img, ref_img[:, 0], ref_img[:, 1]]))
        proposals = self.rpn_head(feats)
        key, previous, earlier = (proposals.select(slice(i * len(img), (i + 1) * len(img))) for i in range(3))

        earlier_stage = self.roi_head(earlier)
        previous_stage = self.roi_head(previous, earlier_stage.kernels)
        losses, samples = self.rpn_head.loss(key, targets[0])
        stage_losses, stage = self.roi_head.forward_train(key, targets[0], samples, previous_stage.kernels)

        outputs = [
            NetworkOutput(key, stage),
            NetworkOutput(previous, previous_stage),
            NetworkOutput(earlier, earlier_stage),
        ]
        (embeds, rows), *memory = (self._embed_targets(*triple) for triple in zip(outputs, targets, ids))
        memory_embeds, memory_rows = ([torch.cat(pair) for pair in zip(*parts)] for parts in zip(*memory))
        return {**losses, **stage_losses, **self.track_head.loss(embeds, memory_embeds, rows, memory_rows)}

    def _targets(
        self,
        img: Tensor,
        img_metas: Sequence[dict],
        masks: Sequence[BitmapMasks],
        labels: Sequence[Tensor],
        semantic: Tensor,
    ) -> List[ImageTargets]:
        metas = with_batch_shape(img, img_metas)
        return build_targets(masks, labels, semantic, metas, self.label_space, self.mask_assign_stride)
