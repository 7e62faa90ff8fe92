"""The state of an optimiser, matched by the names of the parameters.

torch numbers the parameters of an optimiser in the order in which a model declares its parts. That order differs
between this code and published checkpoints for nine parameters of the kernel head, and states of equal shape would be
exchanged silently. Checkpoints therefore store the names beside the state.
"""

from typing import Any, Dict, Iterable, List, Optional

from torch import Tensor, nn
from torch.optim import Optimizer

from knet.utils.cli import UsageError

#: Key of the names in the meta information of a checkpoint.
NAMES_KEY = 'optimizer_parameters'


def parameter_names(model: nn.Module, optimizer: Optimizer) -> List[str]:
    """Return the state-dict keys of the parameters of an optimiser, in the order in which torch numbers them.

    Args:
        model: Model without a parallel wrapper.
        optimizer: Optimiser of its parameters.
    """
    keys = {id(value): key for key, value in model.state_dict(keep_vars=True).items()}
    return [keys[id(parameter)] for group in optimizer.param_groups for parameter in group['params']]


def load_optimizer_state(
    optimizer: Optimizer,
    model: nn.Module,
    state: Dict[str, Any],
    names: Optional[List[str]],
    keys: Iterable[str],
    path: Any,
) -> None:
    """Restore the state of an optimiser.

    Args:
        optimizer: Optimiser to fill.
        model: Its model, without a parallel wrapper.
        state: ``state_dict()`` of the optimiser that was saved.
        names: Names of its parameters. None for checkpoints without names, in which the parameters are numbered in the
            order of the weights.
        keys: Keys of the saved weights in their order.
        path: Name of the checkpoint in errors.

    Raises:
        UsageError: If parameters, shapes or groups do not fit.
    """
    own_names = parameter_names(model, optimizer)
    if names is None:
        known = set(own_names)
        names = [key for key in keys if key in known]
    group_of, saved_numbers = {}, []
    for group in state['param_groups']:
        saved_numbers += group['params']
        group_of.update(dict.fromkeys(group['params'], group))
    if len(names) != len(saved_numbers) or set(names) != set(own_names):
        raise _misfit(path, f'it is of {len(saved_numbers)} parameters, the model has {len(own_names)}')
    number_of = dict(zip(names, saved_numbers))
    own = optimizer.state_dict()
    own_numbers = [number for group in own['param_groups'] for number in group['params']]
    name_of = dict(zip(own_numbers, own_names))
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    entries = {}
    for number, parameter in zip(own_numbers, parameters):
        entry = state['state'].get(number_of[name_of[number]])
        if entry is not None:
            _check_shapes(entry, parameter, name_of[number], path)
            entries[number] = entry
    groups = []
    for group in own['param_groups']:
        sources = {id(group_of[number_of[name_of[n]]]): group_of[number_of[name_of[n]]] for n in group['params']}
        if len(sources) != 1:
            raise _misfit(path, f'its {len(state["param_groups"])} parameter groups divide the parameters otherwise')
        settings = dict(next(iter(sources.values())), params=group['params'])
        # The kernels that this optimiser was built with, not those of the machine that saved the state.
        if 'fused' in settings:
            settings['fused'] = optimizer.defaults.get('fused')
        groups.append(settings)
    try:
        optimizer.load_state_dict(dict(state, state=entries, param_groups=groups))
    except (ValueError, KeyError) as error:
        raise _misfit(path, str(error)) from error


def _check_shapes(entry: Dict[str, Any], parameter: Tensor, name: str, path: Any) -> None:
    """Refuse moments of another shape than their parameter; step counters are scalars."""
    for value in entry.values():
        if isinstance(value, Tensor) and value.dim() and value.shape != parameter.shape:
            raise _misfit(path, f'{name} is {tuple(value.shape)} there and {tuple(parameter.shape)} here')


def _misfit(path: Any, detail: str) -> UsageError:
    return UsageError(
        f'cannot resume from {path}: the state of its optimiser does not fit ({detail}); '
        'use --load-from to take only the weights'
    )
