"""What a training shows on the screen: one short line per interval; the log file has everything."""

import logging
import re
import resource
import sys
from datetime import timedelta
from typing import Any, Dict, List, Optional

from mmcv.runner import HOOKS, BaseRunner, TextLoggerHook

#: ``logger.info(..., extra=FILE_ONLY)`` keeps a message off the screen.
FILE_ONLY = {'knet_target': 'file'}
_SCREEN_ONLY = {'knet_target': 'screen'}
#: Module and function of mmcv whose messages are for the log file: losses one by one, host and hooks, the backend of
#: files, tables of validation scores.
_OF_MMCV = {
    ('text', '_log_info'),
    ('epoch_based_runner', 'run'),
    ('iter_based_runner', 'run'),
    ('checkpoint', 'before_run'),
    ('logging', 'print_log'),
}


class _TargetFilter(logging.Filter):
    """Pass the messages for one target, and those for all of them; warnings and errors always pass."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this handler shows the message."""
        if record.levelno >= logging.WARNING:
            return True
        of_mmcv = (record.module, record.funcName) in _OF_MMCV
        return getattr(record, 'knet_target', 'file' if of_mmcv else self.target) == self.target


class _ShortFormatter(logging.Formatter):
    """Show messages as they are; warnings and errors say what they are."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a message."""
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f'{record.levelname.lower()}: {text}'


def set_up_screen(logger: logging.Logger, verbose: bool = False) -> None:
    """Divide the messages of a training between the screen and the log file.

    Args:
        logger: Logger of mmdet, with the handlers that mmcv gave it.
        verbose: Whether the screen shows what the file holds, as mmcv does.
    """
    for handler in logger.handlers:
        to_file = isinstance(handler, logging.FileHandler)
        for old in [item for item in handler.filters if isinstance(item, _TargetFilter)]:
            handler.removeFilter(old)
        handler.addFilter(_TargetFilter('file' if to_file or verbose else 'screen'))
        if not to_file and not verbose:
            handler.setFormatter(_ShortFormatter())


def task_losses(values: Dict[str, Any]) -> Dict[str, float]:
    """Sum losses by the part of the model that they train.

    >>> task_losses({'loss_rpn_mask': 1.0, 'loss_rpn_seg': 2.0, 's0_loss_cls': 4.0, 's0_pos_acc': 50.0, 'loss': 7.0})
    {'rpn': 3.0, 's0': 4.0}
    >>> task_losses({'s0_loss_cls_ref': 1.0, 'loss_rpn_mask_ref_rpn': 2.0, 'loss_track_aux': 0.5, 'aux.loss_ce': 3.0})
    {'ref': 3.0, 'track': 0.5, 'aux': 3.0}

    Args:
        values: Values by name; those that are no losses, and the sum of all losses, are left out.

    Returns:
        Sums in the order of the first loss of each part: the kernel head (``rpn``), the stages (``s0``, ...), tracking
        (``track``), all losses of the reference frame (``ref``), other parts under their own name.
    """
    sums: Dict[str, float] = {}
    for name, value in values.items():
        part = re.match(r'(?:loss_)?([^_.]+)', name)
        if 'loss' not in name or name == 'loss' or part is None:
            continue
        task = 'ref' if '_ref' in name else part.group(1)
        sums[task] = sums.get(task, 0.0) + float(value)
    return sums


def _memory(values: Dict[str, Any]) -> str:
    """Return the largest memory so far: of the GPU if there is one, otherwise of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mib = values.get('memory', peak / (2**20 if sys.platform == 'darwin' else 2**10))
    return f'{mib / 1024:.1f} GiB'


@HOOKS.register_module()
class ScreenTextLoggerHook(TextLoggerHook):
    """Write the log of mmcv's :class:`TextLoggerHook`, and a short line for the screen."""

    def _log_info(self, log_dict: Dict[str, Any], runner: BaseRunner) -> None:
        super()._log_info(log_dict, runner)
        words = self._place(log_dict, runner)
        words += self._progress(log_dict, runner) if log_dict['mode'] == 'train' else self._scores(log_dict)
        runner.logger.info('  '.join(words), extra=_SCREEN_ONLY)

    def _place(self, values: Dict[str, Any], runner: BaseRunner) -> List[str]:
        """Return which epoch and iteration it is, as wide as the last one."""
        epoch = f'epoch {values["epoch"]}/{runner.max_epochs}' if self.by_epoch else ''
        if values['mode'] != 'train':
            return [epoch or f'iter {values["iter"]}', 'validation']
        total = str(len(runner.data_loader) if self.by_epoch else runner.max_iters)
        return [f'{epoch} {values["iter"]:{len(total)}}/{total}'.strip()]

    def _progress(self, values: Dict[str, Any], runner: BaseRunner) -> List[str]:
        rate = values['lr'] if isinstance(values['lr'], float) else next(iter(values['lr'].values()))
        words = [
            f'{name} {value:.2f}' for name, value in {'loss': values.get('loss', 0.0), **task_losses(values)}.items()
        ]
        words.append(f'lr {rate:.1e}')
        if values.get('time'):
            seconds = self.time_sec_tot / (runner.iter - self.start_iter + 1) * (runner.max_iters - runner.iter - 1)
            words += [f'{1 / values["time"]:.2f} it/s', f'eta {timedelta(seconds=int(seconds))}', _memory(values)]
        return words

    def _scores(self, values: Dict[str, Any]) -> List[str]:
        known = ('mode', 'epoch', 'iter', 'lr', 'time', 'data_time', 'memory')
        shown = {name: value for name, value in values.items() if name not in known}
        return [
            f'{name} {value:.4f}' if isinstance(value, float) else f'{name} {value}' for name, value in shown.items()
        ]


def with_screen(settings: Optional[Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    """Return ``log_config`` with the hook that has a line for the screen in place of mmcv's text hook."""
    if settings is None:
        return None
    name = ScreenTextLoggerHook.__name__
    hooks = [dict(hook, type=name) if hook.get('type') == 'TextLoggerHook' else hook for hook in settings['hooks']]
    return {**settings, 'hooks': hooks}
