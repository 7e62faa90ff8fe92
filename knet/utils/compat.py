"""Repairs that let the OpenMMLab 1.x line run on today's PyTorch.

mmdet 2.28 and mmseg 0.30 import compiled ops of mmcv when they are imported,
and mmcv 1.7 touches internals of torch that torch 2.1 changed. :func:`apply`
repairs both; every package of ours that imports mmdet calls it first. Every repair first looks
whether it is needed and returns whether it was; where mmcv has compiled ops
they are used untouched.
"""

import contextlib
import functools
import importlib
import io
import logging
import sys
import types
import warnings
from importlib.machinery import ModuleSpec
from typing import Any, Optional

_EXT = 'mmcv._ext'
_NO_CUDA = 'No CUDA runtime is found'
_INSTALL = 'run "bash tools/install.sh", or "python -m knet setup" to complete an installed wheel'


@functools.lru_cache(maxsize=None)
def quiet_known_warnings() -> None:
    """Silence messages about nothing a user could or should change.

    ``import knet`` does it, so that a program may import mmcv before or after the packages that import mmdet.
    """
    # mmcv 1.7 announces mmcv 2, which this line of mmdet cannot use.
    warnings.filterwarnings('ignore', message='On January 1, 2023, MMCV will release', category=UserWarning)
    # torch 2.0 still reads versions with pkg_resources.
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated as an API', category=UserWarning)
    # mmdet computes the average precision of masks so since 2.12, for everybody.
    warnings.filterwarnings('ignore', message='The key "bbox" is deleted for more', category=UserWarning)
    # A CUDA toolkit without a GPU is no news to who runs on the CPU: a log record, before torch 2.4 a print.
    logging.getLogger('torch.utils.cpp_extension').addFilter(lambda record: _NO_CUDA not in record.getMessage())


def quiet_cuda_print() -> None:
    """Import the module of torch that tells about a missing GPU, without what it prints before torch 2.4."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        importlib.import_module('torch.utils.cpp_extension')
    sys.stderr.writelines(line for line in said.getvalue().splitlines(True) if _NO_CUDA not in line)


def check_versions() -> None:
    """Check that the OpenMMLab packages are there and of the 1.x line.

    Raises:
        ImportError: Naming the package, what was found and the remedy.
    """
    for name, major, wanted in (('mmcv', '1', '1.7.2'), ('mmdet', '2', '2.28.2'), ('mmseg', '0', '0.30.0')):
        try:
            found = importlib.import_module(f'{name}.version').__version__
        except Exception as error:  # these packages check each other's versions with assert
            raise ImportError(f'knet needs {name} {wanted}, which cannot be imported ({error}): {_INSTALL}') from error
        if found.split('.')[0] != major:
            raise ImportError(f'knet needs {name} {wanted} and found {found}: {_INSTALL}')


def has_compiled_ops() -> bool:
    """Whether mmcv has its compiled ops (the full flavour).

    Raises:
        ImportError: If they are there but don't fit the installed torch.
    """
    if _EXT not in sys.modules:
        try:
            importlib.import_module(_EXT)
        except ModuleNotFoundError as error:
            if error.name != _EXT:
                raise
            return False
        except ImportError as error:
            raise ImportError(
                f'the compiled ops of mmcv-full do not fit the installed torch: {error}\n'
                'Reinstall mmcv-full==1.7.2 for this torch, or replace it by the flavour without '
                'compiled ops: "pip uninstall mmcv-full && pip install mmcv==1.7.2"'
            ) from error
    return not getattr(sys.modules[_EXT], 'STANDS_IN', False)


def provide_ops() -> bool:
    """Put torch routes and placeholders where mmcv expects its compiled ops."""
    if has_compiled_ops():
        return False
    from knet.utils import torch_ops

    module = sys.modules.get(_EXT)
    if module is None:
        module = sys.modules[_EXT] = types.ModuleType(_EXT, 'Stand-in for the compiled ops of mmcv.')
        # With a spec that has no loader, mmcv's check_ops_exist() answers False.
        module.__spec__ = ModuleSpec(_EXT, None)
    elif vars(module)['__getattr__'] is torch_ops.__getattr__:
        return False
    # The copy in the wheel of mmcv may be older than this version, and its exception is another class.
    module.__dict__.update(torch_ops.routes(), STANDS_IN=True, __getattr__=torch_ops.__getattr__)
    return True


def repair_ddp_forward() -> bool:
    """DDP forward: mmcv's override reads an attribute that torch 2.1 removed."""
    from mmcv.parallel import MMDistributedDataParallel
    from torch.nn.parallel import DistributedDataParallel

    if hasattr(DistributedDataParallel, '_build_replicated_tensor_module'):  # torch 2.0
        return False
    MMDistributedDataParallel._run_ddp_forward = _run_ddp_forward
    return True


def _run_ddp_forward(self: Any, *inputs: Any, **kwargs: Any) -> Any:
    if self.device_ids:
        all_inputs, all_kwargs = self.to_kwargs(inputs, kwargs, self.device_ids[0])
        inputs, kwargs = all_inputs[0], all_kwargs[0]
    with self._inside_ddp_forward():
        return self.module(*inputs, **kwargs)


def repair_copy_streams() -> bool:
    """Scatter to GPUs: mmcv names a device by its number, torch 2.1 wants a torch.device."""
    from mmcv.parallel import _functions

    try:
        _functions._get_stream(-1)
    except AttributeError:
        _functions._get_stream = _copy_stream
        return True
    return False


@functools.lru_cache(maxsize=None)
def _copy_stream(device: int) -> Optional[Any]:
    """Return the background stream that copies from the CPU to GPU number ``device`` (-1: none)."""
    import torch

    return None if device == -1 else torch.cuda.Stream(device)


def is_compiling() -> bool:
    """Return whether ``torch.compile`` is tracing; torch 2.0 has no name for it that lasts."""
    import torch

    return hasattr(torch, 'compiler') and torch.compiler.is_compiling()


def read_checkpoints_safely() -> None:
    """Checkpoints: mmcv opens them with ``torch.load``, which runs their code with a torch before 2.6."""
    from knet.utils import safe_load

    safe_load.apply_to_mmcv()


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Apply every repair that this machine needs; a second call does nothing."""
    quiet_known_warnings()
    quiet_cuda_print()
    check_versions()
    provide_ops()
    repair_ddp_forward()
    repair_copy_streams()
    read_checkpoints_safely()
