"""What all ways of running a model share: batches, precision, sharing out videos, a progress bar."""

import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Tuple

import torch
from mmcv.parallel import DataContainer
from mmcv.runner import get_dist_info
from tqdm import tqdm

from knet.utils.precision import Half, half_type


def unpack_sample(data: Dict[str, Any], device: torch.device) -> Tuple[torch.Tensor, Dict[str, Any]]:
    """Take image and meta out of a collated test batch.

    Args:
        data: ``dict(img=[(1, 3, H, W)], img_metas=[[meta]])``, containers allowed.
        device: Device that the image goes to.

    Returns:
        (1, 3, H, W) float32 image on the device, and the meta dict.
    """
    image, metas = data['img'][0], data['img_metas'][0]
    if isinstance(image, DataContainer):
        image = image.data[0]
    if isinstance(metas, DataContainer):
        metas = metas.data[0]
    return image.to(device, non_blocking=True), metas[0]


@contextmanager
def inference_context(device: torch.device, amp: Half = False) -> Iterator[None]:
    """Switch gradients off; compute in the half precision that ``amp`` stands for, if any."""
    dtype = half_type(amp, device)
    with torch.inference_mode(), torch.autocast(device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None):
        yield


def on_terminal() -> bool:
    """Return whether somebody watches standard error, so that a bar may come and go between lines of a log."""
    return sys.stderr.isatty()


def progress_bar(total: Optional[int], done: int, unit: str, show: bool = True) -> tqdm:
    """Return a bar on standard error with rate and, if the total is known, remaining time.

    Where standard error is no terminal, it prints a line every 10 seconds.
    """
    rank, world_size = get_dist_info()
    title = f'rank 0 of {world_size}' if world_size > 1 else ''
    return tqdm(
        total=total,
        initial=done,
        unit=f' {unit}',
        desc=title,
        file=sys.stderr,
        dynamic_ncols=True,
        disable=not show or rank != 0,
        mininterval=0.5 if on_terminal() else 10,
    )


def device_of(model: Any) -> torch.device:
    """Return the device of a model's weights."""
    return next(model.parameters()).device
