"""Programs that move models and batches themselves, on the pretended accelerator of :mod:`.pretend_device`."""

from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import import_module
from typing import Any, Iterator

import pytest
import torch
from mmcv.parallel import _functions
from mmcv.runner import fp16_utils
from torch import Tensor, nn

from .pretend_device import DEVICE, Waits, pretend_device, to_device


class _CopyStream:
    """Stands for the streams of copies and computations, which nothing has to wait for here."""

    def wait_stream(self, stream: Any) -> None:
        """Do nothing."""


def _asks_for_device(args: Any, kwargs: Any) -> bool:
    wanted = [*args, kwargs.get('device')]
    return any(isinstance(value, (str, torch.device)) and torch.device(value) == DEVICE for value in wanted)


@contextmanager
def pretend_gpu() -> Iterator[Waits]:
    """Make :data:`.pretend_device.DEVICE` the device of this process; yields what the host waited for.

    Models move there by ``to``, and batches by the scatter of mmcv's ``MMDataParallel``, as they do with CUDA.
    """
    move, stream = nn.Module.to, _CopyStream()

    def to(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        return to_device(module) if _asks_for_device(args, kwargs) else move(module, *args, **kwargs)

    def cuda(tensor: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
        return tensor.to(DEVICE, non_blocking=non_blocking)

    with pytest.MonkeyPatch.context() as patch, pretend_device() as waits:
        for name in ('distributed', 'inference', 'train'):
            patch.setattr(import_module(f'knet.apis.{name}'), 'current_device', lambda: DEVICE)
        patch.setattr(nn.Module, 'to', to)
        patch.setattr(Tensor, 'cuda', cuda)
        patch.setattr(Tensor, 'record_stream', lambda tensor, used: None)
        for name in ('device', 'stream'):
            patch.setattr(torch.cuda, name, lambda chosen: nullcontext())
        patch.setattr(torch.cuda, 'current_stream', lambda: stream)
        patch.setattr(_functions, '_get_stream', lambda device: stream)
        parallel = import_module('torch.nn.parallel.data_parallel')  # whose package has a function of that name
        patch.setattr(parallel, '_get_available_device_type', lambda: DEVICE.type)
        # Half precision as mmcv asks for it, by names that belong to CUDA.
        patch.setattr(fp16_utils, 'autocast', partial(torch.autocast, 'cpu', dtype=torch.float16))
        patch.setattr(import_module('mmcv.runner.hooks.optimizer'), 'GradScaler', partial(torch.amp.GradScaler, 'cpu'))
        # A GPU has the fused update, for which torch asks by the name of the device.
        patch.setattr(import_module('torch.optim.adam'), '_device_dtype_check_for_fused', lambda *_: None)
        yield waits
