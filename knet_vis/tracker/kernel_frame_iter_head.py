"""The stages that turn the kernels of frames into the tracks of a clip."""

from typing import Any, Dict, Optional, Sequence

from mmdet.models.builder import HEADS
from torch import Tensor, nn

from knet.det.kernel_head import Proposals
from knet.det.kernel_iter_head import KernelIterHead, Losses
from knet.det.kernel_update_head import StageOutput
from knet.det.published_names import publish
from knet.det.targets import ImageTargets
from knet_vis.frame_fusion import PUBLISHED_NAMES, FrameFusion

from .kernel_update_head import KernelUpdateHeadVideo


@HEADS.register_module()
class KernelFrameIterHeadVideo(KernelIterHead):
    """Merge the kernels of the frames, refine them as kernels of the clip, then refine them in every frame.

    Every query is a track, so that no association follows. B clips of F frames are passed as B * F images.

    Args:
        num_stages: Number of stages.
        assign_stages: Number of the first stages, which refine the kernels of the clip, classify them and are matched
            with the tracks; the other stages refine the kernels of every frame and use the last matching.
        num_proposals: N, number of thing queries.
        proposal_feature_channel: C, number of channels of the kernels.
        mask_head: Config of all stages.
        query_merge_method: Method that merges the frames, here and in the stages, see
            :class:`~knet_vis.frame_fusion.FrameFusion`.
        with_mask_init: Whether the stages start from masks of the merged kernels, which have losses of their own,
            instead of the masks of the frames.
        train_cfg: Configs of the ``assigner`` and the ``sampler`` of all stages.
        **kwargs: Other arguments of :class:`~knet.det.KernelIterHead`.

    Raises:
        ValueError: If ``assign_stages`` is out of range.
    """

    def __init__(
        self,
        num_stages: int,
        assign_stages: int,
        num_proposals: int,
        proposal_feature_channel: int,
        mask_head: Dict[str, Any],
        query_merge_method: str = 'mean',
        with_mask_init: bool = False,
        train_cfg: Optional[dict] = None,
        **kwargs: Any,
    ) -> None:
        if not 1 <= assign_stages <= num_stages:
            raise ValueError(f'assign_stages={assign_stages} must lie in 1..num_stages={num_stages}')
        heads = [
            {'query_merge_method': query_merge_method, **mask_head, 'with_cls': stage < assign_stages}
            for stage in range(num_stages)
        ]
        super().__init__(
            num_stages=num_stages,
            num_proposals=num_proposals,
            mask_head=heads,
            train_cfg=None if train_cfg is None else [train_cfg] * num_stages,
            **kwargs,
        )
        self.mask_head: Sequence[KernelUpdateHeadVideo]
        self.assign_stages = assign_stages
        channels = proposal_feature_channel
        self.fuse_frames = FrameFusion(query_merge_method, channels, mask_head['num_heads'])
        publish(self, PUBLISHED_NAMES)
        self.init_query = nn.Embedding(num_proposals, channels) if query_merge_method != 'mean' else None
        self.query_pos = nn.Embedding(num_proposals, channels) if query_merge_method == 'attention_pos' else None
        self.fc_mask = nn.Linear(channels, channels) if with_mask_init else None

    def init_weights(self) -> None:
        """Initialise stages and attention as in image K-Net; the queries stay normally distributed."""
        super().init_weights()
        for name, parameter in self.named_parameters():
            if name.startswith(('fuse_frames.', 'fc_mask.')) and parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    @property
    def pos(self) -> Optional[Tensor]:
        """Return the positional encoding of the queries, (N, C) float, or None."""
        return None if self.query_pos is None else self.query_pos.weight

    def merge_frames(self, kernels: Tensor) -> Tensor:
        """Merge the kernels (B, F, N, C) of the frames; returns kernels (B, N, C) of the clips."""
        queries = None if self.init_query is None else self.init_query.weight.expand(len(kernels), -1, -1)
        return self.fuse_frames(kernels, queries, self.pos)

    def initial_masks(self, x: Tensor, kernels: Tensor) -> Tensor:
        """Return the masks of merged kernels; only for heads with ``with_mask_init``.

        Args:
            x: (B * F, C, h, w) float features.
            kernels: (B, N, C) float.

        Returns:
            (B * F, N, h, w) float logits.
        """
        assert self.fc_mask is not None, 'only heads with with_mask_init start from masks of their own'
        kernels = self.fc_mask(kernels).repeat_interleave(len(x) // len(kernels), dim=0)
        return (kernels @ x.flatten(2)).unflatten(2, x.shape[2:])

    def run_stage(
        self, stage: int, x: Tensor, kernels: Tensor, masks: Tensor, previous: Optional[Tensor] = None
    ) -> StageOutput:
        """Run one stage.

        Args:
            stage: Index of the stage.
            x: (B * F, C, h, w) float features.
            kernels: (B, N, C, 1, 1) float kernels of the clips; frame stages also take (B * F, N, C, 1, 1).
            masks: (B * F, N, h, w) float logits.
            previous: Ignored, because clips are not linked.

        Returns:
            The output of the stage, see :meth:`KernelUpdateHeadVideo.forward`.
        """
        if stage >= self.assign_stages:
            kernels = kernels.repeat_interleave(len(x) // len(kernels), dim=0)
        return self.mask_head[stage](x, kernels, masks, self.pos)

    def _start(self, frames: Proposals, num_clips: int) -> Proposals:
        """Return the kernels of the clips and the masks that the first stage reads."""
        kernels = self.merge_frames(frames.kernels[..., 0, 0].unflatten(0, (num_clips, -1)))
        masks = frames.masks if self.fc_mask is None else self.initial_masks(frames.feats, kernels)
        return Proposals(kernels[..., None, None], frames.feats, masks, frames.semantic)

    def forward(self, frames: Proposals, num_clips: int = 1) -> StageOutput:  # type: ignore[override]
        """Run all stages.

        Args:
            frames: Refined kernels, masks and features of B * F images.
            num_clips: B, number of clips.

        Returns:
            The output of the last stage, with the class logits (B, N, K) of the last stage that has a classifier.
        """
        start, cls_logits = self._start(frames, num_clips), None
        kernels, masks = start.kernels, start.masks
        for stage in range(len(self.mask_head)):
            output = self.run_stage(stage, frames.feats, kernels, masks)
            kernels, masks = output.kernels, output.masks
            cls_logits = cls_logits if output.cls_logits is None else output.cls_logits
        return StageOutput(cls_logits, masks, kernels)

    def forward_train(  # type: ignore[override]
        self, frames: Proposals, clips: Sequence[ImageTargets]
    ) -> Losses:
        """Run all stages and compute their losses.

        Clip stages are matched with the masks they *predict*.

        Args:
            frames: Refined kernels, masks and features of B * F images.
            clips: Tracks of the B clips, see :func:`~knet_vis.tracker.clip_targets.clip_targets`.

        Returns:
            Losses ``tracker_s{stage}_{name}`` and, with ``with_mask_init``, ``tracker_init_{name}``.
        """
        losses: Losses = {}
        start = self._start(frames, len(clips))
        kernels, masks = start.kernels, start.masks
        if self.fc_mask is not None:
            initial = StageOutput(None, _volumes(masks, len(clips)), kernels)
            matchings = self.match(0, initial.masks, None, clips)
            losses.update(self._losses(0, 'init', initial, matchings, clips))
        for stage in range(len(self.mask_head)):
            output = self.run_stage(stage, frames.feats, kernels, masks)
            kernels, masks = output.kernels, output.masks
            output = StageOutput(output.cls_logits, _volumes(masks, len(clips)), kernels)
            if stage < self.assign_stages:
                matchings = self.match(stage, output.masks, output.cls_logits, clips)
            losses.update(self._losses(stage, f's{stage}', output, matchings, clips))
        return losses

    def _losses(
        self, stage: int, prefix: str, output: StageOutput, matchings: list, clips: Sequence[ImageTargets]
    ) -> Losses:
        weight = self.stage_loss_weights[stage]
        return {
            f'tracker_{prefix}_{name}': value * (weight if 'loss' in name else 1)
            for name, value in self.mask_head[stage].loss(output, matchings, clips).items()
        }


def _volumes(masks: Tensor, num_clips: int) -> Tensor:
    """Return masks (B * F, N, h, w) of frames as masks (B, N, F, h, w) of clips."""
    return masks.unflatten(0, (num_clips, -1)).transpose(1, 2)
