"""Image K-Net (Zhang et al., NeurIPS 2021)."""

from typing import Dict, List, Optional, Sequence, Union

import torch
from mmdet.core import BitmapMasks
from mmdet.models.builder import DETECTORS, build_backbone, build_head, build_neck
from mmdet.models.detectors import BaseDetector
from torch import Tensor

from knet.labels import LabelSpace, get_label_space
from knet.structures import InstancePrediction, PanopticPrediction

from .instance_selection import select_instances
from .panoptic_fusion import MaskResizer, fuse, semantic_map
from .targets import build_targets


def check_head_classes(model: torch.nn.Module, label_space: LabelSpace) -> None:
    """Refuse heads whose class counts contradict the label space."""
    for name, head in (
        ('rpn_head', model.rpn_head),
        *((f'mask_head.{i}', h) for i, h in enumerate(model.roi_head.mask_head)),
    ):
        have = (head.num_thing_classes, head.num_classes - head.num_thing_classes)
        want = (label_space.num_things, label_space.num_stuff)
        if have != want:
            raise ValueError(
                f'{name} has {have[0]} thing + {have[1]} stuff classes, '
                f'label space {label_space.name!r} has {want[0]} + {want[1]}'
            )


@DETECTORS.register_module()
class KNet(BaseDetector):
    """Image segmentation with dynamic kernels: panoptic, or of instances if the label space has no stuff.

    Args:
        backbone, neck (dict): Configs of the feature pyramid.
        rpn_head (dict): Config of the kernel head; the name is mmdet's. Its
            class counts are those of the label space.
        roi_head (dict): Config of the refinement stages; likewise.
        label_space (str): Name of the :class:`~knet.labels.LabelSpace`.
        test_cfg (dict): ``rcnn`` holds the options of the fusion, or of the
            selection of instances.
        train_cfg (dict | None): ``rpn`` and ``rcnn``, assigners and samplers
            of the heads.
        mask_assign_stride (int): Ratio of padded input and loss resolution.
        init_cfg (dict | None): As in mmcv's ``BaseModule``.

    Raises:
        ValueError: If a config gives a head other class counts than the label
            space has.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        rpn_head: dict,
        roi_head: dict,
        label_space: str,
        test_cfg: dict,
        train_cfg: Optional[dict] = None,
        mask_assign_stride: int = 4,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        self.backbone = build_backbone(backbone)
        self.neck = build_neck(neck)
        self.label_space = get_label_space(label_space)
        counts = dict(num_thing_classes=self.label_space.num_things, num_stuff_classes=self.label_space.num_stuff)
        self.rpn_head = build_head({**counts, **rpn_head, 'train_cfg': train_cfg and train_cfg['rpn']})
        self.roi_head = build_head({**counts, **roi_head, 'train_cfg': train_cfg and train_cfg['rcnn']})
        self.test_cfg = test_cfg
        self.mask_assign_stride = mask_assign_stride
        check_head_classes(self, self.label_space)

    def extract_feat(self, img: Tensor) -> Sequence[Tensor]:
        """Feature pyramid of (B, 3, H, W) images, finest level first."""
        return self.neck(self.backbone(img))

    def forward_train(
        self,
        img: Tensor,
        img_metas: Sequence[dict],
        gt_labels: Sequence[Tensor],
        gt_masks: Sequence[BitmapMasks],
        gt_semantic_seg: Optional[Tensor] = None,
        **kwargs,
    ) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            img (Tensor): (B, 3, H, W) float, normalised.
            img_metas (Sequence[dict]): B metas.
            gt_labels (Sequence[Tensor]): B tensors (G_i,) int64 thing labels.
            gt_masks (Sequence[BitmapMasks]): B instance mask sets.
            gt_semantic_seg (Tensor | None): (B, 1, H, W) int dataset ids; read
                for stuff.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            dict[str, Tensor]: ``loss_rpn_*`` and ``s{stage}_*``.
        """
        for meta in img_metas:
            meta['batch_input_shape'] = tuple(img.shape[-2:])
        targets = build_targets(
            gt_masks, gt_labels, gt_semantic_seg, img_metas, self.label_space, self.mask_assign_stride
        )
        proposals = self.rpn_head(self.extract_feat(img))
        losses, samples = self.rpn_head.loss(proposals, targets)
        stage_losses, _ = self.roi_head.forward_train(proposals, targets, samples)
        return {**losses, **stage_losses}

    def simple_test(
        self, img: Tensor, img_metas: Sequence[dict], rescale: bool = True
    ) -> List[Union[PanopticPrediction, InstancePrediction]]:
        """Predict a batch.

        Args:
            img (Tensor): (B, 3, H, W) float, normalised.
            img_metas (Sequence[dict]): B metas.
            rescale (bool): Predict at original size; must be True.

        Returns:
            list[PanopticPrediction | InstancePrediction]: One per image;
            ``instance`` of a panoptic prediction holds segment ids of things.
        """
        with torch.inference_mode():
            output = self.roi_head(self.rpn_head(self.extract_feat(img)))
            return [
                self.predict_image(scores, masks, {**meta, 'batch_input_shape': tuple(img.shape[-2:])})
                for scores, masks, meta in zip(output.cls_logits.sigmoid(), output.masks, img_metas)
            ]

    def aug_test(self, imgs: Sequence[Tensor], img_metas: Sequence[Sequence[dict]], **kwargs) -> None:
        """Refuse test-time augmentation.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f'{type(self).__name__} has no test-time augmentation, but the test pipeline yields '
            f'{len(imgs)} versions of an image; use one scale and flip=False'
        )

    def predict_image(
        self, cls_scores: Tensor, masks: Tensor, img_meta: dict
    ) -> Union[PanopticPrediction, InstancePrediction]:
        """Fuse the masks of one image, or select its instances; shapes as in :class:`MaskResizer` and :func:`fuse`."""
        cfg = self.test_cfg.rcnn
        resizer = MaskResizer(masks, self.roi_head.mask_head[-1].mask_upsample_stride, img_meta)
        if not self.label_space.num_stuff:
            return select_instances(cls_scores, resizer, cfg.max_per_img, cfg.mask_thr)
        panoptic, segments = fuse(
            cls_scores, resizer, self.label_space, cfg.max_per_img, cfg.merge_joint, cfg.merge_stuff_thing
        )
        semantic = semantic_map(panoptic, segments, self.label_space, cfg.unassigned, cls_scores, resizer)
        things = torch.tensor([0] + [s.id * s.is_thing for s in segments], dtype=torch.int32, device=panoptic.device)
        return PanopticPrediction(
            semantic.cpu().numpy(), things[panoptic.long()].cpu().numpy(), panoptic.cpu().numpy(), segments
        )

    def forward_dummy(self, img: Tensor) -> Tensor:
        """Network without fusion, for counting operations."""
        return self.roi_head(self.rpn_head(self.extract_feat(img))).masks
