"""Optimiser states that find their parameters by name.

PyTorch numbers the parameters of an optimiser in the order of the modules, which need not be that of the program that
wrote a checkpoint. Checkpoints written here also say the names; for others the order of the weights tells them.
The settings of an optimiser (learning rate, weight decay, ...) are part of its state, too; :func:`settle_settings`
decides between those of a checkpoint and those of a config.
"""

import logging
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from torch import Tensor, nn
from torch.optim import Optimizer

from knet.apis.distributed import unwrap_model
from knet.backbones import SwinTransformerDIY, swin_keys
from knet.det.published_names import published_names
from knet.utils.cli import UsageError

#: Entry of a parameter in an optimiser state, by the name of the quantity.
Moments = Mapping[str, Any]


def optimizer_names(model: nn.Module, optimizer: Optimizer) -> List[str]:
    """Return the names of the parameters of an optimiser, as in the state dict of the model, in the optimiser's order.

    Raises:
        ValueError: If the optimiser has a parameter that is not the model's.
    """
    published = published_names(model)
    names = {id(parameter): published[name] for name, parameter in model.named_parameters()}
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    if any(id(parameter) not in names for parameter in parameters):
        raise ValueError('the optimiser has parameters that are not those of the model')
    return [names[id(parameter)] for parameter in parameters]


def names_by_order(names: Sequence[str], weights: Mapping[str, Tensor]) -> List[str]:
    """Return the parameter names in the order of a checkpoint that does not say them.

    Optimisers and state dicts list parameters in one order.

    Args:
        names: The parameters of the optimiser that resumes, in any order.
        weights: State dict of the checkpoint.

    Raises:
        ValueError: If the state dict lacks some of the parameters under their name.

    >>> names_by_order(['a', 'b'], {'b': 0, 'buffer': 0, 'a': 0})
    ['b', 'a']
    """
    wanted = set(names)
    ordered = [key for key in weights if key in wanted]
    if len(ordered) != len(wanted):
        missing = sorted(wanted.difference(ordered))
        raise ValueError(f'it does not say the names of its parameters, and its weights have no {missing[0]!r}')
    return ordered


def in_layout_of(model: nn.Module, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return tensors under the names that the backbone of a model gives them, and in its layout, in the same order.

    Args:
        model: The model; only Swin transformers have a second layout.
        tensors: State dict, or one quantity of an optimiser by the name of the parameter.
    """
    for name, module in model.named_modules():
        if isinstance(module, SwinTransformerDIY) and swin_keys.is_original(tensors, f'{name}.'):
            tensors = swin_keys.to_mmdet(tensors, f'{name}.')
    return tensors


def published_state(
    model: nn.Module, names: Sequence[str], state: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Tuple[Dict[str, Any], List[str]]:
    """Return the optimiser state of a checkpoint that does not say the names of its parameters, and their names.

    Args:
        model: The model that resumes.
        names: The parameters of its optimiser, see :func:`optimizer_names`.
        state: ``state_dict()`` of the saved optimiser.
        weights: State dict of the checkpoint, in any layout of the backbone.

    Returns:
        The state with its quantities in the layout of the model, and the names in the order of the state.

    Raises:
        ValueError: If the weights lack some of the parameters.
    """
    weights = {key: value for key, value in weights.items() if not key.endswith('num_batches_tracked')}
    own = in_layout_of(model, weights)
    saved_names = names_by_order(names, own)
    if len(own) != len(weights):
        raise ValueError('its backbone holds weights of a classifier')
    old_name = dict(zip(own, weights))
    numbers = [number for group in state['param_groups'] for number in group['params']]
    if own is weights or len(numbers) != len(saved_names):
        return dict(state), saved_names
    number_of = dict(zip(saved_names, numbers))
    moments = {number: dict(entry) for number, entry in state['state'].items()}
    for quantity in {quantity for entry in moments.values() for quantity in entry if quantity != 'step'}:
        holders = {old_name[name]: number for name, number in number_of.items() if quantity in moments.get(number, {})}
        tensors = {name: moments[number][quantity] for name, number in holders.items()}
        if all(isinstance(value, Tensor) for value in tensors.values()):
            for name, value in in_layout_of(model, tensors).items():
                moments[number_of[name]][quantity] = value
    return dict(state, state=moments), saved_names


def reordered_state(
    optimizer: Optimizer, names: Sequence[str], state: Mapping[str, Any], saved_names: Sequence[str]
) -> Dict[str, Any]:
    """Return a saved optimiser state in the order and groups of an optimiser.

    Args:
        optimizer: The optimiser that resumes.
        names: Its parameters, see :func:`optimizer_names`.
        state: ``state_dict()`` of the saved optimiser.
        saved_names: Its parameters, in the order of its groups.

    Returns:
        What ``optimizer.load_state_dict`` takes.

    Raises:
        ValueError: If parameters, shapes or groups differ.
    """
    group_of = [(group, index) for group, entry in enumerate(state['param_groups']) for index in entry['params']]
    if len(group_of) != len(saved_names) or set(saved_names) != set(names):
        differing = sorted(set(saved_names) ^ set(names)) or ['']
        raise ValueError(f'it has {len(group_of)} parameters, not {len(names)}; first difference: {differing[0]!r}')
    places: Dict[str, Tuple[int, Any]] = dict(zip(saved_names, group_of))
    moments: Dict[int, Moments] = {}
    groups: List[Dict[str, Any]] = []
    start = 0
    for own in optimizer.param_groups:
        members = names[start : start + len(own['params'])]
        origins: Set[int] = {places[name][0] for name in members}
        if len(origins) != 1:
            raise ValueError(f'the parameters of one group, with {members[0]!r}, come from {len(origins)} groups')
        numbers = list(range(start, start + len(members)))
        for number, name, parameter in zip(numbers, members, own['params']):
            saved = state['state'].get(places[name][1])
            if saved is not None:
                _check_shapes(name, parameter, saved)
                moments[number] = saved
        groups.append(dict(state['param_groups'][origins.pop()], params=numbers))
        start += len(members)
    return dict(state, state=moments, param_groups=groups)


def _check_shapes(name: str, parameter: Tensor, moments: Moments) -> None:
    """Refuse quantities of another shape than their parameter; step counters are single numbers."""
    for quantity, value in moments.items():
        if isinstance(value, Tensor) and quantity != 'step' and value.shape != parameter.shape:
            raise ValueError(f'{quantity} of {name!r} has shape {tuple(value.shape)}, not {tuple(parameter.shape)}')


#: Entries of a parameter group that are no settings of a training.
_NO_SETTINGS = {'params', 'initial_lr', 'initial_momentum', 'fused', 'foreach', 'capturable', 'differentiable'}


def unmatched_keys(model: nn.Module, settings: Mapping[str, Any]) -> List[str]:
    """Return a sentence for each of ``paramwise_cfg.custom_keys`` that is in the name of no parameter.

    Args:
        model: The model, may be wrapped.
        settings: ``cfg.optimizer``.

    Returns:
        Sentences that name the parameter that has the key in its name in checkpoints, if there is one.
    """
    keys = (settings.get('paramwise_cfg') or {}).get('custom_keys') or {}
    names = dict(unwrap_model(model).named_parameters())
    published = published_names(unwrap_model(model))
    notes = []
    for key in keys:
        if any(key in name for name in names):
            continue
        inner = next((name for name in names if key in published.get(name, '')), None)
        hint = 'look at the names of model.named_parameters()'
        if inner is not None:
            hint = f'what checkpoints call {published[inner]} is {inner} there'
        notes.append(f'optimizer.paramwise_cfg.custom_keys: {key!r} is in the name of no parameter; {hint}')
    return notes


def group_settings(optimizer: Optimizer) -> List[Dict[str, Any]]:
    """Return the settings of every parameter group, with the learning rate before any schedule changes it."""
    settings = []
    for group in optimizer.param_groups:
        own = {key: value for key, value in group.items() if key not in _NO_SETTINGS}
        for key in ('lr', 'momentum'):
            if f'initial_{key}' in group:
                own[key] = group[f'initial_{key}']
        settings.append(own)
    return settings


def settle_settings(
    optimizer: Optimizer, wanted: Sequence[Mapping[str, Any]], from_config: bool, logger: logging.Logger
) -> None:
    """Compare the settings that an optimiser got from a checkpoint with those of the config, and apply one of them.

    Args:
        optimizer: Optimiser after its state was restored.
        wanted: :func:`group_settings` of the optimiser as the config describes it.
        from_config: Whether the settings of the config win; otherwise those of the checkpoint do.
        logger: Where differing settings are told.

    Raises:
        UsageError: If the checkpoint is of an optimiser that has other settings.
    """
    absent = sorted(set(optimizer.defaults) - set(optimizer.param_groups[0]))
    if absent:
        raise UsageError(
            f'the checkpoint is of another kind of optimiser than {type(optimizer).__name__}, it has no {absent[0]!r}; '
            'use --load-from to take only the weights'
        )
    differing: Dict[str, int] = {}
    for group, saved, own in zip(optimizer.param_groups, group_settings(optimizer), wanted):
        for key, value in own.items():
            if key not in saved or _plain(saved[key]) == _plain(value):
                continue
            text = f'{key} {_text(saved[key])} in the checkpoint, {_text(value)} in the config'
            differing[text] = differing.get(text, 0) + 1
            if from_config:
                group[key] = value
                if f'initial_{key}' in group:
                    group[f'initial_{key}'] = value
    if differing:
        told = '; '.join(f'{text} ({count} parameter groups)' for text, count in differing.items())
        winner = (
            'those of the config are used'
            if from_config
            else 'those of the checkpoint are used, --resume-settings config takes those of the config'
        )
        logger.warning('settings of the optimiser differ: %s; %s', told, winner)
        logger.warning('schedule (lr_config) and length (runner) are those of the config')


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _text(value: Any) -> str:
    return f'{value:g}' if isinstance(value, float) else str(_plain(value))
