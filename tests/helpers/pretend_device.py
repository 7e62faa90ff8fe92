"""A pretended accelerator: tensors that say they are elsewhere, compute on the CPU, and refuse what a GPU would refuse.

The tensors say device ``meta`` and hold a tensor of the CPU. While :func:`pretend_device` is active,

* a tensor of the device that meets a CPU tensor of one dimension or more raises; indices and copies are excepted;
* ``.numpy()`` without ``.cpu()`` raises;
* what makes the host wait for the device is counted by source line: values that are read (``item``, ``bool``,
  ``tolist``, ``.cpu()``), shapes that depend on values (``nonzero``, boolean indices, ``unique``, ``bincount``), and
  copies to the device that block.

A GPU has no ``inference_mode`` of its own, but wrapper tensors do not know it, so it is ``no_grad`` meanwhile.
"""

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
from typing import Counter as CounterOf

import pytest
import torch
from torch import Tensor, nn
from torch.utils import _python_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

from knet.utils import transfer

if not hasattr(_python_dispatch, 'return_and_correct_aliasing'):
    pytest.skip('a pretended device needs PyTorch 2.1', allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
#: The device that tensors say.
DEVICE = torch.device('meta', 0)

_aten = torch.ops.aten
#: Operations whose result lies on the host, or whose shape depends on values.
_WAITS = {
    _aten._local_scalar_dense,
    _aten.equal,
    _aten.nonzero,
    _aten.masked_select,
    _aten._unique2,
    _aten._unique,
    _aten.unique_dim,
    _aten.unique_consecutive,
    _aten.bincount,
}
_INDEXING = {_aten.index, _aten.index_put, _aten.index_put_, _aten._index_put_impl_, _aten._unsafe_index}


def _map_tensors(function: Callable[[Tensor], Any], value: Any) -> Any:
    """Apply a function to the tensors of nested lists, tuples and dicts; torch's own way is several times slower."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, (list, tuple)):
        items = [_map_tensors(function, item) for item in value]
        return type(value)(*items) if hasattr(value, '_fields') else type(value)(items)
    if isinstance(value, dict):
        return {key: _map_tensors(function, item) for key, item in value.items()}
    return value


def _held(tensor: Tensor) -> Tensor:
    return tensor.held if isinstance(tensor, DeviceTensor) else tensor


class MixedDevices(RuntimeError):
    """A tensor of the pretended device met a tensor of the CPU."""


class DeviceTensor(Tensor):
    """A tensor of the pretended device.

    Attributes:
        held: The values, a tensor of the CPU.
    """

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: Tensor, requires_grad: bool = False) -> 'DeviceTensor':
        tensor = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
            requires_grad=requires_grad,
        )
        tensor.held = held
        return tensor

    def __repr__(self, **kwargs: Any) -> str:
        return f'DeviceTensor({self.held})'

    def __getitem__(self, index: Any) -> Tensor:
        return super().__getitem__(_uploaded(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_uploaded(index), value)

    def new_tensor(self, data: Any, **kwargs: Any) -> Tensor:
        """Return values with dtype and device of this tensor."""
        return torch.tensor(data, **{'dtype': self.dtype, 'device': DEVICE, **kwargs})

    def numpy(self, **kwargs: Any) -> Any:
        """Refuse to leave the device without a copy, as torch does for other devices than this one."""
        raise TypeError("can't convert a tensor of the pretended device to numpy; use Tensor.cpu() first")

    def tolist(self) -> Any:
        """Return the values as nested lists; torch refuses it for classes of tensors."""
        return self.cpu().tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Be written to a file as the tensor of the CPU that torch reads with ``map_location='cpu'``."""
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None) -> Any:
        raise AssertionError('tensors of the pretended device are only used while pretend_device() is active')


def _uploaded(index: Any) -> Any:
    """Replace lists in an index by tensors of the device, as torch does for other devices than this one."""
    if isinstance(index, tuple):
        return tuple(_uploaded(part) for part in index)
    return torch.tensor(index, dtype=torch.long, device=DEVICE) if isinstance(index, list) else index


class Waits(TorchDispatchMode):
    """Runs operations for tensors of the device, and counts those that make the host wait.

    Attributes:
        reads: Number of waits for values or shapes by ``file:line operation``; the innermost line of this project.
        uploads: The same for copies to the device that block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads: CounterOf[str] = Counter()
        self.uploads: CounterOf[str] = Counter()

    def clear(self) -> None:
        """Forget what was counted."""
        self.reads.clear()
        self.uploads.clear()

    def __torch_dispatch__(self, func: Any, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None) -> Any:
        kwargs = kwargs or {}
        tensors: List[Tensor] = []
        _map_tensors(tensors.append, (args, kwargs))
        here = [t for t in tensors if isinstance(t, DeviceTensor)]
        target = kwargs.get('device')
        to_device = target is not None and torch.device(target) == DEVICE
        if not here and not to_device:
            return func(*args, **kwargs)
        packet = func.overloadpacket
        _refuse_mixture(packet, func, args, tensors)
        self._count(packet, args, kwargs, bool(here), to_device)
        leaves = to_device or (bool(here) and target is None)
        values = _map_tensors(_held, kwargs)
        if target is not None:
            values['device'] = torch.device('cpu')
            values.pop('pin_memory', None)
        out = func(*_map_tensors(_held, args), **values)
        if packet is _aten._to_copy and here != [] and not to_device and target is not None:
            return out  # a copy on the CPU
        if packet is _aten.copy_ and not isinstance(args[0], DeviceTensor):
            return args[0]
        wrapped = _map_tensors(DeviceTensor, out) if leaves else out
        return _python_dispatch.return_and_correct_aliasing(func, args, kwargs, wrapped) if here else wrapped

    def _count(self, packet: Any, args: Tuple, kwargs: Dict, is_here: bool, to_device: bool) -> None:
        direction = None
        if packet in (_aten._to_copy, _aten.copy_):
            direction = _blocking_copy(packet, args, kwargs, to_device)
        elif is_here:
            indexes = packet in _INDEXING and _waits_for_indices(args)
            repeats = packet is _aten.repeat_interleave and kwargs.get('output_size') is None
            direction = 'read' if packet in _WAITS or indexes or repeats else None
        if direction is not None:
            (self.uploads if direction == 'upload' else self.reads)[f'{_line()} {packet.__name__}'] += 1


def _blocking_copy(packet: Any, args: Tuple, kwargs: Dict, to_device: bool) -> Optional[str]:
    """Return 'upload' or 'read' for a copy between the devices that blocks, else None."""
    if packet is _aten.copy_:
        source, arrives, non_blocking = args[1], isinstance(args[0], DeviceTensor), (*args, False)[2]
    else:
        source, arrives, non_blocking = args[0], to_device, kwargs.get('non_blocking', False)
        if kwargs.get('device') is None:
            return None
    if non_blocking or arrives == isinstance(source, DeviceTensor):
        return None
    return 'upload' if arrives else 'read'


def _refuse_mixture(packet: Any, func: Any, args: Tuple, tensors: List[Tensor]) -> None:
    """Raise where tensors of both devices meet, except for copies, and for indices of a tensor of the device.

    Raises:
        MixedDevices: If they meet.
    """
    if packet is _aten.copy_ or (packet in _INDEXING and isinstance(args[0], DeviceTensor)):
        return
    strangers = [t for t in tensors if not isinstance(t, DeviceTensor) and t.dim() > 0]
    if strangers and len(strangers) < len(tensors):
        raise MixedDevices(
            f'{func} got tensors of the CPU of shapes {[tuple(t.shape) for t in strangers]} beside tensors of the '
            f'device, at {_line()}'
        )


def _waits_for_indices(args: Tuple) -> bool:
    """Return whether indexing looks for the True values of a mask, or copies an index to the device."""
    indices = [index for index in args[1] if index is not None]
    masks = [index for index in indices if index.dtype in (torch.bool, torch.uint8)]
    if len(args) > 2 and args[2].numel() == 1 and len(masks) == len(indices):
        return False  # masked_fill
    return bool(masks) or not all(isinstance(index, DeviceTensor) for index in indices)


def _line() -> str:
    """Return the innermost line of this project that is being run, but not of this file or of the copying helpers."""
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path not in (__file__, transfer.__file__) and path.startswith(str(ROOT)) and '.venv' not in path:
            return f'{Path(path).relative_to(ROOT)}:{frame.f_lineno}'
        frame = frame.f_back
    return 'elsewhere'


def to_device(value: Any) -> Any:
    """Copy the tensors of nested lists, tuples and dicts, or the parameters and buffers of a module, to the device.

    A module is changed in place and returned.
    """
    if isinstance(value, nn.Module):
        for module in value.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None and not isinstance(parameter, DeviceTensor):
                    moved = DeviceTensor(parameter.detach(), requires_grad=parameter.requires_grad)
                    module._parameters[name] = nn.Parameter(moved, requires_grad=parameter.requires_grad)
            for name, buffer in module._buffers.items():
                if buffer is not None and not isinstance(buffer, DeviceTensor):
                    module._buffers[name] = DeviceTensor(buffer)
        return value
    return _map_tensors(DeviceTensor, value)


@contextmanager
def pretend_device() -> Iterator[Waits]:
    """Make :data:`DEVICE` an accelerator; yields what the host waited for."""
    makers = {name: getattr(torch, name) for name in ('tensor', 'as_tensor')}

    def on_device(name: str) -> Any:
        def make(data: Any, *args: Any, device: Any = None, **kwargs: Any) -> Tensor:
            if name == 'as_tensor' and isinstance(data, DeviceTensor) and device is None:
                return data.to(*args, **kwargs)
            made = data if isinstance(data, DeviceTensor) else makers[name](data, *args, **kwargs)
            return made if device is None else made.to(device)

        return make

    with pytest.MonkeyPatch.context() as patch, Waits() as waits:
        for name in makers:
            patch.setattr(torch, name, on_device(name))
        patch.setattr(torch.inference_mode, '__enter__', lambda self: _enter(self))
        patch.setattr(torch.inference_mode, '__exit__', lambda self, *error: self.no_grad.__exit__(*error))
        autocast = torch.autocast.__init__

        def of_cpu(self: Any, device_type: str, *args: Any, **kwargs: Any) -> None:
            autocast(self, 'cpu' if device_type == DEVICE.type else device_type, *args, **kwargs)

        patch.setattr(torch.autocast, '__init__', of_cpu)
        yield waits


def _enter(context: Any) -> None:
    context.no_grad = torch.no_grad()
    context.no_grad.__enter__()
