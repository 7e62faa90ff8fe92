"""Ground-truth tracks of a clip, built from the instances of its frames."""

from typing import Sequence

import torch
from torch import Tensor

from knet.det.targets import ImageTargets


def clip_targets(frames: Sequence[ImageTargets], ids: Sequence[Tensor]) -> ImageTargets:
    """Stack the masks of every instance over the frames; in frames without the instance, its mask is empty.

    Args:
        frames: Ground truth of the F frames.
        ids: F tensors (G_f,) int64, instance ids.

    Returns:
        Thing masks (G, F, h, w) of the G instances by ascending id, and their labels (G,); G may be 0.

    Raises:
        ValueError: If an instance has different labels in different frames, or is duplicate in a frame.
    """
    labels = torch.cat([frame.thing_labels for frame in frames])
    tracks, track = torch.cat(list(ids)).unique(return_inverse=True)
    index = torch.cat([torch.full_like(i, f) for f, i in enumerate(ids)])
    masks = frames[0].thing_masks.new_zeros((len(tracks), len(frames), *frames[0].thing_masks.shape[1:]))
    masks[track, index] = torch.cat([frame.thing_masks for frame in frames])
    track_labels = labels.new_zeros(len(tracks))
    track_labels[track] = labels
    changed = (track_labels[track] != labels).nonzero().flatten()
    if len(changed):
        raise ValueError(
            f'instance {int(tracks[track[changed[0]]])} changes its label within a clip: '
            f'{sorted(set(labels[track == track[changed[0]]].tolist()))}'
        )
    if len(torch.stack([track, index]).unique(dim=1)[0]) < len(track):
        raise ValueError(f'an instance occurs twice in a frame; instance ids by frame: {[i.tolist() for i in ids]}')
    return ImageTargets(masks, track_labels, masks[:0], labels[:0])
