"""Making the network faster for inference without changing what it computes.

Outputs differ from those of the model as trained by float rounding only.
"""

import warnings
from typing import Any, Dict, Tuple, cast

import torch
from mmcv.cnn import fuse_conv_bn
from torch import Tensor, nn


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


def optimize_model(model: nn.Module) -> nn.Module:
    """Freeze and optimise the backbone for every input shape that comes, in place.

    Args:
        model: Detector in eval mode after :func:`fold_norms`.

    Returns:
        The same model, for inference only.
    """
    model.backbone = FrozenByShape(cast(nn.Module, model.backbone))
    return model
