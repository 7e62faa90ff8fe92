"""Video K-Net for video semantic segmentation (Li et al., CVPR 2022, Sec. 4 on VSPW)."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmdet.models.builder import DETECTORS
from mmseg.core import add_prefix
from mmseg.models import EncoderDecoder
from mmseg.ops import resize
from torch import Tensor

from knet.det.logged_losses import parse_losses
from knet.det.panoptic_fusion import check_finite
from knet.labels import AnyLabelSpace, get_label_space
from knet.structures import PanopticPrediction
from knet.utils.transfer import begin_download
from knet.video.frame_by_frame import FrameByFrame
from knet.video.memory import StreamMemory


def with_num_classes(head: Union[dict, Sequence[dict], None], num_classes: int) -> Union[dict, List[dict], None]:
    """Return the config of a head, or of several heads, with a class count wherever none is set."""
    if head is None or isinstance(head, dict):
        return head and {'num_classes': num_classes, **head}
    return [{'num_classes': num_classes, **part} for part in head]


@DETECTORS.register_module()
class VideoKNetVSS(FrameByFrame, EncoderDecoder):
    """mmsegmentation's K-Net that links the semantic kernels of successive frames.

    Training takes single frames, or pairs of a key and a reference frame. A pair counts as two frames: losses are means
    over all frames, so that B pairs without link are equal to a batch of 2B frames in mmseg's K-Net. Testing takes the
    frames of a video one by one, see :meth:`new_stream` and :meth:`step`.

    Its parts are built from mmseg's registry.

    Args:
        decode_head: Config of a :class:`.VideoIterativeDecodeHead`. Class counts of all heads are those of the label
            space.
        label_space: Classes; the channels of the logits are its model classes.
        auxiliary_head: Config of an auxiliary head, or of several, as in mmseg.
        **kwargs: Arguments of :class:`mmseg.models.EncoderDecoder`.

    Raises:
        ValueError: If the classes do not fit the head, or if a linked head shall be tested in sliding windows, whose
            kernels do not belong to a whole frame.
    """

    def __init__(
        self,
        decode_head: dict,
        label_space: AnyLabelSpace = 'vspw',
        auxiliary_head: Union[dict, Sequence[dict], None] = None,
        **kwargs,
    ) -> None:
        space = get_label_space(label_space)
        parts = {
            key: with_num_classes(decode_head[key], space.num_classes)
            for key in ('kernel_generate_head', 'kernel_update_head')
        }
        auxiliary_head = with_num_classes(auxiliary_head, space.num_classes)
        super().__init__(decode_head={**decode_head, **parts}, auxiliary_head=auxiliary_head, **kwargs)
        self.label_space = space
        if self.num_classes != self.label_space.num_classes:
            raise ValueError(
                f'the decode head has {self.num_classes} classes, label space {self.label_space.name!r} '
                f'{self.label_space.num_classes}; set num_classes of the heads, or label_space, to fit'
            )
        if self.decode_head.link is not None and self.test_cfg['mode'] != 'whole':
            raise ValueError(f"test_cfg.mode={self.test_cfg['mode']!r}: frames are linked as a whole, use 'whole'")

    def class_targets(self, gt_semantic_seg: Tensor) -> Tensor:
        """Return the channels of the logits for dataset ids (any shape, int64); void is 255, which mmseg ignores."""
        # No buffers: mmcv saves all of them, and a checkpoint has mmseg's keys.
        table = torch.as_tensor(self.label_space.model_classes, device=gt_semantic_seg.device)
        return table.masked_fill(table < 0, 255)[gt_semantic_seg]

    # ------------------------------------------------------------- training

    @staticmethod
    def _parse_losses(losses: Dict[str, Any]) -> Tuple[Tensor, Dict[str, float]]:
        return parse_losses(losses)

    def forward_train(
        self,
        img: Tensor,
        img_metas: Sequence[dict],
        gt_semantic_seg: Tensor,
        ref_img: Optional[Tensor] = None,
        ref_img_metas: Optional[Sequence[Sequence[dict]]] = None,
        ref_gt_semantic_seg: Optional[Tensor] = None,
    ) -> Dict[str, Tensor]:
        """Compute the losses of B frames, or of B pairs of key and reference frame.

        Args:
            img: (B, 3, H, W) float, normalised key frames.
            img_metas: B metas.
            gt_semantic_seg: (B, 1, H, W) int64 dataset ids or void.
            ref_img: (B, 1, 3, H, W) float, one reference frame per key frame.
            ref_img_metas: B lists of one meta.
            ref_gt_semantic_seg: (B, 1, 1, H, W) int64.

        Returns:
            The losses, with the names of mmseg's EncoderDecoder.
        """
        pairs = ref_img is not None
        if ref_img is not None and ref_img_metas is not None and ref_gt_semantic_seg is not None:
            img, img_metas = torch.cat([img, ref_img[:, 0]]), [*img_metas, *(metas[0] for metas in ref_img_metas)]
            gt_semantic_seg = torch.cat([gt_semantic_seg, ref_gt_semantic_seg[:, 0]])
        feats, labels = self.extract_feat(img), self.class_targets(gt_semantic_seg)
        logits, _ = self.decode_head.refine(feats, pairs=pairs)
        losses = add_prefix(self.decode_head.losses(logits, labels), 'decode')
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(feats, img_metas, labels))
        return losses

    # ------------------------------------------------------------ inference

    def frame_logits(
        self, img: Tensor, img_meta: Dict[str, Any], previous: Optional[Tensor] = None
    ) -> Tuple[Tensor, Tensor]:
        """Return the class logits of a frame at its original size, and its refined kernels.

        Args:
            img: (1, 3, H, W) float, normalised and padded.
            img_meta: Dict with ``img_shape`` and ``ori_shape``.
            previous: (1, K, C, 1, 1) float kernels of the previous frame.

        Returns:
            (1, K, H', W') logits and (1, K, C, 1, 1) kernels.
        """
        logits, kernels = self.decode_head.refine(self.extract_feat(img), previous)
        height, width = img_meta['img_shape'][:2]
        sampling = dict(mode='bilinear', align_corners=self.align_corners)
        padded = resize(logits[-1], size=img.shape[2:], **sampling)
        size = tuple(img_meta['ori_shape'][:2])
        return resize(padded[:, :, :height, :width], size=size, warning=False, **sampling), kernels

    @torch.inference_mode()
    def step(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> PanopticPrediction:
        """Predict the next frame of a stream; see :meth:`.StreamModel.step`.

        All classes are stuff: ``instance`` and ``panoptic`` are zero and there are no segments.
        """
        return self.begin_step(img, img_meta, memory)()

    @torch.inference_mode()
    def begin_step(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> Callable[[], PanopticPrediction]:
        """Predict the next frame of a stream without waiting for its map; see :meth:`.StreamModel.begin_step`."""
        if memory.starts_anew(img_meta):
            memory.kernels = None
        if self.test_cfg['mode'] == 'slide':
            logits, kernels = self.slide_inference(img, [img_meta], rescale=True), None
        else:
            logits, kernels = self.frame_logits(img, img_meta, memory.kernels)
        memory.advance(img_meta, kernels)
        output = begin_download(logits.amax(), logits[0].argmax(dim=0).to(torch.uint8))

        def finish() -> PanopticPrediction:
            largest, classes = output()
            check_finite([largest.item()], str(img_meta.get('ori_filename', 'this frame')))
            semantic = self.label_space.dataset_ids.astype(np.uint8)[classes.numpy()]
            instance, panoptic = (np.zeros(semantic.shape, dtype=np.int32) for _ in range(2))
            return PanopticPrediction(semantic, instance, panoptic)

        return finish
