"""The sum of the losses of a training step, and their values for the log."""

from typing import Dict, List, Mapping, Tuple, Union, cast

import torch
from torch import Tensor
from torch import distributed as dist

from knet.utils.precision import at_least_float32


def parse_losses(losses: Mapping[str, Union[Tensor, List[Tensor]]]) -> Tuple[Tensor, Dict[str, float]]:
    """Sum up the losses of a step; all values for the log leave the device, and are averaged over processes, at once.

    MMDetection's and MMSegmentation's ``_parse_losses`` do the same with one copy, and one reduction, per loss.

    Args:
        losses: Losses and other values by name; lists of losses count as the sum of their means.

    Returns:
        The sum of what has ``loss`` in its name, and numbers by name with that sum as ``loss`` at the end.

    Raises:
        RuntimeError: If processes have different numbers of losses, which would let them wait for each other forever.
    """
    values: Dict[str, Tensor] = {
        name: cast(Tensor, sum(part.mean() for part in value)) if isinstance(value, list) else value.mean()
        for name, value in losses.items()
    }
    values['loss'] = total = cast(Tensor, sum(value for name, value in values.items() if 'loss' in name))
    column = torch.stack([at_least_float32(value.detach()) for value in values.values()])
    if dist.is_available() and dist.is_initialized():
        column = _mean_of_processes(column, list(values))
    return total, dict(zip(values, column.tolist()))


def _mean_of_processes(column: Tensor, names: List[str]) -> Tensor:
    """Return the mean of the values (n,) over all processes."""
    world_size = dist.get_world_size()
    count = torch.tensor(len(names), device=column.device)
    dist.all_reduce(count)
    if int(count) != len(names) * world_size:
        raise RuntimeError(
            f'rank {dist.get_rank()} has {len(names)} losses, other ranks have another number: {", ".join(names)}'
        )
    column /= world_size
    dist.all_reduce(column)
    return column
