"""Conversion between the two layouts of Swin weights, that of the original release and that of mmdet.

Published Video K-Net checkpoints, classification checkpoints of the Swin authors and the original
``SwinTransformerDIY`` name parameters ``layers.*``. mmdet names them ``stages.*`` and merges patches channel by
channel, which orders the columns of the merging layers differently.
"""

import re
from collections import OrderedDict
from typing import Callable, Mapping, Sequence, Tuple

import torch.nn.functional as F
from torch import Tensor

#: Beginnings of the keys after the prefix of a backbone, as pairs (original, mmdet); * is a number.
_NAMES = (
    ('patch_embed.proj.', 'patch_embed.projection.'),
    ('layers.*.blocks.*.attn.', 'stages.*.blocks.*.attn.w_msa.'),
    ('layers.*.blocks.*.mlp.fc1.', 'stages.*.blocks.*.ffn.layers.0.0.'),
    ('layers.*.blocks.*.mlp.fc2.', 'stages.*.blocks.*.ffn.layers.1.'),
    ('layers.*.', 'stages.*.'),
)
#: Keys that only a classifier has: its head, its last norm, and masks that depend on the size of the image.
_CLASSIFIER_ONLY = re.compile(r'(head|norm)\.(weight|bias)$|layers\.\d+\.blocks\.\d+\.attn_mask$')


def _merging_to_mmdet(value: Tensor) -> Tensor:
    """Reorder the columns of a merging layer (..., 4C) from quadrant by quadrant to channel by channel.

    The original concatenates the pixels (row, column) = (0, 0), (1, 0), (0, 1), (1, 1) of a 2x2 patch; unfolding
    yields them row by row.
    """
    return value.unflatten(-1, (4, -1))[..., [0, 2, 1, 3], :].transpose(-1, -2).flatten(-2)


def _merging_to_original(value: Tensor) -> Tensor:
    """Reorder the columns of a merging layer (..., 4C) from channel by channel to quadrant by quadrant."""
    return value.unflatten(-1, (-1, 4)).transpose(-1, -2)[..., [0, 2, 1, 3], :].flatten(-2)


def _rename(name: str, names: Sequence[Tuple[str, str]]) -> str:
    """Return a key with its beginning translated by the first pair that fits."""
    for old, new in names:
        found = re.match(re.escape(old).replace(r'\*', r'(\d+)'), name)
        if found:
            return new.replace('*', '{}').format(*found.groups()) + name[found.end() :]
    return name


def _convert(
    weights: Mapping[str, Tensor], prefix: str, names: Sequence[Tuple[str, str]], merging: Callable[[Tensor], Tensor]
) -> 'OrderedDict[str, Tensor]':
    converted = OrderedDict()
    for key, value in weights.items():
        name = key[len(prefix) :]
        if not key.startswith(prefix):
            converted[key] = value
        elif not _CLASSIFIER_ONLY.match(name):
            converted[prefix + _rename(name, names)] = merging(value) if '.downsample.' in name else value
    return converted


def is_original(weights: Mapping[str, Tensor], prefix: str = '') -> bool:
    """Return whether the Swin weights under ``prefix`` are in the layout of the original release."""
    return any(key.startswith(f'{prefix}layers.') for key in weights)


def to_mmdet(weights: Mapping[str, Tensor], prefix: str = '') -> 'OrderedDict[str, Tensor]':
    """Return the weights in the layout of mmdet.

    Args:
        weights: State dict in the original layout.
        prefix: Prefix of the keys of the backbone; all other keys stay as they are.

    Returns:
        The converted state dict without the keys that only a classifier has.
    """
    return _convert(weights, prefix, _NAMES, _merging_to_mmdet)


def to_original(weights: Mapping[str, Tensor], prefix: str = '') -> 'OrderedDict[str, Tensor]':
    """Return the weights in the layout of the original release; the inverse of :func:`to_mmdet`."""
    return _convert(weights, prefix, [(new, old) for old, new in _NAMES], _merging_to_original)


def resize_bias_table(table: Tensor, length: int) -> Tensor:
    """Interpolate relative position biases for another window size.

    Args:
        table: (L, heads) float, L = (2 * window - 1)^2.
        length: L of the other window.

    Returns:
        (length, heads) float, interpolated bicubically per head.
    """
    old, new = round(len(table) ** 0.5), round(length**0.5)
    grid = table.t().reshape(1, -1, old, old)
    return F.interpolate(grid, size=(new, new), mode='bicubic', align_corners=False).flatten(2)[0].t().contiguous()
