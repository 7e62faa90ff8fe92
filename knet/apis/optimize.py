"""Making the network faster for inference without changing what it computes.

Outputs differ from those of the model as trained by float rounding only.
"""
import warnings
from typing import Any, Dict, Tuple

import torch
from mmcv.cnn import fuse_conv_bn
from torch import nn


class FrozenByShape(nn.Module):
    """A module that is traced, frozen and optimised once per input shape.

    Only for modules whose control flow depends on shapes alone (backbones and
    necks).

    Args:
        module: In eval mode; takes one tensor or one sequence of tensors.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._frozen: Dict[Tuple, torch.jit.ScriptModule] = {}

    def forward(self, inputs: Any) -> Any:
        """Run the frozen module; the first input of a shape takes longer.

        Args:
            inputs: What the module takes.

        Returns:
            Tensor | tuple[Tensor]: What the module returns.
        """
        tensors = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
        key = tuple((tuple(t.shape), t.dtype, t.device, torch.is_autocast_enabled()) for t in tensors)
        if key not in self._frozen:
            self._frozen[key] = self._freeze(inputs if isinstance(inputs, torch.Tensor) else tensors)
        return self._frozen[key](inputs if isinstance(inputs, torch.Tensor) else tensors)

    def _freeze(self, example: Any) -> torch.jit.ScriptModule:
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
        nn.Module: The same model, for inference only.
    """
    return fuse_conv_bn(model)


def optimize_model(model: nn.Module) -> nn.Module:
    """Freeze and optimise backbone and neck for every input shape that comes, in place.

    Args:
        model: Detector in eval mode after :func:`fold_norms`.

    Returns:
        nn.Module: The same model, for inference only.
    """
    for name in ('backbone', 'neck'):
        part = getattr(model, name, None)
        if part is not None:
            setattr(model, name, FrozenByShape(part))
    return model
