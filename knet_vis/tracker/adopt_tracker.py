"""The tracker starts from the refinement stages of an image K-Net."""

from typing import Any, Dict

from torch import Tensor

_SOURCE, _TARGET = 'roi_head.', 'tracker.'


def adopt_image_weights(module: Any, weights: Dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Before loading: fill the tracker from ``roi_head`` if the checkpoint has no tracker; in place.

    Only tensors of equal shape are taken, so a classifier of another label
    space keeps its initial values. Works with every way of loading, because
    modules are filled through this hook.

    Args:
        module: Detector with ``roi_head``, ``tracker`` and
            ``remapped``, which is renewed.
        weights: State dict.
        prefix: Of the detector in ``weights``.
        *_: Other arguments of load hooks.
    """
    module.remapped = {}
    target, source = prefix + _TARGET, prefix + _SOURCE
    if any(key.startswith(target) for key in weights):
        return
    for name, own in module.tracker.state_dict().items():
        given = weights.get(source + name)
        if given is not None and given.shape == own.shape:
            weights[target + name] = given
            module.remapped[target + name] = source + name
