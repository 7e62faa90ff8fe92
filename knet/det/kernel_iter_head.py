"""The chain of refinement stages."""

from typing import Dict, List, Optional, Sequence, Tuple, Union, cast

from mmcv.runner import BaseModule
from mmdet.core import build_assigner
from mmdet.models.builder import HEADS, build_head
from torch import Tensor, nn

from .kernel_head import Proposals
from .kernel_update_head import KernelUpdateHead, StageOutput
from .mask_hungarian_assigner import Matching, batch_costs, check_sampler, pair_up
from .targets import ImageTargets

Losses = Dict[str, Tensor]


@HEADS.register_module()
class KernelIterHead(BaseModule):
    """Refine the kernels of a frame in ``num_stages`` stages.

    Args:
        num_stages: Number of stages.
        stage_loss_weights: Loss weight of every stage.
        num_proposals: N, number of thing queries.
        num_thing_classes: T, number of thing classes, unless the config of a stage sets another one.
        num_stuff_classes: S, number of stuff classes, likewise.
        mask_head: Config of every stage, or one config for all stages.
        train_cfg: Configs of the ``assigner`` and the ``sampler`` of every stage.
    """

    def __init__(
        self,
        num_stages: int,
        stage_loss_weights: Sequence[float],
        num_proposals: int,
        num_thing_classes: int,
        num_stuff_classes: int,
        mask_head: Union[dict, Sequence[dict]],
        train_cfg: Optional[Sequence[dict]] = None,
    ) -> None:
        super().__init__()
        heads = [mask_head] * num_stages if isinstance(mask_head, dict) else mask_head
        if not len(heads) == len(stage_loss_weights) == num_stages:
            raise ValueError(
                f'num_stages={num_stages}, but {len(heads)} mask heads and '
                f'{len(stage_loss_weights)} stage_loss_weights are given'
            )
        self.num_proposals = num_proposals
        self.stage_loss_weights = stage_loss_weights
        counts = dict(num_thing_classes=num_thing_classes, num_stuff_classes=num_stuff_classes)
        stages = nn.ModuleList(build_head({**counts, **head}) for head in heads)
        self.mask_head = cast(Sequence[KernelUpdateHead], stages)
        if train_cfg is not None:
            if len(train_cfg) != num_stages:
                raise ValueError(f'num_stages={num_stages}, but train_cfg.rcnn has {len(train_cfg)} entries')
            self.assigners = [build_assigner(cfg['assigner']) for cfg in train_cfg]
            for cfg in train_cfg:
                check_sampler(cfg['sampler'])

    def init_weights(self) -> None:
        """Initialise every stage."""
        for head in self.mask_head:
            head.init_weights()

    def run_stage(
        self, stage: int, x: Tensor, kernels: Tensor, masks: Tensor, previous: Optional[Tensor] = None
    ) -> StageOutput:
        """Run one stage; image models ignore the ``previous`` kernels."""
        return self.mask_head[stage](x, kernels, masks)

    def forward(self, proposals: Proposals, previous: Optional[Tensor] = None) -> StageOutput:
        """Run all stages.

        Args:
            proposals: Output of the kernel head.
            previous: (B, Q, C, 1, 1) float, refined kernels of the previous frame.

        Returns:
            The output of the last stage.
        """
        kernels, masks = proposals.kernels, proposals.masks
        for stage in range(len(self.mask_head)):
            output = self.run_stage(stage, proposals.feats, kernels, masks, previous)
            kernels, masks = output.kernels, output.masks
        return output

    def costs(
        self, stage: int, masks: Tensor, cls_logits: Optional[Tensor], targets: Sequence[ImageTargets]
    ) -> List[Tensor]:
        """Return the costs of all pairs of a thing query and an instance, for a batch.

        Args:
            stage: Stage whose assigner is used.
            masks: (B, Q, h, w) float mask logits at feature resolution.
            cls_logits: (B, Q, K) float class logits; None leaves the class cost out.
            targets: B ground truths.

        Returns:
            B matrices (N, G_i) float.
        """
        head = self.mask_head[stage]
        things = masks[:, : self.num_proposals]
        if cls_logits is not None:
            cls_logits = cls_logits[:, : self.num_proposals, : head.num_thing_classes]
        return batch_costs(self.assigners[stage], things, cls_logits, head.mask_upsample_stride, targets)

    def match(
        self, stage: int, masks: Tensor, cls_logits: Optional[Tensor], targets: Sequence[ImageTargets]
    ) -> List[Matching]:
        """Match the thing queries of a batch with the instances; :meth:`costs` explains the arguments."""
        return pair_up(self.costs(stage, masks, cls_logits, targets))

    def forward_train(
        self,
        proposals: Proposals,
        targets: Sequence[ImageTargets],
        matchings: Optional[List[Matching]] = None,
        previous: Optional[Tensor] = None,
    ) -> Tuple[Losses, StageOutput]:
        """Run all stages and compute their losses.

        Every stage is compared with the matching of the masks it *received*.

        Args:
            proposals: Output of the kernel head.
            targets: B ground truths.
            matchings: B matchings of the initial masks if the kernel head has computed them; those of the first stage
                are equal.
            previous: (B, Q, C, 1, 1) float, refined kernels of the previous frame.

        Returns:
            Losses ``s{stage}_{name}`` and the output of the last stage.
        """
        outputs: List[StageOutput] = []
        costs: List[Tensor] = []
        kernels, masks, cls_logits = proposals.kernels, proposals.masks, None
        for stage in range(len(self.mask_head)):
            if stage or matchings is None:
                costs += self.costs(stage, masks, cls_logits, targets)
            output = self.run_stage(stage, proposals.feats, kernels, masks, previous)
            kernels, masks, cls_logits = output.kernels, output.masks, output.cls_logits
            outputs.append(output)
        # No stage reads a matching, so that all stages are matched at once.
        matchings = (matchings or []) + pair_up(costs)
        losses: Losses = {}
        for stage, (head, output) in enumerate(zip(self.mask_head, outputs)):
            received = matchings[stage * len(targets) : (stage + 1) * len(targets)]
            for name, value in head.loss(output, received, targets).items():
                weight = self.stage_loss_weights[stage] if 'loss' in name else 1
                losses[f's{stage}_{name}'] = value * weight
        return losses, output
