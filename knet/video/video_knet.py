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
from knet.det.targets import ImageTargets, build_targets
from knet.structures import PanopticPrediction, Segment
from knet.utils.precision import at_least_float32
from knet.utils.transfer import begin_download, download, narrowed, upload

from .embeddings import NetworkOutput, build_embedding
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
        """Compute the losses of B pairs of key and reference frame.

        Args:
            img: (B, 3, H, W) float, normalised key frames.
            img_metas: B metas.
            gt_labels: B tensors (G_i,) int64 thing labels.
            gt_masks: B instance mask sets.
            gt_instance_ids: B tensors (G_i,) identities.
            gt_semantic_seg: (B, 1, H, W) int dataset ids.
            ref_img: (B, 1, 3, H, W) float, one reference frame per key frame.
            ref_img_metas: B lists of one meta.
            ref_gt_labels: B tensors (M_i, 2); column 0 is the index of the reference frame, column 1 is the label.
            ref_gt_masks: B lists of one mask set.
            ref_gt_instance_ids: B tensors (M_i, 2); column 0 is the index of the reference, column 1 the identity.
            ref_gt_semantic_seg: (B, 1, 1, H, W) int dataset ids.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            Losses of the key frames named as in :meth:`KNet.forward_train`, losses of the reference frames with suffix
            ``_ref`` (stages) and ``_ref_rpn`` (kernel head), and ``loss_track`` and ``loss_track_aux``.
        """
        img_metas = with_batch_shape(img, img_metas)
        ref_metas = with_batch_shape(ref_img, [metas[0] for metas in ref_img_metas])
        targets = build_targets(
            gt_masks, gt_labels, gt_semantic_seg, img_metas, self.label_space, self.mask_assign_stride
        )
        ref_targets = build_targets(
            [masks[0] for masks in ref_gt_masks],
            [labels[:, 1].long() for labels in ref_gt_labels],
            ref_gt_semantic_seg[:, 0],
            ref_metas,
            self.label_space,
            self.mask_assign_stride,
        )
        # Key and reference frames share one pass up to the kernel head.
        feats = self.pyramid(torch.cat([img, ref_img[:, 0]]))
        both, pyramid = self.rpn_head(feats), self.embedding.keep(feats)
        key, ref = slice(len(img)), slice(len(img), None)
        proposals, ref_proposals = both.select(key), both.select(ref)

        ref_losses, ref_stage = self._reference_forward(ref_proposals, ref_targets)
        losses, samples = self.rpn_head.loss(proposals, targets)
        previous = ref_stage.kernels if self.link_previous and ref_stage is not None else None
        stage_losses, stage = self.roi_head.forward_train(proposals, targets, samples, previous)
        embeds, ids = self._embed_targets(
            NetworkOutput(proposals, stage, [level[key] for level in pyramid]), targets, gt_instance_ids
        )
        ref_embeds, ref_ids = self._embed_targets(
            NetworkOutput(ref_proposals, ref_stage, [level[ref] for level in pyramid]),
            ref_targets,
            [ids[:, 1] for ids in ref_gt_instance_ids],
        )
        track_losses = self.track_head.loss(embeds, ref_embeds, ids, ref_ids)
        return {**losses, **stage_losses, **ref_losses, **track_losses}

    def _reference_forward(
        self, proposals: Proposals, targets: List[ImageTargets]
    ) -> Tuple[Dict[str, Tensor], Optional[StageOutput]]:
        if not self.ref_losses:
            is_read = self.link_previous or self.embedding.reads_kernels
            return {}, self.roi_head(proposals) if is_read else None
        rpn_losses, samples = self.rpn_head.loss(proposals, targets)
        stage_losses, output = self.roi_head.forward_train(proposals, targets, samples)
        return {
            **{f'{name}_ref_rpn': value for name, value in rpn_losses.items()},
            **{f'{name}_ref': value for name, value in stage_losses.items()},
        }, output

    def _embed_targets(
        self, output: NetworkOutput, targets: List[ImageTargets], ids: Sequence[Tensor]
    ) -> Tuple[List[Tensor], List[Tensor]]:
        """Return, per image, the embeddings (n_i, E) of its instances and their identities (n_i,) int64."""
        rows, instances = self.embedding.of_targets(output, targets, self._match_final)
        embeds = self.track_head(rows).split([len(i) for i in instances])
        return list(embeds), [identity[i].long() for identity, i in zip(ids, instances)]

    def _match_final(self, stage: Optional[StageOutput], targets: Sequence[ImageTargets]) -> List[Matching]:
        assert stage is not None, 'embeddings that match kernels need the last stage'
        return self.roi_head.match(-1, stage.masks, stage.cls_logits, targets)

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
        return self._begin_frame(output, with_batch_shape(img, [img_meta])[0], memory)

    def forward_network(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> NetworkOutput:
        """Run the network part of :meth:`step`: link the frame to ``memory`` and update ``memory``."""
        if memory.starts_anew(img_meta):
            memory.tracker = TRACKERS.build(dict(self.tracker_cfg))
            memory.kernels = None
        feats = self.pyramid(img)
        proposals = self.rpn_head(feats)
        stage = self.roi_head(proposals, memory.kernels if self.link_previous else None)
        memory.video_id, memory.frame_id, memory.kernels = img_meta['video_id'], img_meta['frame_id'], stage.kernels
        return NetworkOutput(proposals, stage, self.embedding.keep(feats))

    def predict_frame(
        self, output: NetworkOutput, img_meta: Dict[str, Any], memory: StreamMemory
    ) -> PanopticPrediction:
        """Fuse and track a frame after the network part, see :meth:`forward_network`."""
        return self._begin_frame(output, img_meta, memory)()

    def _begin_frame(
        self, output: NetworkOutput, img_meta: Dict[str, Any], memory: StreamMemory
    ) -> Callable[[], PanopticPrediction]:
        """Do the work of :meth:`predict_frame`; the function that is returned waits for the maps."""
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
