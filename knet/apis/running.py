"""What all ways of running a model share: batches, precision, sharing out videos, a progress bar."""

import argparse
import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import torch
from mmcv.parallel import DataContainer
from mmcv.runner import get_dist_info
from tqdm import tqdm

from knet.apis.config import add_config_options
from knet.apis.distributed import add_launcher_options
from knet.utils.cli import add_debug_option
from knet.utils.precision import Half, half_type
from knet.utils.ways import add_precision_option


class _Note(argparse.Action):
    """Accept an option of mmdet that has no effect, and say so."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        """Print why the option has no effect."""
        print(f'{option_string} has no effect: {self.const}', file=sys.stderr)


#: Options of mmdet's test programs: number of values, and why they have no effect.
_WITHOUT_EFFECT = {
    '--fuse-conv-bn': (0, 'batch norms are always folded into convolutions'),
    '--gpu-collect': (0, 'results are gathered on the CPU'),
    '--tmpdir': (1, 'results are gathered without temporary files'),
}


def add_options_without_effect(
    parser: argparse.ArgumentParser, options: Mapping[str, Tuple[int, str]] = _WITHOUT_EFFECT
) -> None:
    """Accept options that old commands give.

    Args:
        parser: Command line.
        options: Number of values and reason by option.
    """
    for name, (values, why) in options.items():
        parser.add_argument(name, nargs=values, action=_Note, const=why, help=f'accepted for old commands: {why}')


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """Add what all programs that test a model share: precision, trust, config overrides, launcher, tracebacks."""
    add_precision_option(parser)
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    add_options_without_effect(parser)
    add_config_options(parser)
    add_launcher_options(parser)
    add_debug_option(parser)


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
