"""The chain of refinement stages, the last of which reads the kernels of the previous frame."""

from typing import Optional

from mmdet.models.builder import HEADS
from torch import Tensor

from knet.det.kernel_iter_head import KernelIterHead
from knet.det.kernel_update_head import StageOutput


@HEADS.register_module()
class VideoKernelIterHead(KernelIterHead):
    """:class:`~knet.det.KernelIterHead` that passes previous kernels to its last stage.

    All stages own link modules because published checkpoints contain them. Those of earlier stages are never used and
    therefore frozen.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        for head in self.mask_head[:-1]:
            head.freeze_links()

    def run_stage(
        self, stage: int, x: Tensor, kernels: Tensor, masks: Tensor, previous: Optional[Tensor] = None
    ) -> StageOutput:
        """Run one stage; only the last stage is linked to the ``previous`` kernels."""
        is_last = stage == len(self.mask_head) - 1
        return self.mask_head[stage](x, kernels, masks, previous if is_last else None)
