"""The validation of a training: built from the config, and refused before the first step if it would fail later."""

import difflib
import inspect
from typing import Any, Dict, List, Optional, Sequence, Set

from mmcv import Config
from mmcv.runner import EvalHook
from torch import nn

from knet.apis.agreement import check_classes_agree
from knet.apis.config import build_data, loader_settings
from knet.apis.eval_hook import STREAM_METRICS, StreamEvalHook
from knet.apis.scoring import video_metrics
from knet.det.protocols import ClipModel, StreamModel
from knet.evaluation.protocols import check_protocol
from knet.evaluation.vis_ap import NAMES
from knet.utils.cli import UsageError

_OTHERWISE = 'or train with --no-validate'
#: What ``dataset.evaluate`` of this project returns for a metric of images; means over nothing are left out.
_IMAGE_SCORES: Dict[str, Sequence[str]] = {
    'PQ': [f'{name}{group}' for name in ('PQ', 'SQ', 'RQ') for group in ('', '_th', '_st')],
    'segm': ['segm_mAP', *(f'segm_mAP_{part}' for part in ('50', '75', 's', 'm', 'l'))],
    'mIoU': ['mIoU'],
}


def validation_hook(cfg: Config, model: nn.Module) -> StreamEvalHook:
    """Build the hook that scores the validation set, see :class:`StreamEvalHook`.

    Args:
        cfg: Config with ``data.val``; ``evaluation`` may be absent.
        model: Model that is trained.

    Returns:
        The hook, to be registered after the step's checkpoint and before the loggers.

    Raises:
        UsageError: If ``evaluation`` has an unknown key, metric, protocol or score, or ``data.val`` cannot be scored.
    """
    options = dict(cfg.get('evaluation') or {})
    options.pop('_delete_', None)  # mmcv leaves it where there was nothing to delete.
    _check_keys(options)
    options.setdefault('by_epoch', 'Iter' not in cfg.runner.type)
    options.setdefault('workers', min(1, loader_settings(cfg, 'val')['workers_per_gpu']))
    dataset = build_data(cfg, 'val')
    check_classes_agree(model, dataset)
    _check_data(model, dataset)
    try:
        hook = StreamEvalHook(dataset, **options)
        _check_metrics(model, hook)
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        text = error.args[0] if error.args else error
        raise UsageError(f'evaluation of config {cfg.filename}: {text}; change it, {_OTHERWISE}') from error
    if hook.save_best:
        hook.known_scores = _score_names(model, hook)
        if hook.known_scores is not None and hook.save_best not in ('auto', *hook.known_scores):
            raise UsageError(hook.unknown_best(hook.known_scores))
    return hook


def _check_keys(options: Dict[str, Any]) -> None:
    """Refuse keys of ``evaluation`` that the hook does not read.

    Raises:
        UsageError: Naming the key that was probably meant, or all.
    """
    read: List[str] = []
    for kind in (StreamEvalHook, EvalHook):
        parameters = inspect.signature(kind.__init__).parameters.values()
        read += [parameter.name for parameter in parameters if parameter.kind != parameter.VAR_KEYWORD]
    known = [name for name in read if name not in ('self', 'dataset', 'dataloader', 'test_fn', 'file_client_args')]
    for key in options:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f'did you mean evaluation.{near[0]}?' if near else f'leave it out; it reads {", ".join(known)}'
            raise UsageError(f'evaluation.{key}: nothing reads this key; {hint}')


def _check_data(model: nn.Module, dataset: Any) -> None:
    """Refuse data that this kind of model cannot be scored on.

    Raises:
        UsageError: If the data set is a wrapper of others or has no annotations.
    """
    needed = ['pre_eval', 'evaluate']
    if isinstance(model, StreamModel):
        needed = ['video_indices', 'ground_truth']
    elif isinstance(model, ClipModel):
        needed = ['video_lengths', 'evaluate']
    lacking = [name for name in needed if not hasattr(dataset, name)]
    if lacking:
        raise UsageError(
            f'data.val is a {type(dataset).__name__}, which has no {lacking[0]}, so it cannot be scored with a '
            f'{type(model).__name__}; name a single data set of the right kind, {_OTHERWISE}'
        )
    if getattr(dataset, 'is_unlabelled', False):
        raise UsageError(f'data.val ({dataset}) has no annotations to compare with; name a part that has, {_OTHERWISE}')


def _check_metrics(model: nn.Module, hook: StreamEvalHook) -> None:
    """Refuse metrics and protocols that do not exist.

    Raises:
        ValueError: Naming those that do.
    """
    check_protocol(hook.protocol)
    if isinstance(model, StreamModel):
        video_metrics(hook.metric or STREAM_METRICS)
    elif hook.metric is not None and hasattr(hook.dataset, 'check_metrics'):
        hook.dataset.check_metrics(hook.metric)


def _score_names(model: nn.Module, hook: StreamEvalHook) -> Optional[Set[str]]:
    """Return the names of the scores that ``evaluation.save_best`` may take; None if they show only later."""
    dataset = hook.dataset
    if isinstance(model, StreamModel):
        truth = dataset.ground_truth()
        metrics = [
            metric.for_data(dataset.label_space, truth, hook.protocol)
            for metric in video_metrics(hook.metric or STREAM_METRICS)
        ]
        if not all(type(metric).__module__.startswith('knet.') for metric in metrics):
            return None  # A metric of a user's own need not compute anything of nothing.
        return {name for metric in metrics for name in metric.compute().headline()}
    if not all(_is_ours(dataset, name) for name in ('evaluate', 'score')):
        return None
    if isinstance(model, ClipModel):
        return set(NAMES)
    chosen = getattr(dataset, 'METRICS', ('PQ', 'mIoU')) if hook.metric is None else hook.metric
    names = [_IMAGE_SCORES.get(name) for name in dataset.check_metrics(chosen)]
    return None if None in names else {name for some in names for name in some or ()}


def _is_ours(dataset: Any, method: str) -> bool:
    """Return whether a method of a data set, if there is one, is of this project and not of a user's subclass."""
    function = getattr(type(dataset), method, None)
    return function is None or function.__module__.startswith(('knet.', 'knet_vis.'))
