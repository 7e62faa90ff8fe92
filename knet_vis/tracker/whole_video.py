"""Segmentation of a video of any length in bounded memory.

The tracker reads every frame several times: once per clip stage to gather features under masks, and once for the final
masks. Between these passes, the features are stored in a temporary file. Per frame, memory only holds kernels and group
features, N * C numbers each.
"""

from typing import Any, Dict, Iterable, Iterator, List

import torch
from torch import Tensor

from knet.det.fusion_options import SelectionOptions
from knet.det.panoptic_fusion import MaskResizer, check_finite
from knet.layouts.coco import encode_mask
from knet.utils.spool import TensorSpool
from knet_vis.structures import VideoInstances

from .kernel_frame_iter_head import KernelFrameIterHeadVideo

#: Frames that go through the network together. Batches of another size may round otherwise, so chunks are regrouped.
FRAMES_AT_ONCE = 4


def regroup(chunks: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """Cut a video, given as (f, 3, H, W) tensors, into tensors of ``size`` frames; the last may be shorter.

    Raises:
        ValueError: If a chunk has another frame size than the one before.
    """
    waiting: List[Tensor] = []
    count = 0
    for chunk in chunks:
        if waiting and chunk.shape[1:] != waiting[0].shape[1:]:
            raise ValueError(
                f'frames of a video must have one size, got {tuple(waiting[0].shape[1:])} and {tuple(chunk.shape[1:])}'
            )
        waiting.append(chunk)
        count += len(chunk)
        while count >= size:
            frames = waiting[0] if len(waiting) == 1 else torch.cat(waiting)
            yield frames[:size]
            waiting, count = [frames[size:]], count - size
    if count:
        yield torch.cat(waiting)


class _Passes:
    """State of the passes over a video.

    Attributes:
        spool: Features of the frames, in groups (f, C, h, w).
        size: (H, W) of the padded frames in pixels.
        kernels: (1, N, C) float kernels of the clip after ``stage`` stages.
        stage: Number of stages done.
    """

    def __init__(self, tracker: KernelFrameIterHeadVideo, spool: TensorSpool) -> None:
        self.tracker = tracker
        self.spool = spool
        self.stage = 0

    def read_frames(self, model: Any, frames: Iterable[Tensor]) -> None:
        """Run the first pass: image K-Net and the first clip stage.

        Raises:
            ValueError: If there is no frame.
        """
        kernels, gathered = [], []
        for img in frames:
            self.size = tuple(img.shape[-2:])
            refined = model.forward_frames(img)
            self.spool.append(refined.feats)
            kernels.append(refined.kernels[..., 0, 0])
            if self.tracker.fc_mask is None:
                gathered.append(self.tracker.mask_head[0].gather(refined.masks, refined.feats))
        if not kernels:
            raise ValueError('a video without frames cannot be segmented')
        self.kernels = self.tracker.merge_frames(torch.cat(kernels)[None])
        if gathered:
            self._update(torch.cat(gathered))

    def run_clip_stages(self) -> None:
        """Run one pass for each of the other clip stages."""
        while self.stage < self.tracker.assign_stages:
            head = self.tracker.mask_head[self.stage]
            self._update(torch.cat([head.gather(self._masks(x), x) for x in self.spool]))

    def _update(self, gathered: Tensor) -> None:
        head = self.tracker.mask_head[self.stage]
        self.kernels = head.update_kernels(gathered, self.kernels, self.tracker.pos)
        self.stage += 1

    def _masks(self, x: Tensor) -> Tensor:
        """Return the mask logits (f, N, h, w) of the current kernels."""
        if self.stage == 0:
            return self.tracker.initial_masks(x, self.kernels)
        return self.tracker.mask_head[self.stage - 1].predict_masks(x, self.kernels)

    def scores(self) -> Tensor:
        """Return the class scores (N, K) of the clip in 0..1."""
        logits = self.tracker.mask_head[self.stage - 1].classify(self.kernels)
        assert logits is not None, 'the stages of the clip have a classifier'
        return logits[0].sigmoid()

    def masks(self, queries: Tensor) -> Iterator[Tensor]:
        """Run the last pass, the frame stages, and yield the mask logits (f, M, h, w) of some queries (M,)."""
        stages = self.tracker.mask_head[self.stage :]
        for x in self.spool:
            kernels, last = self.kernels.expand(len(x), -1, -1), self.tracker.mask_head[self.stage - 1]
            for i, head in enumerate(stages):
                masks = last.predict_masks(x, kernels) if i else self._masks(x)
                kernels = head.update_kernels(head.gather(masks, x), kernels)
                last = head
            yield last.predict_masks(x, kernels[:, queries])


@torch.inference_mode()
def segment_video(model: Any, chunks: Iterable[Tensor], img_meta: dict) -> VideoInstances:
    """Segment and track a whole video, see :meth:`KNetTrack.predict_video`."""
    device = next(model.parameters()).device
    with TensorSpool(device) as spool:
        passes = _Passes(model.tracker, spool)
        passes.read_frames(model, (frames.to(device) for frames in regroup(chunks, FRAMES_AT_ONCE)))
        passes.run_clip_stages()
        return _best_tracks(passes, model.selection, {**img_meta, 'batch_input_shape': passes.size})


def _best_tracks(passes: _Passes, options: SelectionOptions, img_meta: dict) -> VideoInstances:
    """Select the best (query, class) pairs; resize, binarise and encode the masks of their queries frame by frame."""
    cls_scores = passes.scores()
    num_classes = cls_scores.shape[1]
    scores, pairs = cls_scores.flatten().topk(min(options.max_per_img, cls_scores.numel()))
    found = scores.float().cpu().numpy()
    check_finite(found.tolist(), str(img_meta.get('ori_filename', 'this video')))
    queries, rows = (pairs // num_classes).unique(return_inverse=True)
    every = torch.arange(len(queries), device=pairs.device)
    tracks: List[List[Dict[str, Any]]] = [[] for _ in queries]
    stride = passes.tracker.mask_head[-1].mask_upsample_stride
    for group in passes.masks(queries):
        for masks in group:
            binary = MaskResizer(masks, stride, img_meta)(every) > options.mask_thr
            # Run lengths are counted down the columns.
            for track, columns in zip(tracks, binary.transpose(1, 2).contiguous().cpu().numpy()):
                track.append(encode_mask(columns.T))
    return VideoInstances(found, (pairs % num_classes).cpu().numpy(), [list(tracks[row]) for row in rows.tolist()])
