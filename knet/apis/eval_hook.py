"""Validation while training: streams and clips for video models, single images for image models."""

from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import torch
from mmcv.parallel import is_module_wrapper
from mmcv.runner import BaseRunner, EvalHook, get_dist_info
from torch import distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from knet.apis.clips import open_video_store, predict_videos
from knet.apis.images import run_images
from knet.apis.loader import build_test_loader
from knet.apis.scoring import score_videos
from knet.apis.screen import FILE_ONLY
from knet.apis.streams import close_store, open_store, stream_videos
from knet.det.protocols import ClipModel, StreamModel

#: Scores that ``save_best`` may name without a rule: more is better for all that are reported.
_GREATER = ('STQ', 'AQ', 'SQ', 'VPQ', 'mIoU', 'wIoU', 'VC8', 'VC16', 'PQ', 'AP')


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
    """

    def __init__(
        self,
        dataset: Any,
        metric: Optional[Sequence[str]] = None,
        workers: int = 1,
        protocol: str = 'official',
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault('greater_keys', _GREATER)
        super().__init__(build_test_loader(dataset, list(range(len(dataset))), workers), **kwargs)
        self.dataset = dataset
        self.metric = [metric] if isinstance(metric, str) else metric
        self.workers = workers
        self.protocol = protocol

    def _do_evaluate(self, runner: BaseRunner) -> None:
        """Score, log, and keep the best checkpoint."""
        model = runner.model.module if is_module_wrapper(runner.model) else runner.model
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

    def _report(self, runner: BaseRunner, scores: Dict[str, float]) -> None:
        runner.log_buffer.output['eval_iter_num'] = len(self.dataset)
        runner.log_buffer.output.update(scores)
        runner.log_buffer.ready = True
        if self.save_best:
            if self.key_indicator == 'auto':
                self._init_rule(self.rule, next(iter(scores)))
            if self.key_indicator not in scores:
                raise KeyError(f'evaluation.save_best={self.key_indicator!r} is not among the scores {sorted(scores)}')
            self._save_ckpt(runner, scores[self.key_indicator])

    def _score_streams(self, model: StreamModel, runner: BaseRunner) -> Optional[Dict[str, float]]:
        out_dir = Path(runner.work_dir) / 'val_predictions'
        writer = open_store(out_dir, meta=dict(iteration=int(runner.iter)), fresh=True)
        stream_videos(model, self.dataset, writer, workers=self.workers, show_progress=False)
        close_store(writer)
        if runner.rank != 0:
            return None
        results = score_videos(out_dir, self.dataset, self.metric or ('stq', 'vpq'), self.protocol)
        for result in results.values():
            runner.logger.info('\n%s', result.table(), extra=FILE_ONLY)
        scores = {name: value for result in results.values() for name, value in result.headline().items()}
        return {name: value for name, value in scores.items() if value is not None}

    def _score_clips(self, model: ClipModel, runner: BaseRunner) -> Optional[Dict[str, float]]:
        out_dir = Path(runner.work_dir) / 'val_predictions'
        store = open_video_store(out_dir, meta=dict(iteration=int(runner.iter)), fresh=True)
        results = predict_videos(model, self.dataset, store, workers=self.workers, show_progress=False)
        return self._evaluate(results, runner)

    def _score_images(self, model: nn.Module, runner: BaseRunner) -> Optional[Dict[str, float]]:
        return self._evaluate(run_images(model, self.dataset, workers=self.workers, show_progress=False), runner)

    def _evaluate(self, results: Optional[Sequence[Any]], runner: BaseRunner) -> Optional[Dict[str, float]]:
        """Scores of the data set, on the rank that has the results."""
        if results is None:
            return None
        options = {} if self.metric is None else dict(metric=self.metric)
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
