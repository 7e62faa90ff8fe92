"""Making the network faster for inference without changing what it computes.

Outputs differ from those of the model as trained by float rounding only.
"""

import importlib.util
import os
import shutil
import warnings
from typing import Any, Callable, Dict, Tuple, Union, cast

import torch
from mmcv.cnn import fuse_conv_bn
from torch import Tensor, nn

from knet.apis.graphs import GraphedNetwork
from knet.utils.cli import UsageError
from knet.video import VideoKNet

#: How to make a model faster: False leaves it as it is, True means ``'freeze'``; see :func:`optimize_model`.
Way = Union[bool, str]
#: Parts of networks, and their methods, that are compiled.
_COMPILED = (
    ('backbone', 'forward'),
    ('neck', 'forward'),
    ('rpn_head', 'forward'),
    ('roi_head', 'forward'),
    ('decode_head', 'refine'),
)
_COMPILERS = ('c++', 'g++', 'clang++')


class FrozenByShape(nn.Module):
    """A module that is traced, frozen and optimised once per input shape.

    Only for modules whose control flow depends on shapes alone (backbones).

    Args:
        module: In eval mode; takes one tensor.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._frozen: Dict[Tuple, torch.jit.ScriptModule] = {}

    def forward(self, x: Tensor) -> Any:
        """Run the frozen module; the first input of a shape takes longer.

        Args:
            x: What the module takes.

        Returns:
            What the module returns.
        """
        key = (tuple(x.shape), x.dtype, x.device, torch.is_autocast_enabled())
        if key not in self._frozen:
            self._frozen[key] = self._freeze(x)
        return self._frozen[key](x)

    def _freeze(self, example: Tensor) -> torch.jit.ScriptModule:
        with warnings.catch_warnings():
            # Traced shapes are constants on purpose (one trace per shape), and
            # newer torch announces the end of TorchScript at every call.
            warnings.simplefilter('ignore')
            traced = torch.jit.trace(self.module, (example,), check_trace=False)
            return torch.jit.optimize_for_inference(torch.jit.freeze(traced))


def fold_norms(model: nn.Module) -> nn.Module:
    """Fold batch norms into the convolutions before them, in place.

    Args:
        model: Detector in eval mode, with its final weights.

    Returns:
        The same model, for inference only.
    """
    return fuse_conv_bn(model)


def optimize_model(model: nn.Module, way: Way = 'freeze') -> nn.Module:
    """Make a model faster, in place.

    Args:
        model: Detector in eval mode after :func:`fold_norms`, on its device.
        way: ``'freeze'`` traces, freezes and optimises the backbone for every input shape that comes; ``'compile'``
            compiles backbone, neck and heads with ``torch.compile``, for every input shape; ``'graph'`` replays the
            network of a panoptic video model as a CUDA graph, see :class:`.graphs.GraphedNetwork`. True is
            ``'freeze'``, False nothing.

    Returns:
        The same model, for inference only.

    Raises:
        UsageError: If this machine, or this model, lacks what it takes.
    """
    if way:
        _WAYS['freeze' if way is True else way](model)
    return model


def _freeze(model: nn.Module) -> None:
    model.backbone = FrozenByShape(cast(nn.Module, model.backbone))


def _compile(model: nn.Module) -> None:
    _check_compiler(next(model.parameters()).device)
    for name, method in _COMPILED:
        part = getattr(model, name, None)
        if isinstance(part, nn.Module):
            # The method only: type and state dict of the module stay as they are.
            setattr(part, method, _explained(torch.compile(getattr(part, method), dynamic=False)))


def _explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a compiled function whose failure to compile is one clear error."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except torch._dynamo.exc.TorchDynamoException as error:
            reason = ' '.join(str(error).split('\n')[:2])
            raise UsageError(
                f'--compile: torch cannot compile this network here ({reason}); leave it out. If a compilation was '
                'killed before, what it left is in the way: name a new folder by TORCHINDUCTOR_CACHE_DIR'
            ) from error

    return call


def _check_compiler(device: torch.device) -> None:
    """Refuse to compile where that must fail at the first frame.

    Raises:
        UsageError: Saying what to install.
    """
    _check_torch('--compile')
    named = os.environ.get('CXX')
    if not any(shutil.which(name) for name in ([named] if named else _COMPILERS)):
        raise UsageError(
            f'--compile: there is no C++ compiler ({named or ", ".join(_COMPILERS)}); install one, name it by the '
            'environment variable CXX, or leave the option out: --optimize needs none'
        )
    if device.type == 'cuda' and importlib.util.find_spec('triton') is None:
        raise UsageError('--compile: on GPUs torch compiles with triton: pip install triton, or leave the option out')


def _check_torch(option: str) -> None:
    if not hasattr(torch, 'compiler'):
        raise UsageError(f'{option} needs torch 2.1 or newer; this is {torch.__version__}')


def _graph(model: nn.Module) -> None:
    _check_torch('--cuda-graph')
    if not isinstance(model, VideoKNet):
        raise UsageError(f'--cuda-graph replays panoptic video models, not {type(model).__name__}; leave it out')
    if next(model.parameters()).device.type != 'cuda':
        raise UsageError('--cuda-graph needs a GPU; leave it out')
    model.forward_network = GraphedNetwork(model.forward_network)  # type: ignore[method-assign]


_WAYS: Dict[str, Callable[[nn.Module], None]] = dict(freeze=_freeze, compile=_compile, graph=_graph)
