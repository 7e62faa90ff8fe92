"""Configs: read, overridden from the command line, and built, with errors a person can act on."""

import difflib
import importlib.util
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Union

from mmcv import Config
from mmcv.cnn import CONV_LAYERS, NORM_LAYERS
from mmcv.runner import HOOKS, OPTIMIZERS, RUNNERS
from mmcv.utils import import_modules_from_strings
from mmdet.core.bbox.builder import BBOX_ASSIGNERS, BBOX_SAMPLERS
from mmdet.core.bbox.match_costs.builder import MATCH_COST
from mmdet.datasets import DATASETS, PIPELINES, build_dataset
from mmdet.models import build_detector
from mmdet.models.builder import MODELS
from mmdet.utils import replace_cfg_vals, update_data_root
from mmdet.utils.compat_config import compat_imgs_per_gpu, compat_loader_args
from torch import nn

from knet.apis.config_keys import check_is_read
from knet.apis.original_names import PACKAGES, RENAMED, TYPES, is_module, what_to_change
from knet.utils.cli import UsageError, find_modules_here
from knet.utils.package import find_config

_REGISTRIES = (
    MODELS,
    DATASETS,
    PIPELINES,
    BBOX_ASSIGNERS,
    BBOX_SAMPLERS,
    MATCH_COST,
    HOOKS,
    OPTIMIZERS,
    RUNNERS,
    NORM_LAYERS,
    CONV_LAYERS,
)


def load_config(path: str, overrides: Optional[Dict[str, Any]] = None) -> Config:
    """Read a config file and apply overrides.

    Args:
        path: Config file, or the name of a shipped config (see :func:`knet.utils.package.find_config`).
        overrides: Dotted keys and values.

    Returns:
        The config, with mmdet's old spellings translated and ``custom_imports`` imported.

    Raises:
        UsageError: If the file or one of its ``_base_`` files is missing, is
            not valid Python, imports something absent, or an override does
            not fit.
    """
    path = find_config(path)
    if not Path(path).is_file():
        near = _near_paths(Path(path))
        raise UsageError(f'config not found: {path}' + (f'; did you mean {" or ".join(near)}?' if near else ''))
    try:
        cfg = replace_cfg_vals(Config.fromfile(path, import_custom_modules=False))
        import_modules(cfg)
    except (FileNotFoundError, SyntaxError, KeyError, NameError, TypeError, ImportError, OSError) as error:
        detail = (str(error) or str(error.__context__)).replace(tempfile.gettempdir() + os.sep, '')
        raise UsageError(f'config {path} cannot be read: {type(error).__name__}: {detail}') from error
    update_data_root(cfg)
    if overrides:
        replaced = tuple(key[: -len('_delete_')] for key in overrides if key.endswith('._delete_'))
        for key, value in overrides.items():
            if not key.startswith(replaced):
                _check_override(cfg, key, value)
        try:
            cfg.merge_from_dict(overrides)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise UsageError(f'--cfg-options {overrides} does not fit {path}: {error}') from error
    return cfg


def import_modules(cfg: Config) -> None:
    """Import what ``custom_imports`` of a config lists, the plugin for modules of the original.

    Configs of the original list its modules one by one, those in other folders as well (``external``, ``swin``, ...),
    and configs of version 0.1 list ``knet``. Other modules inside the packages of this project are imported after the
    plugin. Modules of the current folder are found.

    Raises:
        ImportError: If a module is missing and the config does not allow that.
    """
    if not cfg.get('custom_imports'):
        return
    find_modules_here()
    imports = cfg.custom_imports['imports']
    names = [imports] if isinstance(imports, str) else imports
    here = [module for name in names for module in _modules_here(name)]
    cfg.custom_imports = dict(cfg.custom_imports, imports=list(dict.fromkeys(here)))
    import_modules_from_strings(**cfg.custom_imports)


def _modules_here(name: str) -> List[str]:
    """Return the modules that register what a module of a config registers; other projects' modules stay."""
    package = name.split('.')[0]
    if package in ('knet', 'knet_vis'):
        plugin = f'{package}.plugin'
        return [plugin] if is_module(name) else [plugin, name]
    if package in PACKAGES and not _exists(name):
        return [PACKAGES[package]]
    return [name]


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _check_override(cfg: Config, key: str, value: Any) -> None:
    """Refuse a probable slip: a key that nearly exists, or text in place of a number or a group of settings.

    New keys are allowed, because configs may leave out what has a default.

    Raises:
        UsageError: Naming the key and what was probably meant.
    """
    node, seen = cfg._cfg_dict, ''
    for name in key.split('.'):
        step: Union[str, int] = name
        if isinstance(node, (list, tuple)):
            if not name.isdigit() or int(name) >= len(node):
                raise UsageError(f'--cfg-options {key}: {seen[1:]} is a list of {len(node)}; number its entries from 0')
            step = int(name)
        elif not isinstance(node, dict):
            raise UsageError(f'--cfg-options {key}: {seen[1:]} is {node!r} in the config, it has nothing below it')
        elif name not in node:
            near = difflib.get_close_matches(name, list(node), n=1, cutoff=0.85)
            if near:
                raise UsageError(f'--cfg-options {key}: unknown key; did you mean {f"{seen}.{near[0]}"[1:]}?')
            break
        node, seen = node[step], f'{seen}.{name}'
    check_is_read(cfg._cfg_dict, key)
    if seen[1:] == key and isinstance(value, str) and isinstance(node, (int, float, dict)):
        kind = 'a group of settings' if isinstance(node, dict) else f'a number or a switch ({node!r})'
        raise UsageError(f'--cfg-options {key}={value}: it is {kind} in the config')


def _near_paths(path: Path) -> List[str]:
    """Return files with a similar path, at most three; each of its folders may be misspelt."""
    found = [Path(path.anchor)]
    for part in path.parts[1:] if path.anchor else path.parts:
        found = [
            folder / name
            for folder in found
            if folder.is_dir()
            for name in (
                [part]
                if (folder / part).exists()
                else difflib.get_close_matches(part, sorted(entry.name for entry in folder.iterdir()), n=3)
            )
        ]
    return [str(near) for near in found if near.is_file()][:3]


def _explain(error: Exception, what: str, section: Any) -> UsageError:
    """Turn the error of a registry into one that names the likely spelling, or what became of the original's name."""
    text = str(error.args[0]) if error.args else str(error)
    unknown = re.search(r"'?([\w.]+)'? is not in the ([\w .]+) registry", text)
    if not unknown:
        changes = what_to_change(section, what) if isinstance(error, TypeError) else ''
        told = f'. docs/migrate.md says what became of settings of the original; change{changes}' if changes else ''
        return UsageError(f'cannot build the {what} of the config: {text}{told}')
    name, where = unknown.group(1), unknown.group(2).strip()
    if name in TYPES:
        return UsageError(f'type {name!r} in the {what} of the config is of the original implementation; {TYPES[name]}')
    if name in RENAMED:
        return UsageError(f'type {name!r} in the {what} of the config is called {RENAMED[name]!r} here')
    known = sorted(
        {key for registry in _REGISTRIES if registry.name == where for key in registry.module_dict}
        or {key for registry in _REGISTRIES for key in registry.module_dict}
    )
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f'did you mean {" or ".join(near)}?' if near else "is its module in the config's custom_imports?"
    return UsageError(f'unknown type {name!r} in the {what} of the config (registry {where}); {hint}')


def _build(builder: Callable[[], Any], what: str, section: Any) -> Any:
    try:
        return builder()
    except UsageError:
        raise
    except (KeyError, TypeError, AttributeError, AssertionError) as error:
        raise _explain(error, what, section) from error


def build_model(cfg: Config) -> nn.Module:
    """Build the detector of a config.

    Raises:
        UsageError: If a type is unknown or an argument does not fit.
    """
    if 'model' not in cfg:
        raise UsageError(f'config {cfg.filename} has no model; name a leaf config, not one of _base_')
    return _build(lambda: build_detector(cfg.model, cfg.get('train_cfg'), cfg.get('test_cfg')), 'model', cfg.model)


def build_data(cfg: Config, part: str) -> Any:
    """Build one data set of a config.

    Args:
        cfg: Config.
        part: ``'train'``, ``'val'`` or ``'test'``; the latter two in test mode.

    Returns:
        The data set, with at least one sample.

    Raises:
        UsageError: If the config lacks it, a type is unknown, or it is empty.
    """
    settings = cfg.get('data', {}).get(part)
    if settings is None:
        raise UsageError(f'config {cfg.filename} has no data.{part}')
    defaults = None if part == 'train' else dict(test_mode=True)
    dataset = _build(lambda: build_dataset(settings, defaults), f'data.{part}', settings)
    if len(dataset) == 0:
        raise UsageError(f'data.{part} ({type(dataset).__name__}) has no samples: check data_root and split')
    return dataset


def loader_settings(cfg: Config, part: str) -> Dict[str, Any]:
    """Return the loader arguments of a data part (``samples_per_gpu``, ``workers_per_gpu``, ...).

    Both places where mmdet configs write them are understood:
    ``data.samples_per_gpu`` and ``data.train_dataloader``.

    Raises:
        UsageError: If a batch would have no samples.
    """
    settings = dict(samples_per_gpu=1, workers_per_gpu=2)
    settings.update(compat_loader_args(compat_imgs_per_gpu(cfg)).data.get(f'{part}_dataloader', {}))
    for key, lowest in (('samples_per_gpu', 1), ('workers_per_gpu', 0)):
        if settings[key] < lowest:
            raise UsageError(f'data.{key} of config {cfg.filename} must be at least {lowest}, not {settings[key]}')
    return settings
