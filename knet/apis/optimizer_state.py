"""Optimiser states that find their parameters by name.

PyTorch numbers the parameters of an optimiser in the order of the modules, which need not be that of the program that
wrote a checkpoint. Checkpoints written here also say the names; for others the order of the weights tells them.
"""

from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from torch import Tensor, nn
from torch.optim import Optimizer

from knet.det.published_names import published_names

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
