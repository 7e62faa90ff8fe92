"""What the kit has to know of a config: where it names the data, whether it has changed, and how long it trains."""

import hashlib
import json
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Sequence

from _reproduce.plan import Stage
from knet.utils.options import read_options

if TYPE_CHECKING:
    from mmcv import Config

ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=None)
def read_config(path: str) -> 'Config':
    """Read a config of this repository; nothing that it imports is imported."""
    from mmcv import Config

    return Config.fromfile(str(ROOT / path), import_custom_modules=False)


def data_roots(path: str, folder: str, parts: Sequence[str] = ('train', 'val', 'test')) -> List[str]:
    """Return the overrides that make a config read another folder.

    Args:
        path: Config.
        folder: Data root.
        parts: Which of its parts.
    """
    return [
        f'{key}.data_root={folder}'
        for part in parts
        for key in _data_sets(read_config(path).data[part], f'data.{part}')
    ]


def _data_sets(settings: Any, key: str) -> Iterator[str]:
    if 'dataset' in settings:
        yield from _data_sets(settings['dataset'], f'{key}.dataset')
    else:
        yield key


def digest_of(path: str, options: Sequence[str]) -> str:
    """Return a short digest of a config with its bases and of overrides."""
    content = json.dumps([read_config(path)._cfg_dict, sorted(options)], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def iterations(stage: Stage, config: str, options: Sequence[str], processes: int) -> Optional[int]:
    """Return the number of iterations of a training; None if the number of samples is not known.

    Args:
        stage: The stage.
        config: Its config.
        options: Overrides of the config.
        processes: Processes, each with a batch of its own.
    """
    cfg = deepcopy(read_config(config))
    cfg.merge_from_dict(read_options(options))
    if 'max_iters' in cfg.runner:
        return int(cfg.runner.max_iters)
    if not stage.samples:
        return None
    samples = stage.samples * cfg.data.train.get('times', 1)
    return int(cfg.runner.max_epochs) * -(-samples // (cfg.data.samples_per_gpu * processes))
