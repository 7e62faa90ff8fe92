"""mmcv's runners, made exactly resumable.

These differ from mmcv 1.7 as follows. Checkpoints are written atomically and count the steps that are done (those of
mmcv are off by one when saved by iteration). Resuming works in the middle of an epoch, on the CPU, and without running
pickled code, and the state of the optimiser is matched by parameter names. Every step seeds the random generators from
(seed, rank, step), so that a resumed run reaches the same weights although no generator state is saved.
"""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, cast

import mmcv
from mmcv.parallel import is_module_wrapper
from mmcv.runner import RUNNERS, BaseRunner, EpochBasedRunner, Hook, IterBasedRunner
from mmcv.runner.checkpoint import get_state_dict, weights_to_cpu
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from knet.apis.checkpoint import (
    link_atomic,
    load_checkpoint,
    load_weights,
    plain,
    read_checkpoint,
    resolve_checkpoint,
    save_atomic,
)
from knet.apis.optimizer_state import NAMES_KEY, load_optimizer_state, parameter_names
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
    """Free the gradients after every update, so that they do not lie beside the activations of the next step."""

    def after_train_iter(self, runner: 'ResumableMixin') -> None:
        """Free the gradients, which the optimizer hook has used."""
        runner.optimizer.zero_grad(set_to_none=True)


class ResumableMixin(BaseRunner):
    """Saving and resuming shared by the epoch and the iteration runner.

    Attributes:
        trust_checkpoint: Whether checkpoints may run code when opened.
    """

    trust_checkpoint = False
    meta: Optional[Dict[str, Any]]
    _step_done = False

    @property
    def done_iters(self) -> int:
        """Number of optimiser steps that are complete, also while hooks run after a step."""
        return self._iter + int(self._step_done)

    def call_hook(self, fn_name: str) -> None:
        """Call all hooks and note when a step is complete but not yet counted."""
        self._step_done = fn_name == 'after_train_iter'
        super().call_hook(fn_name)
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
            filename_tmpl: Name with an optional ``{}`` for the number; by default ``epoch_{}.pth`` or, for steps,
                ``iter_{}.pth``.
            save_optimizer: Whether the state of the optimiser is included.
            meta: More meta information.
            create_symlink: Whether ``latest.pth`` is pointed at the file.
        """
        by_step = self._step_done or isinstance(self, IterBasedRunner)
        steps = len(self.data_loader)
        number = self.done_iters if by_step else self._epoch + 1
        filename = (filename_tmpl or ('iter_{}.pth' if by_step else 'epoch_{}.pth')).format(number)
        meta = dict(meta or {}, **(self.meta or {}))
        meta.update(epoch=self.done_iters // steps, iter=self.done_iters, iters_per_epoch=steps)
        optimizer = self.optimizer if save_optimizer else None
        _write(unwrap(self.model), str(Path(out_dir, filename)), optimizer, plain(meta))
        if create_symlink:
            link_atomic(filename, Path(out_dir, 'latest.pth'))

    def load_checkpoint(self, filename: str, **_: Any) -> Dict[str, Any]:
        """Load weights for fine-tuning; see :func:`knet.apis.checkpoint.load_checkpoint`."""
        self.logger.info('load checkpoint from %s', filename)
        return load_checkpoint(self.model, filename, self.trust_checkpoint, logger=self.logger)

    def resume(self, checkpoint: str, resume_optimizer: bool = True, **_: Any) -> None:
        """Continue a training from its checkpoint file or work directory.

        Args:
            checkpoint: File, or folder whose newest checkpoint is meant.
            resume_optimizer: Whether the state of the optimiser is restored.

        Raises:
            UsageError: If the file is no training checkpoint of this model.
        """
        path = resolve_checkpoint(checkpoint, prefer='latest')
        content = read_checkpoint(path, self.trust_checkpoint)
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
        self.meta = dict(self.meta or {})
        self.meta.update({key: meta[key] for key in ('hook_msgs', 'fp16') if key in meta})
        if resume_optimizer:
            names, keys = meta.get(NAMES_KEY), content['state_dict'].keys()
            load_optimizer_state(self.optimizer, unwrap(self.model), content['optimizer'], names, keys, path)
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
        self._resumed_steps = None
        loader.sampler.seek(self._iter)  # type: ignore[attr-defined]  # a GlobalBatchSampler


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside a parallel wrapper, or the model itself."""
    return cast(nn.Module, model.module) if is_module_wrapper(model) else model


def _write(model: nn.Module, path: str, optimizer: Optional[Optimizer], meta: Dict[str, Any]) -> None:
    """Write a checkpoint in mmcv's format through a temporary file."""
    meta = dict(meta, mmcv_version=mmcv.__version__)
    classes = getattr(model, 'CLASSES', None)
    if classes is not None:
        meta['CLASSES'] = tuple(classes)
    content = dict(meta=meta, state_dict=weights_to_cpu(get_state_dict(model)))
    if optimizer is not None:
        meta[NAMES_KEY] = parameter_names(model, optimizer)
        content['optimizer'] = optimizer.state_dict()
    save_atomic(content, path)


@RUNNERS.register_module()
class ResumableEpochRunner(ResumableMixin, EpochBasedRunner):
    """Train epoch by epoch; resuming also works within an epoch."""

    def train(self, data_loader: DataLoader, **kwargs: Any) -> None:
        """Train one epoch, or what is left of it."""
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
    """Train a number of iterations, passing over the data set as often as needed."""

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
