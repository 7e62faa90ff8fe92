"""Video K-Net: one kernel-based model that segments and tracks (Li et al., CVPR 2022)."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmdet.core import BitmapMasks
from mmdet.models.builder import DETECTORS, build_head
from torch import Tensor

from knet.det.fusion_options import FusionOptions
from knet.det.kernel_head import Proposals
from knet.det.kernel_net import KernelNet, with_batch_shape
from knet.det.kernel_update_head import StageOutput
from knet.det.mask_hungarian_assigner import Matching
from knet.det.panoptic_fusion import MaskResizer, fuse, semantic_map
from knet.det.published_names import publish
from knet.det.targets import ImageTargets
from knet.structures import PanopticPrediction, Segment
from knet.utils.precision import at_least_float32
from knet.utils.transfer import begin_download, download, narrowed, upload

from .embeddings import NetworkOutput, build_embedding
from .frame_batch import FrameBatch, reference_frames
from .frame_by_frame import FrameByFrame
from .memory import StreamMemory
from .thing_boxes import thing_boxes, thing_pixels
from .trackers import TRACKERS, Detections


@DETECTORS.register_module()
class VideoKNet(FrameByFrame, KernelNet):
    """K-Net that links the kernels of successive frames and tracks things with embeddings.

    Training takes pairs of a key and a reference frame. Testing takes the frames of a video one by one, see
    :meth:`new_stream` and :meth:`step`.

    Args:
        track_head: Config of the embedding head and its losses.
        tracker: Config of the tracker.
        embedding: Name or config of the embedding that the tracker compares, see :mod:`.embeddings`: ``'query'``,
            kernels after a learned embedding; ``'raw_query'``, the kernels themselves; ``'mask_pool'``, features under
            masks; ``'roi'`` (with its ``roi_extractor``), features in boxes.
        link_previous: Whether the last refinement stage reads the kernels of the previous frame.
        ref_losses: Whether segmentation is trained on the reference frame, too.
        semantic_filter: Whether only pixels where the semantic branch predicts a thing count for the boxes of the
            tracker.
        **kwargs: Arguments of :class:`~knet.det.kernel_net.KernelNet`.
    """

    def __init__(
        self,
        track_head: dict,
        tracker: dict,
        embedding: Union[str, dict] = 'query',
        link_previous: bool = True,
        ref_losses: bool = True,
        semantic_filter: bool = True,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.fusion = FusionOptions.from_config(self.test_cfg['rcnn']).checked_for(self.label_space)
        self.track_head = build_head(track_head)
        TRACKERS.build(dict(tracker))  # A wrong config should fail now, not at the first frame.
        self.tracker_cfg = tracker
        self.embedding = build_embedding(embedding, self.rpn_head.init_kernels.in_channels)
        publish(self, {f'embedding.{part}': name for part, name in self.embedding.published_names.items()})
        self.link_previous = link_previous
        if not link_previous:
            # Nothing reads them, and unused parameters would stop distributed training.
            self.roi_head.mask_head[-1].freeze_links()
        self.ref_losses = ref_losses
        self.semantic_filter = semantic_filter

    # ------------------------------------------------------------- training

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
        """Compute the losses of B pairs of key and reference frame, as data sets collect them.

        Args:
            img: (B, 3, H, W) float, normalised key frames.
            img_metas: B metas.
            gt_labels: B tensors (G_i,) int64 thing labels.
            gt_masks: B instance mask sets.
            gt_instance_ids: B tensors (G_i,) identities.
            gt_semantic_seg: (B, 1, H, W) int dataset ids.
            ref_img: (B, 1, 3, H, W) float, one reference frame per key frame.
            ref_img_metas: B lists of one meta.
            ref_gt_labels: B tensors (M_i, 2); column 0 is the number of the reference frame, column 1 is the label.
            ref_gt_masks: B lists of one mask set.
            ref_gt_instance_ids: B tensors (M_i, 2); column 0 is the number of the reference, column 1 the identity.
            ref_gt_semantic_seg: (B, 1, 1, H, W) int dataset ids.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            See :meth:`frame_losses`.
        """
        key = FrameBatch(img, img_metas, gt_labels, gt_masks, gt_instance_ids, gt_semantic_seg)
        references = reference_frames(
            ref_img, ref_img_metas, ref_gt_labels, ref_gt_masks, ref_gt_instance_ids, ref_gt_semantic_seg
        )
        return self.frame_losses(key, references)

    def frame_losses(self, key: FrameBatch, references: Sequence[FrameBatch]) -> Dict[str, Tensor]:
        """Compute the losses of B key frames, each with one reference frame.

        Args:
            key: The key frames.
            references: The reference frames.

        Returns:
            Losses of the key frames named as in :meth:`KNet.forward_train`, losses of the reference frames with suffix
            ``_ref`` (stages) and ``_ref_rpn`` (kernel head), and the contrastive losses of the embeddings,
            ``loss_track`` and ``loss_track_aux`` (Video K-Net, Sec. 3.2).

        Raises:
            ValueError: If there are several reference frames.
        """
        if len(references) != 1:
            raise ValueError(
                f'Video K-Net trains on pairs, but samples have {len(references)} reference frames; '
                'a data set that draws one has ref_seq_index, e.g. (-2, -1, 1, 2)'
            )
        (ref,) = references
        targets, ref_targets = (frame.targets(self.label_space, self.mask_assign_stride) for frame in (key, ref))
        # Key and reference frames share one pass up to the kernel head.
        feats = self.pyramid(torch.cat([key.img, ref.img]))
        both, pyramid = self.rpn_head(feats), self.embedding.keep(feats)
        first, second = slice(len(key.img)), slice(len(key.img), None)
        proposals, ref_proposals = both.select(first), both.select(second)

        ref_losses, ref_stage = self.reference_forward(ref_proposals, ref_targets)
        losses, matchings = self.rpn_head.loss(proposals, targets)
        previous = ref_stage.kernels if self.link_previous and ref_stage is not None else None
        stage_losses, stage = self.roi_head.forward_train(proposals, targets, matchings, previous)
        output = NetworkOutput(proposals, stage, [level[first] for level in pyramid])
        ref_output = NetworkOutput(ref_proposals, ref_stage, [level[second] for level in pyramid])
        embeds, ids = self.embed_targets(output, targets, key.ids)
        ref_embeds, ref_ids = self.embed_targets(ref_output, ref_targets, ref.ids)
        track_losses = self.track_head.loss(embeds, ref_embeds, ids, ref_ids)
        return {**losses, **stage_losses, **ref_losses, **track_losses}

    def reference_forward(
        self, proposals: Proposals, targets: List[ImageTargets]
    ) -> Tuple[Dict[str, Tensor], Optional[StageOutput]]:
        """Run the refinement stages of the reference frames.

        Args:
            proposals: Output of the kernel head for B reference frames.
            targets: Their ground truths.

        Returns:
            Losses, none without ``ref_losses``; and the output of the last stage, None if nothing reads it.
        """
        if not self.ref_losses:
            is_read = self.link_previous or self.embedding.reads_kernels
            return {}, self.roi_head(proposals) if is_read else None
        rpn_losses, matchings = self.rpn_head.loss(proposals, targets)
        stage_losses, output = self.roi_head.forward_train(proposals, targets, matchings)
        return {
            **{f'{name}_ref_rpn': value for name, value in rpn_losses.items()},
            **{f'{name}_ref': value for name, value in stage_losses.items()},
        }, output

    def embed_targets(
        self, output: NetworkOutput, targets: List[ImageTargets], ids: Sequence[Tensor]
    ) -> Tuple[List[Tensor], List[Tensor]]:
        """Embed the instances of B training frames.

        Returns:
            Per frame, embeddings (n_i, E) float and the identities (n_i,) int64 that they stand for.
        """
        matchings: List[Matching] = []
        if self.embedding.reads_kernels and output.stage is not None:
            # Stages are trained with matchings of the masks that they receive; an instance is embedded by the kernel
            # that has its mask in the end.
            matchings = self.roi_head.match(-1, output.stage.masks, output.stage.cls_logits, targets)
        rows, instances = self.embedding.of_targets(output, targets, matchings)
        embeds = self.track_head(rows).split([len(i) for i in instances])
        return list(embeds), [identity[i].long() for identity, i in zip(ids, instances)]

    # ------------------------------------------------------------ inference

    @torch.inference_mode()
    def step(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> PanopticPrediction:
        """Predict the next frame of a stream; see :meth:`.StreamModel.step`.

        Track ids begin with 1; 0 = stuff or untracked.
        """
        return self.begin_step(img, img_meta, memory)()

    @torch.inference_mode()
    def begin_step(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> Callable[[], PanopticPrediction]:
        """Predict the next frame of a stream without waiting for its maps; see :meth:`.StreamModel.begin_step`."""
        output = self.forward_network(img, img_meta, memory)
        return self.begin_frame(output, with_batch_shape(img, [img_meta])[0], memory)

    def forward_network(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> NetworkOutput:
        """Run the network part of :meth:`step`: link the frame to ``memory`` and update ``memory``."""
        if memory.starts_anew(img_meta):
            memory.tracker = TRACKERS.build(dict(self.tracker_cfg))
            memory.kernels = None
        feats = self.pyramid(img)
        proposals = self.rpn_head(feats)
        stage = self.roi_head(proposals, memory.kernels if self.link_previous else None)
        memory.advance(img_meta, stage.kernels)
        return NetworkOutput(proposals, stage, self.embedding.keep(feats))

    def begin_frame(
        self, output: NetworkOutput, img_meta: Dict[str, Any], memory: StreamMemory
    ) -> Callable[[], PanopticPrediction]:
        """Fuse and track a frame after the network part, see :meth:`forward_network`.

        Returns:
            A function that waits for the maps and returns the prediction.
        """
        stage = output.stage
        assert stage is not None and stage.cls_logits is not None, 'a test frame runs through all stages'
        (cls_scores,) = download(at_least_float32(stage.cls_logits[0].sigmoid()))
        resizer = MaskResizer(stage.masks[0], self.roi_head.mask_head[-1].mask_upsample_stride, img_meta)
        fused, segments = fuse(cls_scores, resizer, self.label_space, self.fusion)
        things = [s for s in segments if s.is_thing]
        semantic = semantic_map(fused, segments, self.label_space, self.fusion.unassigned, cls_scores, resizer)
        if things:
            index_map = _index_map(fused, segments, things)
            boxes = self._boxes(index_map, things, output)
            embeds = self.track_head(self.embedding.of_segments(output, things, index_map, img_meta))
            # Boxes and embeddings leave the device together, so that the host waits once for both.
            boxes, embeds = download(boxes, embeds)
            labels = torch.as_tensor(self.label_space.model_classes[[s.category for s in things]])
            self._track(things, Detections(boxes, labels, embeds, index_map), memory)
        # The maps follow in narrow numbers, while the host prepares the next frame.
        maps = begin_download(semantic, narrowed(fused, len(segments)))
        track_ids = torch.tensor([0] + [s.track_id for s in segments], dtype=torch.int32)

        def finish() -> PanopticPrediction:
            semantic, panoptic = maps()
            tracked = track_ids[panoptic.long()].numpy()
            return PanopticPrediction(semantic.numpy(), tracked, panoptic.int().numpy(), segments)

        return finish

    def _boxes(self, index_map: Tensor, things: List[Segment], output: NetworkOutput) -> Tensor:
        """Return the boxes (n, 5) of the things of a frame, see :func:`.thing_boxes`."""
        visible = index_map >= 0
        if self.semantic_filter:
            visible = thing_pixels(output.proposals.semantic[0], self.label_space.num_things, index_map.shape)
        return thing_boxes(index_map, things, visible)

    def _track(self, things: List[Segment], detections: Detections, memory: StreamMemory) -> None:
        """Set ``track_id`` of the things of a frame, from 1; 0 = untracked."""
        assert memory.tracker is not None, 'forward_network makes a tracker for every video'
        matches = memory.tracker.match(detections, memory.frame_id)
        # The original pairs ids and things by position although duplicates were dropped in between.
        rows = range(len(matches.ids)) if self.fusion.paper_id_order else matches.kept.tolist()
        for row, track_id in zip(rows, matches.ids.tolist()):
            things[row].track_id = max(track_id, -1) + 1


def _index_map(panoptic: Tensor, segments: List[Segment], things: List[Segment]) -> Tensor:
    """Return the index into ``things`` of every pixel of a panoptic map, (H, W) int64, -1 elsewhere."""
    lut = torch.full((len(segments) + 1,), -1)
    lut[[s.id for s in things]] = torch.arange(len(things))
    return upload(lut, panoptic.device)[panoptic.long()]
