"""Save and load submodules under the names of published checkpoints, wherever the submodules are in the code.

A module that calls :func:`publish` saves some of its submodules under other names and loads them from these names.
Hooks do the renaming, so that it holds for every way to save and load: through the module itself, through a module
that contains or wraps it, and through the functions of mmcv.
"""

from typing import Any, Dict, Mapping, MutableMapping

from torch import Tensor, nn


def publish(module: nn.Module, names: Mapping[str, str]) -> None:
    """Save and load submodules of a module under published names.

    Args:
        module: Owner of the submodules.
        names: Mapping from the names of submodules to their published names, both relative to the owner.

    >>> owner = nn.Sequential(nn.Linear(1, 1))
    >>> publish(owner, {'0': 'fc_embed'})
    >>> list(owner.state_dict()), [name for name, _ in owner.named_parameters()]
    (['fc_embed.weight', 'fc_embed.bias'], ['0.weight', '0.bias'])
    """
    saved = {f'{place}.': f'{name}.' for place, name in names.items()}
    loaded = {name: place for place, name in saved.items()}
    module._register_state_dict_hook(_Rename(saved))
    module._register_load_state_dict_pre_hook(_RenameLoaded(loaded))


def published_names(module: nn.Module) -> Dict[str, str]:
    """Return the names in the state dict of all tensors, by their names in ``named_parameters`` and ``named_buffers``.

    Tensors that are not saved are left out; a tensor with several names has the first one of the state dict.
    """
    keys: Dict[int, str] = {}
    for key, tensor in module.state_dict(keep_vars=True).items():
        keys.setdefault(id(tensor), key)
    tensors = [*module.named_parameters(), *module.named_buffers()]
    return {name: keys[id(tensor)] for name, tensor in tensors if id(tensor) in keys}


def _rename(weights: MutableMapping[str, Tensor], prefix: str, names: Mapping[str, str]) -> None:
    """Rename the keys of ``weights`` that start with ``prefix`` + a key of ``names``; their order stays."""
    places = {prefix + place: prefix + name for place, name in names.items()}
    own = [key for key in weights if key.startswith(prefix)]
    if not any(key.startswith(place) for key in own for place in places):
        return
    for key in own:
        tensor = weights.pop(key)
        place = next((place for place in places if key.startswith(place)), None)
        weights[key if place is None else places[place] + key[len(place) :]] = tensor


class _Rename:
    """State-dict hook that renames the keys that a module has just saved."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def __call__(self, module: nn.Module, weights: MutableMapping[str, Tensor], prefix: str, *_: Any) -> None:
        _rename(weights, prefix, self.names)


class _RenameLoaded:
    """Load hook that renames the keys that a module is about to load."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def __call__(self, weights: MutableMapping[str, Tensor], prefix: str, *_: Any) -> None:
        _rename(weights, prefix, self.names)
