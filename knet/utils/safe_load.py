"""The one reader of PyTorch files: it builds tensors and plain values, and runs no code of the file.

A PyTorch file is a pickle, and a pickle may call any function of any module. The unpickler here has a list of names
and refuses all others. Unlike ``weights_only=True`` of PyTorch it is the same under every version of PyTorch, and it
has the numbers of numpy under the names of numpy 1 as well as numpy 2: most published checkpoints hold some.

mmcv's roads to a checkpoint (``init_cfg``, ``torchvision://``, URLs) lead here, too; see :func:`apply_to_mmcv`.
"""

import contextlib
import functools
import os
import pickle
import re
import tarfile
from collections import Counter, OrderedDict, deque
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Iterator, Optional, Tuple, Union
from urllib.parse import urlparse

import numpy as np
import torch

from knet.utils.cli import UsageError

#: Variable that makes PyTorch refuse other unpicklers than its own, although this one is as strict.
_FORCED = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_TRUST_HINT = 'If you trust its origin, add --trust-checkpoint.'
_trusted: ContextVar[bool] = ContextVar('trusted', default=False)


class CheckpointError(UsageError):
    """A checkpoint that is missing, damaged, unsafe, or of another model."""


class DamagedCheckpoint(CheckpointError):
    """A file that is no readable checkpoint, for example because writing it or copying it was cut short."""


class _ForbiddenName(pickle.UnpicklingError):
    """A file asks for something that is not on the list; the message is its name."""


class _NumpyType:
    """A dtype of numbers or text, built without numpy's own ``__setstate__``, which believes what a file says."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not re.fullmatch(r'[<>|=]?[biufcSU]\d*', str(code)):
            raise _ForbiddenName(f'numpy.dtype({code!r})')
        self.dtype = np.dtype(str(code))

    def __setstate__(self, state: Tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _NumpyArray(np.ndarray):
    """An array that a file describes; pickled again, it is a plain array."""

    def __setstate__(self, state: Tuple[Any, ...]) -> None:
        version, shape, kind, fortran, content = state
        super().__setstate__((version, shape, kind.dtype, fortran, content))

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def _numpy_array(*_: Any) -> np.ndarray:
    return np.zeros(0, np.int8).view(_NumpyArray)


def _numpy_scalar(kind: _NumpyType, content: Union[bytes, str]) -> Any:
    raw = content.encode('latin1') if isinstance(content, str) else content
    return np.frombuffer(raw, kind.dtype, 1)[0]


def _encode(text: str, encoding: str) -> bytes:
    """Return bytes, which old pickles write as text."""
    if encoding != 'latin1':
        raise _ForbiddenName(f'_codecs.encode to {encoding}')
    return text.encode(encoding)


@functools.lru_cache(maxsize=None)
def _known_names() -> Dict[Tuple[str, str], Any]:
    """Return what a file may ask for, by module and name."""
    known: Dict[Tuple[str, str], Any] = {
        ('_codecs', 'encode'): _encode,
        ('collections', 'OrderedDict'): OrderedDict,
        ('collections', 'Counter'): lambda *args: Counter(*args),
        ('collections', 'defaultdict'): lambda *_: {},  # a lookup in the original would call a function of the file
        ('collections', 'deque'): deque,
        ('numpy', 'dtype'): lambda *args: _NumpyType(*args),
        ('numpy', 'ndarray'): np.ndarray,
        ('torch', 'Size'): torch.Size,
        ('torch', 'device'): torch.device,
        ('torch.nn.parameter', 'Parameter'): lambda *args: torch.nn.Parameter(*args),
        ('torch.serialization', '_get_layout'): torch.serialization._get_layout,
    }
    for kind in (set, frozenset, list, dict, tuple, int, float, complex, bool, str, bytes, bytearray, slice):
        known['builtins', kind.__name__] = known['__builtin__', kind.__name__] = kind
    for core in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        known[core, 'scalar'], known[core, '_reconstruct'] = _numpy_scalar, _numpy_array
    for name in ('_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_parameter'):
        known['torch._utils', name] = getattr(torch._utils, name)
    known.update({('torch', name): value for name, value in vars(torch).items() if isinstance(value, torch.dtype)})
    return known


class _Unpickler(pickle.Unpickler):
    """Build what is on the list."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a file asks for.

        Raises:
            _ForbiddenName: If it is not on the list.
        """
        try:
            found = _known_names()[module, name]
        except KeyError:
            raise _ForbiddenName(f'{module}.{name}') from None
        # A file may set attributes of what it gets; of a function it gets one of its own.
        return found if not callable(found) or isinstance(found, type) else lambda *args: found(*args)


#: What ``torch.load`` takes in place of the module ``pickle``.
_PICKLE = SimpleNamespace(
    __name__='knet.utils.safe_load',
    Unpickler=_Unpickler,
    load=lambda file, **options: _Unpickler(file, **options).load(),
)


@contextlib.contextmanager
def trusted_files(trust: bool = True) -> Iterator[None]:
    """Let files that are read within this context run code, because the user said that they can be trusted."""
    token = _trusted.set(trust)
    try:
        yield
    finally:
        _trusted.reset(token)


@contextlib.contextmanager
def _own_unpickler_allowed() -> Iterator[None]:
    forced = os.environ.pop(_FORCED, None)
    try:
        yield
    finally:
        if forced is not None:
            os.environ[_FORCED] = forced


def read_torch_file(path: Union[str, Path], trust: bool = False) -> Any:
    """Read a file of ``torch.save`` onto the CPU.

    Args:
        path: The file.
        trust: Whether pickled objects other than tensors and plain values may be built, i.e. whether the file may run
            code.

    Returns:
        Its content.

    Raises:
        CheckpointError: If the file is missing, or holds pickled code and is not trusted.
        DamagedCheckpoint: If it cannot be read.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointError(f'checkpoint not found: {path}')
    try:
        if trust or _trusted.get():
            return torch.load(str(path), map_location='cpu', weights_only=False)
        _check_container(path)
        with _own_unpickler_allowed():
            return torch.load(str(path), map_location='cpu', weights_only=False, pickle_module=_PICKLE)
    except _ForbiddenName as error:
        raise CheckpointError(
            f'checkpoint {path} contains pickled code ({error}) and was not opened. {_TRUST_HINT}'
        ) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise DamagedCheckpoint(
            f'checkpoint {path} is damaged or not a PyTorch checkpoint; copy or download it again '
            f'({path.stat().st_size} bytes)'
        ) from error


def _check_container(path: Path) -> None:
    """Refuse the two kinds of files that PyTorch opens without the unpickler: programs, and archives of 2016.

    Raises:
        _ForbiddenName: Naming the kind.
    """
    with path.open('rb') as file:
        is_zip = file.read(4) == b'PK\x03\x04'
    if is_zip and 'constants.pkl' in torch._C.PyTorchFileReader(str(path)).get_all_records():
        raise _ForbiddenName('a TorchScript program')
    if not is_zip and tarfile.is_tarfile(str(path)):
        raise _ForbiddenName('a tar archive')


def read_checkpoint(path: Union[str, Path], trust: bool = False) -> Dict[str, Any]:
    """Read a checkpoint and bring the known layouts (of mmcv, of detectron, bare weights) to one.

    Args:
        path: The file.
        trust: See :func:`read_torch_file`.

    Returns:
        The content with the weights under ``'state_dict'`` (prefix ``module.`` removed) and ``'meta'`` (maybe empty).

    Raises:
        CheckpointError: As :func:`read_torch_file`, or if the file holds no weights.
    """
    content = read_torch_file(path, trust)
    result = dict(content) if isinstance(content, dict) else {}
    for key in ('state_dict', 'model'):
        if isinstance(result.get(key), dict):
            weights = result.pop(key)
            break
    else:
        weights, result = result, {}
    weights = {str(k): v for k, v in weights.items() if isinstance(v, torch.Tensor)}
    if not weights:
        raise CheckpointError(f'checkpoint {path} holds no weights (expected a state_dict of tensors)')
    result['state_dict'] = OrderedDict((re.sub(r'^module\.', '', k), v) for k, v in weights.items())
    result.setdefault('meta', {})
    if not (isinstance(result['meta'], dict) or trust):
        result['meta'] = {}
    return result


def _read_local(filename: str, map_location: Any = None) -> Any:
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist')
    return read_checkpoint(path)


def _read_url(url: str, model_dir: Optional[str] = None, map_location: Any = None) -> Any:
    """Download a file into the cache of PyTorch, unless it is there, and read it."""
    folder = Path(model_dir or Path(torch.hub.get_dir(), 'checkpoints'))
    path = folder / Path(urlparse(url).path).name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path))
    return read_checkpoint(path)


def apply_to_mmcv() -> None:
    """Make mmcv read files and URLs with :func:`read_checkpoint`; its schemes for model zoos end in one of the two."""
    from mmcv.runner import checkpoint

    checkpoint.CheckpointLoader.register_scheme(prefixes='', loader=_read_local, force=True)
    checkpoint.load_url = _read_url
