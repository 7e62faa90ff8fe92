"""Validation while training: streams and clips for video models, single images for image models."""

import math
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Sequence, Set

import torch
from mmcv.runner import BaseRunner, EvalHook, LoggerHook, get_dist_info
from torch import distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from knet.apis.averaging import averages_in_model
from knet.apis.clips import open_video_store, predict_videos
from knet.apis.distributed import barrier, broadcast_object, unwrap_model, waiting
from knet.apis.images import run_images
from knet.apis.loader import build_test_loader
from knet.apis.resuming import EvaluationRecord
from knet.apis.running import on_terminal
from knet.apis.scoring import score_videos
from knet.apis.screen import FILE_ONLY
from knet.apis.streams import close_store, open_store, stream_videos
from knet.det.protocols import ClipModel, StreamModel
from knet.utils.cli import UsageError
from knet.utils.seeding import generators_kept
from knet.utils.stopping import obey_signals

#: Metrics of streams if the config names none.
STREAM_METRICS = ('stq', 'vpq')
#: Scores by name; None if undefined.
Scores = Dict[str, Optional[float]]


class StreamEvalHook(EvalHook):
    """Scores the validation set after every ``interval`` epochs (or iterations).

    Stream models run over whole videos and report the headline scores of
    the metrics; clip models and image models report what
    ``dataset.evaluate`` returns. With several processes videos (or images) are shared out; rank 0
    scores.

    Args:
        dataset: Validation data set in test mode.
        metric: ``'stq'``/``'vpq'`` (the default) or ``'miou'``/``'vc'`` for
            streams, else the data set's metric names, all of them by default.
        workers: Number of loader processes.
        protocol: ``'official'`` or ``'paper-repo'``.
        **kwargs: ``interval``, ``start``, ``by_epoch``, ``save_best``,
            ``rule`` as in :class:`mmcv.runner.EvalHook`.

    Attributes:
        known_scores: Names of the scores that can come, also of those that are undefined; None if not known.
    """

    known_scores: Optional[Set[str]] = None

    def __init__(
        self,
        dataset: Any,
        metric: Optional[Sequence[str]] = None,
        workers: int = 1,
        protocol: str = 'official',
        **kwargs: Any,
    ) -> None:
        # More is better for all scores that are reported, also for those of a user's own metric.
        kwargs.setdefault('rule', 'greater')
        super().__init__(build_test_loader(dataset, list(range(len(dataset))), workers), **kwargs)
        self.dataset = dataset
        self.metric = [metric] if isinstance(metric, str) else metric
        self.workers = workers
        self.protocol = protocol
        self._caught_up = False

    def before_run(self, runner: BaseRunner) -> None:
        """Restore the best score of a training that is continued."""
        self.record = EvaluationRecord(runner.work_dir)
        if runner.iter:
            self.record.read(runner.iter)
            runner.meta.setdefault('hook_msgs', {}).update(self.record.best())
        super().before_run(runner)

    def before_train_epoch(self, runner: BaseRunner) -> None:
        """Make up an evaluation that was cut short, or evaluate at the start if ``start`` asks for it."""
        if self.by_epoch:
            self._catch_up(runner)
        super().before_train_epoch(runner)

    def before_train_iter(self, runner: BaseRunner) -> None:
        """Make up an evaluation that was cut short, or evaluate at the start if ``start`` asks for it."""
        if self.by_epoch or not self.initial_flag:
            return
        with generators_kept():  # The step that follows is seeded already.
            self._catch_up(runner)
            super().before_train_iter(runner)

    def after_run(self, runner: BaseRunner) -> None:
        """Make up the last evaluation of a training that has no step left."""
        self._catch_up(runner)

    def _catch_up(self, runner: BaseRunner) -> None:
        """Evaluate the state that was resumed if its evaluation is due and was not finished; once."""
        if self._caught_up or not runner.iter:
            self._caught_up = True
            return
        self._caught_up = True
        if self.by_epoch and runner.iter % len(runner.data_loader):  # within an epoch
            return
        with runner.after_last_step(self.by_epoch):
            if not broadcast_object(self.record.has(runner.done_iters)) and self._should_evaluate(runner):
                runner.logger.info('the evaluation after iteration %d was cut short and is made up', runner.done_iters)
                self._do_evaluate(runner)
                for hook in runner.hooks:
                    if isinstance(hook, LoggerHook) and runner.log_buffer.ready:
                        hook.log(runner)
                runner.log_buffer.clear_output()  # The time that its data took belongs to the step that follows.

    def _do_evaluate(self, runner: BaseRunner) -> None:
        """Score, log, and keep the best checkpoint; of the averages of the weights if there are any."""
        model = unwrap_model(runner.model)
        with averages_in_model(runner):
            _share_batch_norm(model)
            mode = model.training
            model.eval()
            if isinstance(model, StreamModel):
                scores = self._score_streams(model, runner)
            elif isinstance(model, ClipModel):
                scores = self._score_clips(model, runner)
            else:
                scores = self._score_images(model, runner)
            model.train(mode)
            if scores is not None:
                self._report(runner, scores)
        barrier()

    def _report(self, runner: BaseRunner, scores: Scores) -> None:
        defined = {name: value for name, value in scores.items() if value is not None}
        # What mmcv's text logger calls the iteration of a validation.
        runner.log_buffer.output['eval_iter_num'] = len(self.dataset) if self.by_epoch else runner.done_iters
        runner.log_buffer.output.update(defined)
        runner.log_buffer.ready = True
        if self.save_best:
            self._keep_best(runner, scores, defined)
        best = {key: value for key, value in runner.meta.get('hook_msgs', {}).items() if key.startswith('best_')}
        plain_scores = {name: float(value) if math.isfinite(value) else None for name, value in defined.items()}
        self.record.add(runner.done_iters, plain_scores, best)

    def _keep_best(self, runner: BaseRunner, scores: Scores, defined: Dict[str, float]) -> None:
        """Write the checkpoint if its score is the best so far; a score that is undefined is never the best.

        Raises:
            UsageError: If there is no such score.
        """
        if self.key_indicator == 'auto' and defined:
            self._init_rule(self.rule, next(iter(defined)))
        name = self.key_indicator
        if name in defined:
            self._save_ckpt(runner, defined[name])
        elif name in scores or name == 'auto' or name in (self.known_scores or ()):
            runner.logger.warning('%s is undefined, no best checkpoint is kept of this evaluation', name)
        else:
            raise UsageError(self.unknown_best(scores))

    def unknown_best(self, names: Iterable[str]) -> str:
        """Return the sentence that says that ``save_best`` is none of the scores with these names."""
        known = ', '.join(sorted(names))
        return f'evaluation.save_best={self.key_indicator!r} is not among the scores; choose from {known}'

    def _save_ckpt(self, runner: BaseRunner, key_score: float) -> None:
        """Write the checkpoint if it is the best, and only then remove the one that was the best."""
        messages = runner.meta.setdefault('hook_msgs', {})
        best = messages.get('best_score', self.init_value_map[self.rule])
        if not self.compare_func(key_score, best):
            return
        unit, number = ('epoch', runner.epoch + 1) if self.by_epoch else ('iter', runner.iter + 1)
        name, before = f'best_{self.key_indicator}_{unit}_{number}.pth', messages.get('best_ckpt')
        messages.update(best_score=key_score, best_ckpt=str(Path(self.out_dir, name)))
        runner.save_checkpoint(self.out_dir, filename_tmpl=name, create_symlink=False)
        runner.logger.info('best %s so far: %.4f, saved as %s', self.key_indicator, key_score, name)
        if before and Path(before).name != name:  # Its folder may have been moved since.
            Path(self.out_dir, Path(before).name).unlink(missing_ok=True)

    def _score_streams(self, model: StreamModel, runner: BaseRunner) -> Optional[Scores]:
        out_dir = Path(runner.work_dir) / 'val_predictions'
        writer = open_store(out_dir, meta=dict(iteration=int(runner.iter)), fresh=True)
        stream_videos(model, self.dataset, writer, workers=self.workers, show_progress=on_terminal())
        close_store(writer)
        if runner.rank != 0:
            return None
        with waiting('scoring'), obey_signals(at_once=True):
            results = score_videos(out_dir, self.dataset, self.metric or STREAM_METRICS, self.protocol)
        for result in results.values():
            runner.logger.info('\n%s', result.table(), extra=FILE_ONLY)
        return {name: value for result in results.values() for name, value in result.headline().items()}

    def _score_clips(self, model: ClipModel, runner: BaseRunner) -> Optional[Scores]:
        out_dir = Path(runner.work_dir) / 'val_predictions'
        store = open_video_store(out_dir, meta=dict(iteration=int(runner.iter)), fresh=True)
        results = predict_videos(model, self.dataset, store, workers=self.workers, show_progress=on_terminal())
        return self._evaluate(results, runner)

    def _score_images(self, model: nn.Module, runner: BaseRunner) -> Optional[Scores]:
        return self._evaluate(
            run_images(model, self.dataset, workers=self.workers, show_progress=on_terminal()), runner
        )

    def _evaluate(self, results: Optional[Sequence[Any]], runner: BaseRunner) -> Optional[Scores]:
        """Scores of the data set, on the rank that has the results."""
        if results is None:
            return None
        options = {} if self.metric is None else dict(metric=self.metric)
        with waiting('scoring'), obey_signals(at_once=True):
            return dict(self.dataset.evaluate(results, logger=runner.logger, **options))


def _share_batch_norm(model: nn.Module) -> None:
    """Give all ranks the running statistics of rank 0, so that they are one model."""
    if get_dist_info()[1] == 1:
        return
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, _BatchNorm) and module.track_running_stats:
                for statistic in (module.running_var, module.running_mean):
                    if statistic is not None:
                        dist.broadcast(statistic, 0)
