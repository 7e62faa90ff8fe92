"""Video K-Net for video semantic segmentation (Li et al., CVPR 2022, Sec. 4 on VSPW)."""

from typing import Dict, Optional, Sequence, Union

import numpy as np
import torch
from mmdet.models.builder import DETECTORS
from mmseg.models import EncoderDecoder
from torch import Tensor

from knet.det.protocols import StreamModel
from knet.labels import LabelSpace, get_label_space
from knet.structures import PanopticPrediction
from knet.video.memory import StreamMemory
from knet.video.video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetVSS(EncoderDecoder, StreamModel):
    """mmsegmentation's K-Net whose semantic kernels live through a video.

    Training takes single frames, or pairs of a key and a reference frame. A
    pair counts as two frames: losses are means over all of them, so that
    without link it equals mmseg's K-Net on a batch of twice the size. At test
    time frames come one by one, see :meth:`new_stream` and :meth:`step`.

    Its parts are built from mmseg's registry.

    Args:
        label_space (str | LabelSpace): The classes; the channels of the logits
            are its model classes.
        **kwargs: Of :class:`mmseg.models.EncoderDecoder`; ``decode_head`` is a
            :class:`.VideoIterativeDecodeHead`.

    Raises:
        ValueError: If the classes don't fit the head, or a linked head is to
            be tested in sliding windows, whose kernels are those of no frame.
    """

    def __init__(self, label_space: Union[str, LabelSpace] = 'vspw', **kwargs) -> None:
        super().__init__(**kwargs)
        self.label_space = get_label_space(label_space)
        if self.num_classes != self.label_space.num_classes:
            raise ValueError(
                f'the decode head has {self.num_classes} classes, label space {self.label_space.name!r} '
                f'{self.label_space.num_classes}; set num_classes of the heads, or label_space, to fit'
            )
        if self.decode_head.link is not None and self.test_cfg['mode'] != 'whole':
            raise ValueError(f"test_cfg.mode={self.test_cfg['mode']!r}: frames are linked as a whole, use 'whole'")
        self._stream = self.new_stream()

    def class_targets(self, gt_semantic_seg: Tensor) -> Tensor:
        """Channels of the logits for dataset ids (any shape, int64); 255, which mmseg's losses leave out, for void."""
        # No buffers: mmcv saves all of them, and a checkpoint has mmseg's keys.
        table = torch.as_tensor(self.label_space.model_classes, device=gt_semantic_seg.device)
        return table.masked_fill(table < 0, 255)[gt_semantic_seg]

    # ------------------------------------------------------------- training

    def forward_train(
        self,
        img: Tensor,
        img_metas: Sequence[dict],
        gt_semantic_seg: Tensor,
        ref_img: Optional[Tensor] = None,
        ref_img_metas: Optional[Sequence[Sequence[dict]]] = None,
        ref_gt_semantic_seg: Optional[Tensor] = None,
    ) -> Dict[str, Tensor]:
        """Losses of B frames, or of B pairs of key and reference frame.

        Args:
            img (Tensor): (B, 3, H, W) float, normalised key frames.
            img_metas (Sequence[dict]): B metas.
            gt_semantic_seg (Tensor): (B, 1, H, W) int64 dataset ids or void.
            ref_img (Tensor | None): (B, 1, 3, H, W) float, one reference each.
            ref_img_metas (Sequence | None): B lists of one meta.
            ref_gt_semantic_seg (Tensor | None): (B, 1, 1, H, W) int64.

        Returns:
            dict[str, Tensor]: Named as those of mmseg's EncoderDecoder.
        """
        if ref_img is None:
            return super().forward_train(img, img_metas, self.class_targets(gt_semantic_seg))
        metas = [*img_metas, *({**meta[0], 'is_reference': True} for meta in ref_img_metas)]
        labels = torch.cat([gt_semantic_seg, ref_gt_semantic_seg[:, 0]])
        return super().forward_train(torch.cat([img, ref_img[:, 0]]), metas, self.class_targets(labels))

    def _decode_head_forward_train(
        self, x: Sequence[Tensor], img_metas: Sequence[dict], gt_semantic_seg: Tensor
    ) -> Dict[str, Tensor]:
        """Losses of the decode head; mmseg calls it within ``forward_train``."""
        pairs = bool(img_metas[-1].get('is_reference'))
        logits, _ = self.decode_head.refine(x, pairs=pairs)
        return {f'decode.{name}': value for name, value in self.decode_head.losses(logits, gt_semantic_seg).items()}

    # ------------------------------------------------------------ inference

    # Streams begin, and the framework enters them, as in the panoptic model.
    new_stream = VideoKNet.new_stream
    simple_test = VideoKNet.simple_test

    def _decode_head_forward_test(self, x: Sequence[Tensor], img_metas: Optional[Sequence[dict]]) -> Tensor:
        """Logits of the last stage; mmseg calls it within ``encode_decode``.

        The stream travels with the frame's meta.
        """
        memory = img_metas[0].get('stream') if img_metas else None
        logits, kernels = self.decode_head.refine(x, None if memory is None else memory.kernels)
        if memory is not None:
            memory.kernels = kernels
        return logits[-1]

    @torch.inference_mode()
    def step(self, img: Tensor, img_meta: dict, memory: StreamMemory) -> PanopticPrediction:
        """Predict the next frame of a stream.

        Args:
            img (Tensor): (1, 3, H, W) float, normalised and padded.
            img_meta (dict): With ``video_id``, ``frame_id``, ``img_shape``,
                ``ori_shape`` and, optionally, ``is_first_frame``.
            memory (StreamMemory): Of the stream; updated in place.

        Returns:
            PanopticPrediction: At original size, all classes stuff: ``instance``
            and ``panoptic`` are zero and there are no segments.
        """
        if memory.starts_anew(img_meta):
            memory.kernels = None
        infer = self.slide_inference if self.test_cfg['mode'] == 'slide' else self.whole_inference
        logits = infer(img, [{**img_meta, 'stream': memory}], rescale=True)
        memory.video_id, memory.frame_id = img_meta['video_id'], img_meta['frame_id']
        semantic = self.label_space.dataset_ids.astype(np.uint8)[logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy()]
        return PanopticPrediction(semantic, *(np.zeros(semantic.shape, dtype=np.int32) for _ in range(2)))
