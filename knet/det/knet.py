"""Image K-Net (Zhang et al., NeurIPS 2021)."""
from typing import Dict, List, Optional, Sequence

import torch
from mmdet.core import BitmapMasks
from mmdet.models.builder import DETECTORS
from mmdet.models.detectors import TwoStageDetector
from torch import Tensor

from knet.labels import get_label_space
from knet.structures import PanopticPrediction

from .panoptic_fusion import MaskResizer, fuse, semantic_map
from .targets import build_targets


def check_head_classes(model: torch.nn.Module, label_space) -> None:  # noqa: ANN001
    """Refuse heads whose class counts contradict the label space."""
    for name, head in (('rpn_head', model.rpn_head), *((f'mask_head.{i}', h)
                                                       for i, h in enumerate(model.roi_head.mask_head))):
        have = (head.num_thing_classes, head.num_classes - head.num_thing_classes)
        want = (label_space.num_things, label_space.num_stuff)
        if have != want:
            raise ValueError(f'{name} has {have[0]} thing + {have[1]} stuff classes, '
                             f'label space {label_space.name!r} has {want[0]} + {want[1]}')


@DETECTORS.register_module()
class KNet(TwoStageDetector):
    """Panoptic image segmentation with dynamic kernels.

    Args:
        label_space (str): Name of the :class:`~knet.labels.LabelSpace`.
        mask_assign_stride (int): Ratio of padded input and loss resolution.
        **kwargs: ``backbone``, ``neck``, ``rpn_head``, ``roi_head``,
            ``train_cfg``, ``test_cfg`` as in mmdet's two-stage detectors.
    """

    def __init__(self, label_space: str, mask_assign_stride: int = 4, **kwargs) -> None:
        super().__init__(**kwargs)
        self.label_space = get_label_space(label_space)
        self.mask_assign_stride = mask_assign_stride
        check_head_classes(self, self.label_space)

    def forward_train(self, img: Tensor, img_metas: Sequence[dict], gt_labels: Sequence[Tensor],
                      gt_masks: Sequence[BitmapMasks], gt_semantic_seg: Optional[Tensor] = None,
                      **kwargs) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            img (Tensor): (B, 3, H, W) float, normalised.
            img_metas (Sequence[dict]): B metas.
            gt_labels (Sequence[Tensor]): B tensors (G_i,) int64 thing labels.
            gt_masks (Sequence[BitmapMasks]): B instance mask sets.
            gt_semantic_seg (Tensor | None): (B, 1, H, W) int dataset ids.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            dict[str, Tensor]: ``loss_rpn_*`` and ``s{stage}_*``.
        """
        for meta in img_metas:
            meta['batch_input_shape'] = tuple(img.shape[-2:])
        targets = build_targets(gt_masks, gt_labels, gt_semantic_seg, img_metas, self.label_space,
                                self.mask_assign_stride)
        proposals = self.rpn_head(self.extract_feat(img))
        losses, samples = self.rpn_head.loss(proposals, targets)
        stage_losses, _ = self.roi_head.forward_train(proposals, targets, samples)
        return {**losses, **stage_losses}

    def simple_test(self, img: Tensor, img_metas: Sequence[dict], rescale: bool = True) -> List[PanopticPrediction]:
        """Predict a batch.

        Args:
            img (Tensor): (B, 3, H, W) float, normalised.
            img_metas (Sequence[dict]): B metas.
            rescale (bool): Predict at original size; must be True.

        Returns:
            list[PanopticPrediction]: One per image; ``instance`` holds segment
            ids of things.
        """
        with torch.inference_mode():
            output = self.roi_head(self.rpn_head(self.extract_feat(img)))
            return [self.predict_image(scores, masks, {**meta, 'batch_input_shape': tuple(img.shape[-2:])})
                    for scores, masks, meta in zip(output.cls_logits.sigmoid(), output.masks, img_metas)]

    def predict_image(self, cls_scores: Tensor, masks: Tensor, img_meta: dict) -> PanopticPrediction:
        """Fuse the masks of one image; shapes as in :class:`MaskResizer` and :func:`fuse`."""
        cfg = self.test_cfg.rcnn
        resizer = MaskResizer(masks, self.roi_head.mask_head[-1].mask_upsample_stride, img_meta)
        panoptic, segments = fuse(cls_scores, resizer, self.label_space, cfg.max_per_img, cfg.merge_stuff_thing)
        semantic = semantic_map(panoptic, segments, self.label_space, cfg.unassigned, cls_scores, resizer)
        things = torch.tensor([0] + [s.id * s.is_thing for s in segments], dtype=torch.int32, device=panoptic.device)
        return PanopticPrediction(semantic.cpu().numpy(), things[panoptic.long()].cpu().numpy(),
                                  panoptic.cpu().numpy(), segments)

    def forward_dummy(self, img: Tensor) -> Tensor:
        """Network without fusion, for counting operations."""
        return self.roi_head(self.rpn_head(self.extract_feat(img))).masks
