"""Image K-Net (Zhang et al., NeurIPS 2021)."""

from typing import Any, Dict, List, Optional, Sequence

import torch
from mmdet.core import BitmapMasks
from mmdet.models.builder import DETECTORS
from torch import Tensor

from knet.structures import PanopticPrediction
from knet.utils.precision import at_least_float32
from knet.utils.transfer import download

from .fusion_options import FusionOptions, SelectionOptions, read_options
from .instance_selection import select_instances
from .kernel_net import KernelNet, with_batch_shape
from .panoptic_fusion import MaskResizer, fuse, semantic_map
from .protocols import ImageModel, Prediction
from .targets import build_targets


@DETECTORS.register_module()
class KNet(ImageModel, KernelNet):
    """Image segmentation with dynamic kernels: panoptic, or of instances if the label space has no stuff.

    Args:
        **kwargs: Arguments of :class:`~knet.det.kernel_net.KernelNet`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.label_space.num_stuff:
            self.fusion = FusionOptions.from_config(self.test_cfg['rcnn']).checked_for(self.label_space)
        else:
            place = f'test_cfg.rcnn of a model that selects instances, since {self.label_space.name!r} has no stuff,'
            self.selection = read_options(SelectionOptions, self.test_cfg['rcnn'], place)

    def forward_train(
        self,
        img: Tensor,
        img_metas: Sequence[Dict[str, Any]],
        gt_labels: Sequence[Tensor],
        gt_masks: Sequence[BitmapMasks],
        gt_semantic_seg: Optional[Tensor] = None,
        **kwargs: Any,
    ) -> Dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            img: (B, 3, H, W) float, normalised.
            img_metas: B metas.
            gt_labels: B tensors (G_i,) int64 thing labels.
            gt_masks: B instance mask sets.
            gt_semantic_seg: (B, 1, H, W) int dataset ids; read for stuff.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            ``loss_rpn_*`` and ``s{stage}_*``.
        """
        img_metas = with_batch_shape(img, img_metas)
        targets = build_targets(
            gt_masks, gt_labels, gt_semantic_seg, img_metas, self.label_space, self.mask_assign_stride
        )
        proposals = self.rpn_head(self.pyramid(img))
        losses, matchings = self.rpn_head.loss(proposals, targets)
        stage_losses, _ = self.roi_head.forward_train(proposals, targets, matchings)
        return {**losses, **stage_losses}

    @torch.inference_mode()
    def predict_images(self, img: Tensor, img_metas: Sequence[Dict[str, Any]]) -> List[Prediction]:
        """Predict a batch of images, see :meth:`ImageModel.predict_images`.

        ``instance`` of a panoptic prediction holds segment ids of things.
        """
        output = self.roi_head(self.rpn_head(self.pyramid(img)))
        metas = with_batch_shape(img, img_metas)
        (cls_scores,) = download(at_least_float32(output.cls_logits.sigmoid()))
        return [self.predict_image(*one) for one in zip(cls_scores, output.masks, metas)]

    def simple_test(self, img: Tensor, img_metas: Sequence[Dict[str, Any]], rescale: bool = True) -> List[Prediction]:
        """Call :meth:`predict_images`, as mmdet's entry; predictions always have the original size."""
        return self.predict_images(img, img_metas)

    def predict_image(self, cls_scores: Tensor, masks: Tensor, img_meta: Dict[str, Any]) -> Prediction:
        """Fuse the masks of one image, or select its instances.

        Args:
            cls_scores: (Q, K) float in 0..1, on the host.
            masks: (Q, h, w) float logits.
            img_meta: Meta of the image, see :class:`MaskResizer`.

        Returns:
            The prediction at the original size.
        """
        resizer = MaskResizer(masks, self.roi_head.mask_head[-1].mask_upsample_stride, img_meta)
        if not self.label_space.num_stuff:
            return select_instances(cls_scores, resizer, self.selection.max_per_img, self.selection.mask_thr)
        panoptic, segments = fuse(cls_scores, resizer, self.label_space, self.fusion)
        semantic = semantic_map(panoptic, segments, self.label_space, self.fusion.unassigned, cls_scores, resizer)
        semantic, panoptic = download(semantic, panoptic)
        things = torch.tensor([0] + [s.id * s.is_thing for s in segments], dtype=torch.int32)
        return PanopticPrediction(semantic.numpy(), things[panoptic.long()].numpy(), panoptic.numpy(), segments)
