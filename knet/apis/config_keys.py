"""What is read of a config, to refuse overrides that would change nothing."""

import difflib
from typing import Any, Dict, Iterator, List, Mapping, Set, Tuple

from knet.utils.cli import UsageError

#: Sections and values of a config that a program reads; everything else on the top level is a variable of the file.
SECTIONS = {
    'model',
    'data',
    'optimizer',
    'optimizer_config',
    'lr_config',
    'momentum_config',
    'runner',
    'checkpoint_config',
    'log_config',
    'evaluation',
    'custom_hooks',
    'custom_imports',
    'fp16',
    'bf16',
    'allow_tf32',
    'train_cfg',
    'test_cfg',
    'work_dir',
    'load_from',
    'resume_from',
    'auto_resume',
    'resume_settings',
    'trust_checkpoint',
    'verbose',
    'seed',
    'log_level',
    'cudnn_benchmark',
    'find_unused_parameters',
}
#: Sections of mmdet's configs that nothing here reads: the launcher and the data sets decide about them.
_WITHOUT_EFFECT = {'workflow', 'dist_params', 'gpu_ids', 'opencv_num_threads', 'mp_start_method', 'auto_scale_lr'}
#: Names that other frameworks, and mmdet before 2.0, give to settings.
ELSEWHERE = {
    'total_epochs': 'runner.max_epochs',
    'epochs': 'runner.max_epochs',
    'batch_size': 'data.samples_per_gpu',
    'num_workers': 'data.workers_per_gpu',
}
_DATA = {
    'train',
    'val',
    'test',
    'samples_per_gpu',
    'workers_per_gpu',
    'imgs_per_gpu',
    'persistent_workers',
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
}
#: What mmdet reads of the data sets that wrap others; further keys are dropped without a word.
_WRAPPERS: Dict[str, Set[str]] = {
    'RepeatDataset': {'type', 'dataset', 'times'},
    'ConcatDataset': {'type', 'datasets', 'separate_eval'},
    'ClassBalancedDataset': {'type', 'dataset', 'oversample_thr'},
}


def _leaves(node: Any, path: str) -> Iterator[Tuple[str, Any]]:
    """Yield path and value of everything below a node."""
    entries: List[Tuple[Any, Any]] = []
    if isinstance(node, Mapping):
        entries = list(node.items())
    elif isinstance(node, (list, tuple)):
        entries = list(enumerate(node))
    for name, value in entries:
        below = f'{path}.{name}' if path else str(name)
        yield below, value
        yield from _leaves(value, below)


def _places(cfg: Mapping[str, Any], below: str, name: str, value: Any = None) -> List[str]:
    """Return the keys of read sections below a path that end in ``name`` or, if there is none, hold ``value``."""
    found = [
        (path, have)
        for section in cfg
        if section in SECTIONS
        for path, have in _leaves(cfg[section], section)
        if path.startswith(f'{below}.' if below else '')
    ]
    named = [path for path, _ in found if path.rsplit('.', 1)[-1] == name]
    return named or [path for path, have in found if value is not None and have == value]


def _refuse(key: str, why: str, places: List[str]) -> None:
    """Raise the error that names where the setting stands.

    Raises:
        UsageError: Always.
    """
    places = places or [ELSEWHERE[name] for name in key.split('.') if name in ELSEWHERE]
    remedy = f'; did you mean {" or ".join(places[:4])}?' if places else ''
    raise UsageError(f'--cfg-options {key}: {why}{remedy}')


def check_is_read(cfg: Mapping[str, Any], key: str) -> None:
    """Refuse the override of a key that no program reads.

    Args:
        cfg: The config before the override.
        key: Dotted key.

    Raises:
        UsageError: Naming the keys that would have an effect.
    """
    first, *rest = key.split('.')
    last = key.rsplit('.', 1)[-1]
    if first not in SECTIONS:
        is_variable = first in cfg and first not in _WITHOUT_EFFECT
        why = 'it is a variable, whose value the config has used already' if is_variable else 'nothing reads this key'
        near = difflib.get_close_matches(first, SECTIONS, n=1, cutoff=0.85)
        meant = ['.'.join([*near, *rest])] if near else _places(cfg, '', last, None if rest else cfg.get(first))
        _refuse(key, why, meant)
    if first == 'data' and rest and rest[0] not in _DATA:
        _refuse(key, 'nothing reads this key', _places(cfg, 'data', last))
    node: Any = cfg
    path: List[str] = []
    for name in key.split('.'):
        wrapper = _WRAPPERS.get(node.get('type', '')) if isinstance(node, Mapping) else None
        if wrapper is not None and name not in wrapper:
            _refuse(key, f'{node["type"]} reads no {name!r}', _places(cfg, '.'.join(path), last))
        if path in (['model', 'test_cfg'], ['model', 'train_cfg']) and name not in node:
            places = _places(cfg, '.'.join(path), last)
            if places:
                _refuse(key, 'nothing reads this key', places)
        if isinstance(node, Mapping) and name in node:
            node = node[name]
        elif isinstance(node, (list, tuple)) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            return
        path.append(name)
