"""mmcv's runners, made exactly resumable.

What differs from mmcv 1.7: checkpoints are written atomically and count the
steps that are done (mmcv's are off by one when saved by iteration); resuming
works in the middle of an epoch, on the CPU, and without running pickled code;
every step starts from random generators seeded from (seed, rank, step), so no
generator state has to be saved for a resumed run to reach the same weights.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union, cast

import mmcv
from mmcv.runner import RUNNERS, BaseRunner, EpochBasedRunner, Hook, IterBasedRunner
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from knet.apis.averaging import EXCHANGED, averages_in_model
from knet.apis.checkpoint import link_atomic, load_weights, plain, save_atomic
from knet.apis.distributed import unwrap_model
from knet.apis.finite import check_state
from knet.apis.optimizer_state import optimizer_names, published_state, reordered_state
from knet.apis.resuming import STOPPED, newest_readable
from knet.utils.cli import UsageError
from knet.utils.seeding import mix_seed, seed_all


class StepSeedHook(Hook):
    """Seed the random generators before every training step.

    Args:
        seed: Base seed, the same on all ranks.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def before_train_iter(self, runner: 'ResumableMixin') -> None:
        """Seed the generators for this rank and step."""
        seed_all(mix_seed(self.seed, runner.rank, runner.iter))


class DropGradientsHook(Hook):
    """Frees the gradients after every step, so that they don't lie beside the activations of the next one.

    For trainings that update the weights in every step.
    """

    def after_train_iter(self, runner: 'ResumableMixin') -> None:
        """Forget the gradients; the optimizer hook has used them."""
        runner.optimizer.zero_grad(set_to_none=True)


class ResumableMixin(BaseRunner):
    """Saving and resuming shared by the epoch and the iteration runner.

    Attributes:
        trust_checkpoint: Whether checkpoints may run code when opened.
        last_checkpoint: The checkpoint that was written last, or that is continued.
        saved_iters: Number of steps that ``latest.pth`` holds.
    """

    trust_checkpoint = False
    last_checkpoint: Optional[str] = None
    saved_iters = 0
    _step_done = False

    @property
    def done_iters(self) -> int:
        """Optimiser steps that are complete, also while hooks run after a step."""
        return self._iter + int(self._step_done)

    def call_hook(self, fn_name: str) -> None:
        """Call all hooks; notes when a step is complete but not yet counted."""
        self._step_done = fn_name == 'after_train_iter'
        super().call_hook(fn_name)
        self._step_done = False

    @contextmanager
    def after_last_step(self, by_epoch: bool) -> Iterator[None]:
        """Let hooks see the runner as they do right after the epoch, or step, that was done last.

        Args:
            by_epoch: Whether an epoch was done, otherwise a step.
        """
        counter = '_epoch' if by_epoch else '_iter'
        setattr(self, counter, getattr(self, counter) - 1)
        self.mode, self._step_done = 'train', not by_epoch
        try:
            yield
        finally:
            setattr(self, counter, getattr(self, counter) + 1)
            self._step_done = False

    def save_checkpoint(
        self,
        out_dir: str,
        filename_tmpl: Optional[str] = None,
        save_optimizer: bool = True,
        meta: Optional[Dict] = None,
        create_symlink: bool = True,
    ) -> None:
        """Write a checkpoint atomically.

        Args:
            out_dir: Folder.
            filename_tmpl: Name with an optional ``{}`` for the number;
                default ``epoch_{}.pth`` or, for steps, ``iter_{}.pth``.
            save_optimizer: Whether the optimiser's state is included.
            meta: More meta information.
            create_symlink: Whether ``latest.pth`` is pointed at the file.

        Raises:
            NonFiniteError: If a weight or a state of the optimiser is not finite; nothing is written then.
            OSError: If the file cannot be written.
        """
        by_step = self._step_done or isinstance(self, IterBasedRunner)
        steps = len(self.data_loader)
        number = self.done_iters if by_step else self._epoch + 1
        filename = (filename_tmpl or ('iter_{}.pth' if by_step else 'epoch_{}.pth')).format(number)
        meta = dict(meta or {}, **(self.meta or {}))
        meta.update(epoch=self.done_iters // steps, iter=self.done_iters, iters_per_epoch=steps)
        optimizer = self.optimizer if save_optimizer else None
        path = str(Path(out_dir, filename))
        _write(self.model, path, optimizer, plain(meta))
        self.last_checkpoint = path
        if create_symlink:
            link_atomic(filename, Path(out_dir, 'latest.pth'))
            self.saved_iters = self.done_iters
            if filename != STOPPED:
                Path(out_dir, STOPPED).unlink(missing_ok=True)

    def load_checkpoint(self, filename: str, **_: Any) -> Dict[str, Any]:
        """Load weights for fine-tuning; see :func:`knet.apis.checkpoint.load_checkpoint`."""
        from knet.apis.checkpoint import load_checkpoint

        self.logger.info('load checkpoint from %s', filename)
        return load_checkpoint(self.model, filename, self.trust_checkpoint, logger=self.logger)

    def resume(self, checkpoint: str, resume_optimizer: bool = True, **_: Any) -> None:
        """Continue a training from its checkpoint file or work directory.

        Args:
            checkpoint: File, or folder whose newest checkpoint is meant.
            resume_optimizer: Whether the optimiser's state is restored.

        Raises:
            UsageError: If the file is no training checkpoint of this model.
        """
        found = newest_readable(checkpoint, self.trust_checkpoint)
        path, content = found.path, found.content
        meta = content['meta']
        if 'iter' not in meta or (resume_optimizer and 'optimizer' not in content):
            raise UsageError(f'{path} holds weights but no training state; use --load-from instead of --resume-from')
        report = load_weights(self.model, content['state_dict'])
        if not report.exact:
            raise UsageError(
                f'cannot resume from {path}, it is of another model; choose another --work-dir, or take '
                f'the weights that fit with --load-from: {report.table(5)}'
            )
        self._epoch, self._iter = meta['epoch'], meta['iter']
        self._resumed_steps = meta.get('iters_per_epoch')
        if self._resumed_steps is None and isinstance(self, EpochBasedRunner) and self._epoch:
            # Of mmcv's runner, which does not say it and writes at the end of an epoch.
            self._resumed_steps = max(1, self._iter // self._epoch)
            self._iter = self._epoch * self._resumed_steps
        self.meta: Dict[str, Any] = dict(self.meta or {})
        self.meta.update({key: meta[key] for key in ('hook_msgs', 'fp16', EXCHANGED) if key in meta})
        if resume_optimizer:
            _load_optimizer(self.model, self.optimizer, content, path)
        self.last_checkpoint, self.saved_iters = str(path), self._iter
        self.logger.info('resumed %s: %d epochs, %d iterations done', path, self._epoch, self._iter)

    def _align(self, loader: DataLoader) -> None:
        """Put the loader where the checkpoint ended."""
        steps = len(loader)
        saved = getattr(self, '_resumed_steps', None)
        if saved not in (None, steps):
            # Another batch size or number of processes: the same share of the epochs is done.
            self.logger.warning('an epoch had %d iterations and now has %d; continuing at the same share', saved, steps)
            self._iter = self._iter * steps // saved
            self._epoch = self._iter // steps
            for hook in self.hooks:
                if hasattr(hook, 'start_iter'):  # from which loggers reckon the remaining time
                    hook.start_iter = self._iter
        self._resumed_steps = None
        cast(Any, loader.sampler).seek(self._iter)


def _write(model: Any, path: str, optimizer: Union[Optimizer, Dict, None], meta: Dict[str, Any]) -> None:
    """Mmcv's checkpoint layout, written through a temporary file."""
    from mmcv.runner.checkpoint import get_state_dict, weights_to_cpu

    model = unwrap_model(model)
    meta = dict(meta, mmcv_version=mmcv.__version__)
    if getattr(model, 'CLASSES', None) is not None:
        meta['CLASSES'] = tuple(model.CLASSES)
    if getattr(model, 'label_space', None) is not None:
        meta['label_space'] = model.label_space.to_plain()
    content = dict(meta=meta, state_dict=weights_to_cpu(get_state_dict(model)))
    if isinstance(optimizer, dict):
        content['optimizer'] = {name: item.state_dict() for name, item in optimizer.items()}
        content['optimizer_names'] = {name: optimizer_names(model, item) for name, item in optimizer.items()}
    elif optimizer is not None:
        content['optimizer'] = optimizer.state_dict()
        content['optimizer_names'] = optimizer_names(model, optimizer)
    check_state(content, path)
    save_atomic(content, path)


def _for_this_machine(optimizer: Optimizer, state: Dict[str, Any]) -> Dict[str, Any]:
    """``state`` with the kernels that ``optimizer`` was built with, not those of the machine that saved it."""
    groups = [
        dict(group, fused=optimizer.defaults['fused']) if 'fused' in optimizer.defaults else group
        for group in state['param_groups']
    ]
    return dict(state, param_groups=groups)


def _load_optimizer(
    model: nn.Module, optimizer: Union[Optimizer, Dict[str, Optimizer]], content: Dict[str, Any], path: Any
) -> None:
    """Restore the states of one or several optimisers; parameters are matched by name."""
    model = unwrap_model(model)
    states, names = content['optimizer'], content.get('optimizer_names')
    try:
        if not isinstance(optimizer, dict):
            _load_state(model, optimizer, states, names, content['state_dict'])
        else:
            for name, item in optimizer.items():
                _load_state(model, item, states[name], names and names[name], content['state_dict'])
    except (ValueError, KeyError) as error:
        raise UsageError(
            f'cannot resume from {path}: its optimiser does not fit that of the config ({error}); '
            'use --load-from to take only the weights'
        ) from error


def _load_state(
    model: nn.Module,
    optimizer: Optimizer,
    state: Dict[str, Any],
    saved_names: Optional[List[str]],
    weights: Dict[str, Tensor],
) -> None:
    names = optimizer_names(model, optimizer)
    if saved_names is None:
        state, saved_names = published_state(model, names, state, weights)
    state = reordered_state(optimizer, names, state, saved_names)
    optimizer.load_state_dict(_for_this_machine(optimizer, state))


@RUNNERS.register_module()
class ResumableEpochRunner(ResumableMixin, EpochBasedRunner):
    """Trains epoch by epoch; resumes within an epoch."""

    def run(self, data_loaders: List[DataLoader], workflow: List[Tuple[str, int]], **kwargs: Any) -> None:
        """See :meth:`mmcv.runner.EpochBasedRunner.run`."""
        self.data_loader = data_loaders[0]
        super().run(data_loaders, workflow, **kwargs)

    def train(self, data_loader: DataLoader, **kwargs: Any) -> None:
        """One epoch, or what is left of it."""
        self.model.train()
        self.mode = 'train'
        self.data_loader = data_loader
        self._align(data_loader)
        first = self._iter - self._epoch * len(data_loader)
        self._max_iters = self._max_epochs * len(data_loader)
        self.call_hook('before_train_epoch')
        for i, data_batch in enumerate(data_loader, first):
            self.data_batch = data_batch
            self._inner_iter = i
            self.call_hook('before_train_iter')
            self.run_iter(data_batch, train_mode=True, **kwargs)
            self.call_hook('after_train_iter')
            del self.data_batch
            self._iter += 1
        self.call_hook('after_train_epoch')
        self._epoch += 1


@RUNNERS.register_module()
class ResumableIterRunner(ResumableMixin, IterBasedRunner):
    """Trains a number of iterations, passing over the data set as often as needed."""

    def run(
        self,
        data_loaders: List[DataLoader],
        workflow: List[Tuple[str, int]],
        max_iters: Optional[int] = None,
        **kwargs: Any,
    ) -> None:
        """See :meth:`mmcv.runner.IterBasedRunner.run`."""
        self.data_loader = data_loaders[0]
        self._align(data_loaders[0])
        super().run(data_loaders, workflow, max_iters, **kwargs)

    def save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Write a checkpoint, see :class:`ResumableMixin`; its weights are the averages, as those of an epoch are."""
        with averages_in_model(self):
            super().save_checkpoint(*args, **kwargs)
