"""Base class of all kernel networks: a feature pyramid, initial kernels, and stages that refine them."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from mmdet.models.builder import build_backbone, build_head, build_neck
from mmdet.models.detectors import BaseDetector
from torch import Tensor

from knet.labels import AnyLabelSpace, LabelSpace, get_label_space

from .chained_conv import Level, PendingConv
from .logged_losses import parse_losses


def with_batch_shape(img: Tensor, img_metas: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return copies of the metas of a batch that include the size of the padded images.

    Args:
        img: (..., H, W) batch of images.
        img_metas: Metas of its images.

    Returns:
        The metas with ``batch_input_shape`` (H, W).
    """
    return [dict(meta, batch_input_shape=tuple(img.shape[-2:])) for meta in img_metas]


def check_heads(rpn_head: Any, chain: Any, label_space: LabelSpace, name: str = 'roi_head') -> None:
    """Refuse heads that contradict the label space or each other.

    Args:
        rpn_head: The kernel head.
        chain: The stages that refine its kernels.
        label_space: The classes.
        name: Name of the chain in the config.

    Raises:
        ValueError: If class counts differ from those of the label space, or strides or numbers of proposals from each
            other.
    """
    stages = [(f'{name}.mask_head.{i}', head) for i, head in enumerate(chain.mask_head)]
    for where, head in (('rpn_head', rpn_head), *stages):
        have = (head.num_thing_classes, head.num_classes - head.num_thing_classes)
        want = (label_space.num_things, label_space.num_stuff)
        if have != want:
            raise ValueError(
                f'{where} has {have[0]} thing + {have[1]} stuff classes, '
                f'label space {label_space.name!r} has {want[0]} + {want[1]}'
            )
    for key, own, other in (
        ('num_proposals', rpn_head.num_proposals, {f'{name}.num_proposals': chain.num_proposals}),
        (
            'feat_downsample_stride',
            rpn_head.feat_downsample_stride,
            {f'{where}.mask_upsample_stride': head.mask_upsample_stride for where, head in stages},
        ),
    ):
        for where, value in other.items():
            if value != own:
                raise ValueError(f'rpn_head.{key}={own}, but {where}={value}; both are one number')


class KernelNet(BaseDetector):
    """Network that the image, the video and the clip model share; their classes add the predictions.

    Args:
        backbone: Config of the backbone.
        neck: Config of the feature pyramid.
        rpn_head: Config of the kernel head; the name is mmdet's. Its class counts default to those of the label space.
        roi_head: Config of the refinement stages; its class counts default to those of the label space, too.
        label_space: The classes, see :func:`knet.labels.get_label_space`.
        test_cfg: ``rcnn`` holds the options of the fusion, or of the selection of instances, see
            :mod:`~knet.det.fusion_options`.
        train_cfg: ``rpn`` and ``rcnn`` hold the assigners and samplers of the two heads.
        mask_assign_stride: Ratio of the size of the padded input and the size of the maps in the losses. Together with
            the ratios in the heads it makes up the stride of the feature maps that kernels are convolved with.
        init_cfg: Initialisation config of mmcv's ``BaseModule``.

    Raises:
        ValueError: If a config gives a head other class counts than the label space has, or heads differ in
            strides or proposals.
    """

    def __init__(
        self,
        backbone: Dict[str, Any],
        neck: Dict[str, Any],
        rpn_head: Dict[str, Any],
        roi_head: Dict[str, Any],
        label_space: AnyLabelSpace,
        test_cfg: Dict[str, Any],
        train_cfg: Optional[Dict[str, Any]] = None,
        mask_assign_stride: int = 4,
        init_cfg: Optional[Dict[str, Any]] = None,
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
        check_heads(self.rpn_head, self.roi_head, self.label_space)

    def _parse_losses(self, losses: Dict[str, Any]) -> Tuple[Tensor, Dict[str, float]]:
        return parse_losses(losses)

    def pyramid(self, img: Tensor) -> Sequence[Level]:
        """Return the levels that the kernel head reads.

        Where the neck is a :class:`~knet.det.ChainedFPN`, the finest level is not computed yet: the convolution that
        reads it lies in another module, which merges with those of the neck.

        Args:
            img: (B, 3, H, W) images.

        Returns:
            Levels (B, C, H_l, W_l), finest first.
        """
        return self.neck(self.backbone(img))

    def extract_feat(self, img: Tensor) -> Tuple[Tensor, ...]:
        """Return the feature pyramid (B, C, H_l, W_l) of (B, 3, H, W) images, finest level first."""
        return tuple(level() if isinstance(level, PendingConv) else level for level in self.pyramid(img))

    def forward_dummy(self, img: Tensor) -> Tensor:
        """Run the network without fusion, for counting operations."""
        return self.roi_head(self.rpn_head(self.pyramid(img))).masks

    def aug_test(self, imgs: Sequence[Tensor], img_metas: Sequence[Sequence[dict]], **kwargs: Any) -> None:
        """Refuse test-time augmentation.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f'{type(self).__name__} has no test-time augmentation, but the test pipeline yields '
            f'{len(imgs)} versions of an image; use one scale and flip=False'
        )
