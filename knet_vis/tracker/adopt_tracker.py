"""Initialisation of the tracker with the refinement stages of an image K-Net."""

from typing import Any, Dict

from torch import Tensor

_SOURCE, _TARGET = 'roi_head.', 'tracker.'


def adopt_image_weights(module: Any, weights: Dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Copy the weights of ``roi_head`` to the tracker in place, before loading, if the checkpoint has no tracker.

    Only tensors of equal shape are copied, so a classifier of another label space keeps its initial values. The
    function is a load hook, so that it works with every way of loading.

    Args:
        module: Detector with ``roi_head``, ``tracker`` and ``remapped``, which is replaced.
        weights: State dict that is about to be loaded.
        prefix: Prefix of the keys of the detector in ``weights``.
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
