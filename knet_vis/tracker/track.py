"""Clip-wise Video K-Net for video instance segmentation (Li et al., CVPR 2022, Sec. 3.4)."""

from typing import Any, Dict, Iterable, List, Sequence, Tuple

from mmcv.runner import auto_fp16
from mmdet.core import BitmapMasks
from mmdet.models.builder import DETECTORS, build_head
from torch import Tensor

from knet.det.fusion_options import SelectionOptions, read_options
from knet.det.kernel_head import Proposals
from knet.det.kernel_net import KernelNet, check_heads, with_batch_shape
from knet.det.protocols import ClipModel
from knet.det.targets import ImageTargets, build_targets
from knet_vis.structures import VideoInstances

from .adopt_tracker import adopt_image_weights
from .clip_targets import clip_targets
from .whole_video import segment_video


@DETECTORS.register_module()
class KNetTrack(ClipModel, KernelNet):
    """Image K-Net on every frame of a clip, and a tracker that merges the kernels of the frames.

    Weights of an image K-Net initialise the tracker, too: each of its stages starts with the weights of the refinement
    stage of the same number, see :func:`~knet_vis.tracker.adopt_tracker.adopt_image_weights`.

    Args:
        tracker: Config of the :class:`~knet_vis.tracker.KernelFrameIterHeadVideo`; class counts default to those of the
            label space.
        **kwargs: Arguments of :class:`~knet.det.kernel_net.KernelNet`; ``train_cfg`` and ``test_cfg`` have a part
            ``tracker``. The label space has no stuff.

    Attributes:
        remapped: Mapping from the keys that were filled when a state dict was last loaded to the keys that filled them.

    Raises:
        ValueError: If the label space has stuff.
    """

    def __init__(self, tracker: Dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.label_space.num_stuff:
            raise ValueError(
                f'KNetTrack tracks things only, but label space {self.label_space.name!r} has '
                f'{self.label_space.num_stuff} stuff classes'
            )
        counts = dict(num_thing_classes=self.label_space.num_things, num_stuff_classes=0)
        train_cfg = kwargs.get('train_cfg')
        self.tracker = build_head({**counts, **tracker, 'train_cfg': train_cfg and train_cfg['tracker']})
        check_heads(self.rpn_head, self.tracker, self.label_space, 'tracker')
        self.selection = read_options(SelectionOptions, self.test_cfg['tracker'], 'test_cfg.tracker')
        self.remapped: Dict[str, str] = {}
        self._register_load_state_dict_pre_hook(adopt_image_weights, with_module=True)

    def init_weights(self) -> None:
        """Initialise as in mmcv; weights that a checkpoint in ``init_cfg`` lacks are initialised as without it."""
        if self.init_cfg:
            for head in (self.rpn_head, self.roi_head, self.tracker):
                head.init_weights()
        super().init_weights()

    @auto_fp16(apply_to=('ref_img',))
    def forward(
        self, img_metas: Sequence, ref_img: Any, ref_img_metas: Sequence, return_loss: bool = True, **kwargs: Any
    ) -> Any:
        """Call :meth:`forward_train` or :meth:`simple_test`; mmdet calls this method.

        Args:
            img_metas: Metas of the key frames, which are ignored because all frames of a clip have equal rights.
            ref_img: (B, F, 3, H, W) float clips for training; for testing, a list of one such tensor, as mmdet's
                transforms for augmentation yield it.
            ref_img_metas: B times F metas for training; for testing, a list of one such list.
            return_loss: Whether to train.
            **kwargs: Ground truth, see :meth:`forward_train`.

        Returns:
            The losses or the predictions.
        """
        if return_loss:
            return self.forward_train(ref_img, ref_img_metas, **kwargs)
        if len(ref_img) != 1:
            self.aug_test(ref_img, ref_img_metas)
        return self.simple_test(ref_img[0], ref_img_metas[0])

    def forward_train(
        self,
        ref_img: Tensor,
        ref_img_metas: Sequence[Sequence[dict]],
        ref_gt_masks: Sequence[Sequence[BitmapMasks]],
        ref_gt_labels: Sequence[Tensor],
        ref_gt_instance_ids: Sequence[Tensor],
        **kwargs: Any,
    ) -> Dict[str, Tensor]:
        """Compute the losses of B clips of F frames.

        Args:
            ref_img: (B, F, 3, H, W) float, normalised.
            ref_img_metas: B times F metas.
            ref_gt_masks: B times F mask sets; any of them may be empty.
            ref_gt_labels: B tensors (M_i, 2) of frame 0..F-1 and thing label.
            ref_gt_instance_ids: B tensors (M_i, 2) of frame and instance id.
            **kwargs: Other keys that data sets collect; not needed.

        Returns:
            Losses ``loss_rpn_*``, ``s{stage}_*`` and ``tracker_s{stage}_*``.
        """
        metas = with_batch_shape(ref_img, [meta for clip in ref_img_metas for meta in clip])
        masks = [frame for clip in ref_gt_masks for frame in clip]
        clips, frames = self._targets(metas, masks, ref_gt_labels, ref_gt_instance_ids)
        proposals = self.rpn_head(self.pyramid(ref_img.flatten(0, 1)))
        losses, matchings = self.rpn_head.loss(proposals, frames)
        stage_losses, output = self.roi_head.forward_train(proposals, frames, matchings)
        refined = Proposals(output.kernels, proposals.feats, output.masks, proposals.semantic)
        return {**losses, **stage_losses, **self.tracker.forward_train(refined, clips)}

    def _targets(
        self, metas: List[dict], masks: List[BitmapMasks], labels: Sequence[Tensor], ids: Sequence[Tensor]
    ) -> Tuple[List[ImageTargets], List[ImageTargets]]:
        """Return the ground truth of the B clips, and of their B * F frames, from B * F metas and mask sets."""
        num_frames = len(metas) // len(labels)
        frame_labels, frame_ids = _by_frame(labels, num_frames), _by_frame(ids, num_frames)
        frames = build_targets(masks, frame_labels, None, metas, self.label_space, self.mask_assign_stride)
        starts = range(0, len(frames), num_frames)
        return [clip_targets(frames[i : i + num_frames], frame_ids[i : i + num_frames]) for i in starts], frames

    def forward_frames(self, img: Tensor) -> Proposals:
        """Return the refined kernels, masks and features of (B, 3, H, W) frames, each frame on its own."""
        proposals = self.rpn_head(self.pyramid(img))
        output = self.roi_head(proposals)
        return Proposals(output.kernels, proposals.feats, output.masks, proposals.semantic)

    def predict_video(self, chunks: Iterable[Tensor], img_meta: dict) -> VideoInstances:
        """Segment and track a whole video.

        Memory does not grow with the features of the frames, and the result does not depend on the sizes of the chunks.

        Args:
            chunks: Tensors (f, 3, H, W) float of consecutive frames, normalised and padded; f may differ.
            img_meta: Dict with ``img_shape`` and ``ori_shape`` of all frames.

        Returns:
            The ``max_per_img`` best (query, class) pairs; a query may appear under several classes.

        Raises:
            ValueError: If there is no frame, or frames differ in size.
        """
        return segment_video(self, chunks, img_meta)

    def simple_test(self, ref_img: Tensor, ref_img_metas: Sequence[Sequence[dict]]) -> List[VideoInstances]:
        """Call :meth:`predict_video` for B videos given as one tensor.

        Args:
            ref_img: (B, F, 3, H, W) float.
            ref_img_metas: B times F metas.

        Returns:
            B predictions.
        """
        return [self.predict_video([video], metas[0]) for video, metas in zip(ref_img, ref_img_metas)]

    def forward_dummy(self, img: Tensor) -> Tensor:
        """Run the network on a clip (F, 3, H, W), for counting operations."""
        return self.tracker(self.forward_frames(img)).masks


def _by_frame(rows: Sequence[Tensor], num_frames: int) -> List[Tensor]:
    """Split the second column of B tensors (M_i, 2) by the frame in the first column; returns B * F int64 tensors."""
    return [clip[clip[:, 0] == frame, 1].long() for clip in rows for frame in range(num_frames)]
