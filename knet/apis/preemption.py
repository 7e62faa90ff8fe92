"""Trainings that end on request: the step ends on all ranks, a checkpoint is written, and the exit code says so."""

from pathlib import Path

from mmcv.runner import BaseRunner, Hook, IterBasedRunner

from knet.apis.distributed import gather_stopped, stop_agreed, tick
from knet.apis.resuming import STOPPED
from knet.utils.stopping import Stopped, stop_requested


class StopHook(Hook):
    """Ends the training after a step if one of the processes was asked to stop, and tells the others of each step.

    To be called after a checkpoint is written and before an evaluation: the last step of an epoch ends with the
    checkpoint of the epoch, and its evaluation is made up when the training goes on.
    """

    def before_train_iter(self, runner: BaseRunner) -> None:
        """Note that the data of a step is there."""
        tick(f'step {runner.iter + 1}, computing')

    def after_train_iter(self, runner: BaseRunner) -> None:
        """Stop within an epoch."""
        tick(f'step {runner.iter + 1} done, waiting for data')
        if isinstance(runner, IterBasedRunner) or not self.end_of_epoch(runner):
            self._stop_if_agreed(runner)

    def after_train_epoch(self, runner: BaseRunner) -> None:
        """Stop after an epoch."""
        if not isinstance(runner, IterBasedRunner):
            self._stop_if_agreed(runner)

    def _stop_if_agreed(self, runner: BaseRunner) -> None:
        if stop_agreed(runner.done_iters):
            raise Stopped


def save_stopped(runner: BaseRunner) -> str:
    """Write the checkpoint that continues a training that was stopped, unless its last step has one.

    Args:
        runner: Runner whose hooks were ended by :class:`~knet.utils.stopping.Stopped`.

    Returns:
        A sentence that says what happened and what to do.
    """
    if runner.rank == 0 and runner.saved_iters != runner.done_iters:
        runner.save_checkpoint(runner.work_dir, filename_tmpl=STOPPED)
    gather_stopped()
    return (
        f'stopped by {stop_requested()} after iteration {runner.done_iters}; the same command with --auto-resume '
        f'continues from {Path(runner.work_dir, "latest.pth")}'
    )
