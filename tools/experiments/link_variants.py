"""Variants of the link and of its training that only tools/experiments/linking.py needs; importing registers them."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmdet.datasets.builder import DATASETS
from mmdet.models.builder import DETECTORS, HEADS
from torch import Tensor

from knet.datasets import KITTISTEPDVPSDataset
from knet.det.kernel_head import Proposals
from knet.det.kernel_update_head import StageOutput
from knet.det.mask_hungarian_assigner import Matching
from knet.det.targets import ImageTargets
from knet.video import StreamMemory, VideoKNetQuansiEmbedFC
from knet.video.embeddings import EMBEDDINGS, NetworkOutput, QueryEmbedding
from knet.video.frame_batch import FrameBatch
from knet.video.kernel_iter_head import VideoKernelIterHead


@EMBEDDINGS.register_module(name='query_both')
class LinkedAndUnlinkedEmbedding(QueryEmbedding):
    """Embed a training instance twice, by its kernel after the link and by its kernel before it."""

    def of_targets(
        self, output: NetworkOutput, targets: Sequence[ImageTargets], matchings: Sequence[Matching]
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the rows of linked and unlinked kernels, frame by frame; a frame without a link has one of each."""
        stage = output.stage
        assert stage is not None, 'embeddings that read kernels need the last stage'
        sources = [stage.kernels] if stage.track_kernels is None else [stage.track_kernels, stage.kernels]
        rows = [kernels[frame][m.pos_inds] for frame, m in enumerate(matchings) for kernels in sources]
        return self.project(torch.cat(rows)), [m.pos_assigned_gt_inds.repeat(len(sources)) for m in matchings]


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

    def reference_forward(
        self, proposals: Proposals, targets: List[ImageTargets]
    ) -> Tuple[Dict[str, Tensor], Optional[StageOutput]]:
        """Run the refinement stages of the reference frames, which are their own past."""
        losses, stage = super().reference_forward(proposals, targets)
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

    def frame_losses(self, key: FrameBatch, references: Sequence[FrameBatch]) -> Dict[str, Tensor]:
        """Compute the losses of B triples, see :meth:`VideoKNet.frame_losses`; reference 0 is the previous frame."""
        frames = [key, *references]
        targets = [frame.targets(self.label_space, self.mask_assign_stride) for frame in frames]
        proposals = self.rpn_head(self.pyramid(torch.cat([frame.img for frame in frames])))
        size = len(key.img)
        now, previous, earlier = (proposals.select(slice(i * size, (i + 1) * size)) for i in range(3))

        earlier_stage = self.roi_head(earlier)
        previous_stage = self.roi_head(previous, earlier_stage.kernels)
        losses, matchings = self.rpn_head.loss(now, targets[0])
        stage_losses, stage = self.roi_head.forward_train(now, targets[0], matchings, previous_stage.kernels)

        outputs = [
            NetworkOutput(now, stage),
            NetworkOutput(previous, previous_stage),
            NetworkOutput(earlier, earlier_stage),
        ]
        ids = [frame.ids for frame in frames]
        (embeds, rows), *memory = (self.embed_targets(*triple) for triple in zip(outputs, targets, ids))
        memory_embeds, memory_rows = ([torch.cat(pair) for pair in zip(*parts)] for parts in zip(*memory))
        return {**losses, **stage_losses, **self.track_head.loss(embeds, memory_embeds, rows, memory_rows)}
