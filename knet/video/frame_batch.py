"""The frames of a training batch: what data sets collect for key and reference frames, frame by frame."""

from dataclasses import dataclass
from typing import Any, List, Mapping, Sequence

from mmdet.core import BitmapMasks
from torch import Tensor

from knet.det.kernel_net import with_batch_shape
from knet.det.targets import ImageTargets, build_targets
from knet.labels import LabelSpace


@dataclass
class FrameBatch:
    """One frame of each of B samples, and what is known of it.

    Attributes:
        img: (B, 3, H, W) float, normalised and padded.
        metas: B metas.
        labels: B tensors (G_i,) int64 thing labels.
        masks: B instance mask sets.
        ids: B tensors (G_i,) int64 identities; equal in all frames of a sample.
        semantic: (B, 1, H, W) int dataset ids.
    """

    img: Tensor
    metas: Sequence[Mapping[str, Any]]
    labels: Sequence[Tensor]
    masks: Sequence[BitmapMasks]
    ids: Sequence[Tensor]
    semantic: Tensor

    def targets(self, label_space: LabelSpace, stride: int) -> List[ImageTargets]:
        """Return B ground truths at loss resolution, see :func:`knet.det.targets.build_targets`."""
        metas = with_batch_shape(self.img, self.metas)
        return build_targets(self.masks, self.labels, self.semantic, metas, label_space, stride)


def reference_frames(
    img: Tensor,
    metas: Sequence[Sequence[Mapping[str, Any]]],
    labels: Sequence[Tensor],
    masks: Sequence[Sequence[BitmapMasks]],
    ids: Sequence[Tensor],
    semantic: Tensor,
) -> List[FrameBatch]:
    """Take the R reference frames of B samples apart, as the data sets collect them in the keys ``ref_*``.

    Args:
        img: (B, R, 3, H, W) float.
        metas: B lists of R metas.
        labels: B tensors (M_i, 2); column 0 is the number of the reference frame, ascending, column 1 the label.
        masks: B lists of R mask sets.
        ids: B tensors (M_i, 2); column 0 is the number of the reference frame, column 1 the identity.
        semantic: (B, R, 1, H, W) int dataset ids.

    Returns:
        R batches.
    """
    # The host knows the number of masks; a condition on column 0 would wait for the device.
    counts = [[len(of_frame) for of_frame in sample] for sample in masks]
    return [
        FrameBatch(
            img[:, r],
            [sample[r] for sample in metas],
            [rows[:, 1].long().split(of_frame)[r] for rows, of_frame in zip(labels, counts)],
            [sample[r] for sample in masks],
            [rows[:, 1].long().split(of_frame)[r] for rows, of_frame in zip(ids, counts)],
            semantic[:, r],
        )
        for r in range(img.shape[1])
    ]
