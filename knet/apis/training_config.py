"""What a training needs of its config and what it would not read: refused, or noted, before anything is written."""

import difflib
from typing import Any, List, Mapping

from mmcv import Config

from knet.apis.config_keys import ELSEWHERE, SECTIONS
from knet.utils.cli import UsageError

_NEEDED = (
    'model',
    'data',
    'optimizer',
    'optimizer_config',
    'lr_config',
    'runner',
    'checkpoint_config',
    'log_config',
    'log_level',
)


def check_training_config(cfg: Config) -> List[str]:
    """Refuse a config that lacks a section or asks for what a training here does not do.

    Args:
        cfg: Complete config.

    Returns:
        Sentences about settings that nothing reads, for the log.

    Raises:
        UsageError: Naming the key and the remedy.
    """
    absent = [key for key in _NEEDED if key not in cfg]
    if absent:
        raise UsageError(
            f'config {cfg.filename} lacks {", ".join(absent)}; '
            'take them from configs/_base_/schedules and configs/_base_/default_runtime.py'
        )
    if cfg.get('resume_settings') not in (None, 'checkpoint', 'config'):
        raise UsageError(f"resume_settings={cfg.resume_settings!r}; choose 'checkpoint' or 'config'")
    if (cfg.checkpoint_config or {}).get('out_dir'):
        raise UsageError(
            'checkpoint_config.out_dir: checkpoints lie in the work directory, where a training that is continued '
            'looks for them; leave it out and use --work-dir'
        )
    if (cfg.get('auto_scale_lr') or {}).get('enable'):
        raise UsageError(
            'auto_scale_lr.enable: nothing here scales the learning rate; write the rate for your batch size into '
            'optimizer.lr and set auto_scale_lr.enable=False'
        )
    return [*_validation_losses(cfg), *_unread_names(cfg)]


def _validation_losses(cfg: Config) -> List[str]:
    if any(mode == 'val' for mode, _ in cfg.get('workflow') or ()):
        return ["workflow: a 'val' step has no effect; the section evaluation scores the validation set"]
    return []


def _unread_names(cfg: Config) -> List[str]:
    """Return notes about names on the top level that are probably slips; other names are variables of the file."""
    notes = []
    for name, value in cfg._cfg_dict.items():
        if name in SECTIONS or name.startswith('_'):
            continue
        near = difflib.get_close_matches(name, SECTIONS, n=1, cutoff=0.85)
        if near:
            notes.append(f'{name} of the config: nothing reads it; did you mean {near[0]}?')
        elif name in ELSEWHERE and _value(cfg, ELSEWHERE[name]) != value:
            notes.append(f'{name} of the config: nothing reads it; did you mean {ELSEWHERE[name]}?')
    return notes


def _value(cfg: Config, key: str) -> Any:
    """Return the value of a dotted key; None if it is absent."""
    node: Any = cfg._cfg_dict
    for name in key.split('.'):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node
