"""Resuming trainings whose hooks keep an average of the weights (``EMAHook`` of mmcv, ``ExpMomentumEMAHook`` of mmdet).

Such a hook keeps the averages in buffers of the model, which it makes when the run begins, and exchanges weights and
averages at the ends of epochs. A checkpoint may be written on either side of an exchange, so it stores which one. In a
training by iterations, which has no epochs, :func:`averages_in_model` exchanges them for checkpoints and evaluations.
"""

from contextlib import contextmanager
from typing import Any, Iterator, List

from mmcv.runner import BaseRunner, CheckpointHook, EMAHook, IterBasedRunner
from mmdet.core.hook.ema import BaseEMAHook

#: Key of the meta of runner and checkpoint: whether the weights are the averages and the buffers the weights.
EXCHANGED = 'averages_exchanged'


def averaging_hooks(runner: BaseRunner) -> List[Any]:
    """Return the hooks of a runner that average weights."""
    return [hook for hook in runner.hooks if isinstance(hook, (EMAHook, BaseEMAHook))]


def note_exchanges(runner: BaseRunner) -> None:
    """Let the meta of a runner, which every checkpoint stores, tell on which side of an exchange the weights are.

    Hooks that average come before the one that writes checkpoints, whatever their priority: otherwise a checkpoint
    would lack the average of its last step, and that of an epoch would hold the weights instead of the averages.
    """
    for hook in averaging_hooks(runner):
        hooks = [other for other in runner._hooks if other is not hook]
        place = next((i for i, other in enumerate(hooks) if isinstance(other, CheckpointHook)), len(hooks))
        if runner._hooks.index(hook) > place:
            runner._hooks = [*hooks[:place], hook, *hooks[place:]]
        runner.meta[EXCHANGED] = _exchanged_at_start(runner)

        def exchange(original: Any = hook._swap_ema_parameters) -> None:
            original()
            runner.meta[EXCHANGED] = not runner.meta[EXCHANGED]

        hook._swap_ema_parameters = exchange


def _exchanged_at_start(runner: BaseRunner) -> bool:
    """Return on which side a run begins: an epoch with an exchange, which is one of equal values at first."""
    return not isinstance(runner, IterBasedRunner)


def resume_averages(runner: BaseRunner, checkpoint: str) -> None:
    """Resume a checkpoint into the model and the buffers of its averages.

    Args:
        runner: Runner with all hooks, see :func:`note_exchanges`.
        checkpoint: See :meth:`.runner.ResumableMixin.resume`.
    """
    hooks = averaging_hooks(runner)
    for hook in hooks:
        hook.before_run(runner)
        hook.before_run = lambda runner: None  # It would begin a new average.
    runner.resume(checkpoint)
    if hooks and runner.meta[EXCHANGED] != _exchanged_at_start(runner):
        # Within an epoch, where the exchange at the beginning of its rest undoes this one; or of iterations.
        _exchange(hooks)
        runner.meta[EXCHANGED] = _exchanged_at_start(runner)


@contextmanager
def averages_in_model(runner: BaseRunner) -> Iterator[None]:
    """Let the model hold the averages, if there are any, as it does at the end of an epoch.

    Args:
        runner: Runner with all hooks, see :func:`note_exchanges`.
    """
    hooks = [] if runner.meta.get(EXCHANGED, True) else averaging_hooks(runner)
    _exchange(hooks)
    yield
    _exchange(hooks)


def _exchange(hooks: List[Any]) -> None:
    for hook in hooks:
        hook._swap_ema_parameters()
