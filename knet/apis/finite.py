"""Training stops, or skips a step, before a loss or gradient that is not finite reaches the weights.

Nothing here waits for the device once more: the losses of a step are averaged over all processes and copied for the log
anyway, and so is the norm of the gradients where they are clipped. Both are the same on every rank, and therefore all
ranks decide alike. Where gradients are not clipped, the weights are checked when a checkpoint is written.
"""

import math
from typing import Any, Dict, Iterator, List, Tuple

import torch
from mmcv.runner import BaseRunner, Fp16OptimizerHook, OptimizerHook
from torch import Tensor

from knet.utils.cli import UsageError

_NAMED = 6


class NonFiniteError(UsageError):
    """A loss, a gradient or a weight is NaN or infinite."""


def non_finite_losses(outputs: Dict[str, Any]) -> List[str]:
    """Return the names and values of the losses of a step that are not finite.

    Args:
        outputs: What ``train_step`` returned; ``log_vars`` holds numbers by name.
    """
    losses = outputs.get('log_vars', {})
    return [f'{name} = {value}' for name, value in losses.items() if 'loss' in name and not math.isfinite(value)]


def check_state(content: Dict[str, Any], path: str) -> None:
    """Refuse a checkpoint that would hold weights or optimiser states that are not finite.

    Args:
        content: The checkpoint, with tensors on the CPU.
        path: Name of its file, for the error.

    Raises:
        NonFiniteError: Naming the first tensors.
    """
    bad = [name for name, tensor in _tensors(content) if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        raise NonFiniteError(
            f'{path} is not written, because {len(bad)} tensors are not finite: {_listed(bad)}. Earlier checkpoints '
            'are untouched; continue from one with --resume-from and a lower learning rate, or with '
            'optimizer_config.grad_clip'
        )


def _tensors(content: Any, name: str = '') -> Iterator[Tuple[str, Tensor]]:
    """Yield all tensors of nested containers with their dotted names."""
    if isinstance(content, Tensor):
        yield name, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _tensors(value, f'{name}.{key}' if name else str(key))


def _listed(names: List[str]) -> str:
    more = f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return ', '.join(names[:_NAMED]) + more


class FiniteSteps:
    """Counts the steps that were skipped because a value was not finite, and ends the training when they are too many.

    Args:
        allowed: Number of steps of this run that may be skipped.
    """

    def __init__(self, allowed: int = 0) -> None:
        self.allowed = allowed
        self.skipped = 0
        self._buffers: List[Tuple[Tensor, Tensor]] = []

    def before_forward(self, runner: BaseRunner) -> None:
        """Remember the running statistics, which a skipped step must not change; only if steps may be skipped."""
        if self.allowed:
            buffers = [buffer for buffer in runner.model.buffers() if buffer.is_floating_point()]
            self._buffers = [(buffer, buffer.clone()) for buffer in buffers]

    def reject(self, runner: BaseRunner, bad: List[str]) -> None:
        """Skip this step, or end the training.

        Args:
            runner: Runner in its step.
            bad: Names and values of what is not finite.

        Raises:
            NonFiniteError: If no more steps may be skipped.
        """
        self.skipped += 1
        if self.skipped > self.allowed:
            raise NonFiniteError(_message(runner, bad, self.allowed))
        runner.logger.warning(
            'iteration %d is skipped (%d of at most %d): not finite: %s',
            runner.iter + 1,
            self.skipped,
            self.allowed,
            _listed(bad),
        )
        with torch.no_grad():
            for buffer, before in self._buffers:
                buffer.copy_(before)


def _message(runner: BaseRunner, bad: List[str], allowed: int) -> str:
    saved = getattr(runner, 'last_checkpoint', None)
    kept = f'the last good checkpoint is {saved}' if saved else 'no checkpoint was written yet'
    skipping = f'after {allowed} skipped steps' if allowed else 'optimizer_config.skip_non_finite=N skips N such steps'
    return (
        f'iteration {runner.iter + 1}: not finite: {_listed(bad)}; the weights were not changed by it and {kept}. '
        f'Lower the learning rate or lengthen its warm-up, clip gradients (optimizer_config.grad_clip), and look at '
        f'the data of this step; --detect-anomaly names the operation ({skipping})'
    )


class _FiniteHook(OptimizerHook):
    """The part that both hooks share: how many steps may be skipped, and what a skipped step must not change."""

    def __init__(self, skip_non_finite: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = FiniteSteps(skip_non_finite)

    def before_train_iter(self, runner: BaseRunner) -> None:
        """Remember what a skipped step must not change."""
        self.steps.before_forward(runner)

    def after_train_iter(self, runner: BaseRunner) -> None:
        """Update the weights, or skip the step."""
        bad = non_finite_losses(runner.outputs)
        if bad:
            self.steps.reject(runner, bad)
        else:
            self.update(runner)

    def update(self, runner: BaseRunner) -> None:
        """Compute the gradients and update the weights as mmcv's hook does."""
        super().after_train_iter(runner)


class FiniteOptimizerHook(_FiniteHook):
    """Updates the weights unless a loss or the norm of the gradients is not finite.

    Args:
        skip_non_finite: Number of steps that may be skipped; then the training ends.
        **kwargs: Of :class:`mmcv.runner.OptimizerHook`.
    """

    def update(self, runner: BaseRunner) -> None:
        """Compute the gradients and update the weights, if the norm is finite."""
        runner.optimizer.zero_grad()
        if self.detect_anomalous_params:
            self.detect_anomalous_parameters(runner.outputs['loss'], runner)
        runner.outputs['loss'].backward()
        norm = None if self.grad_clip is None else self.clip_grads(runner.model.parameters())
        if norm is not None:
            value = float(norm)
            if not math.isfinite(value):
                self.steps.reject(runner, [f'norm of the gradients = {value}'])
                return
            runner.log_buffer.update({'grad_norm': value}, runner.outputs['num_samples'])
        runner.optimizer.step()


class FiniteFp16OptimizerHook(_FiniteHook, Fp16OptimizerHook):
    """Updates the weights in half precision unless a loss is not finite; the loss scaler looks after the gradients.

    Args:
        skip_non_finite: Number of steps that may be skipped; then the training ends.
        **kwargs: Of :class:`mmcv.runner.Fp16OptimizerHook`.
    """
