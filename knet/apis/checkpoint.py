"""Checkpoints: found, loaded without running code, reported, written whole.

Files are opened by :mod:`knet.utils.safe_load`; those that need code are opened only when the user says that they can
be trusted.
"""

import hashlib
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, List, Optional, Set, Tuple, Union, cast

import numpy as np
import torch
from torch import nn

from knet.apis.distributed import unwrap_model
from knet.det.published_names import published_names
from knet.labels import space_from_plain
from knet.utils.io import atomic_path
from knet.utils.safe_load import CheckpointError, DamagedCheckpoint, read_checkpoint

__all__ = [
    'CheckpointError',
    'DamagedCheckpoint',
    'LoadReport',
    'fingerprint',
    'link_atomic',
    'load_checkpoint',
    'load_weights',
    'plain',
    'read_checkpoint',
    'resolve_checkpoint',
    'save_atomic',
]

PathLike = Union[str, Path]


def _number_of(path: Path) -> Tuple[int, float]:
    digits = re.findall(r'\d+', path.stem)
    return (int(digits[-1]) if digits else -1, path.stat().st_mtime)


def resolve_checkpoint(path: PathLike, prefer: str = 'best') -> Path:
    """Find the checkpoint that a file or folder stands for.

    Args:
        path: A file, or a work directory.
        prefer: ``'best'``: in a folder, ``best_*.pth`` comes before
            ``latest.pth``; ``'latest'``: only the newest counts (resuming).

    Returns:
        The file.

    Raises:
        CheckpointError: If there is none.
    """
    path = Path(path).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        raise CheckpointError(f'checkpoint not found: {path}')
    best = sorted(path.glob('best_*.pth'), key=lambda p: p.stat().st_mtime) if prefer == 'best' else []
    numbered = sorted((p for p in path.glob('*.pth') if re.fullmatch(r'(epoch|iter)_\d+', p.stem)), key=_number_of)
    latest = [path / 'latest.pth'] if (path / 'latest.pth').is_file() else numbered[-1:]
    found = best or latest
    if not found:
        raise CheckpointError(
            f'no checkpoint in folder {path}: expected best_*.pth, latest.pth, epoch_N.pth or iter_N.pth'
        )
    return found[-1]


def fingerprint(path: PathLike) -> str:
    """Hash that tells checkpoints apart: 16 hex digits of the file's SHA-256."""
    digest = hashlib.sha256()
    with Path(path).open('rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()[:16]


@dataclass
class LoadReport:
    """What happened to each key when weights were loaded.

    Attributes:
        loaded: Number of the model's tensors that were filled.
        total: Number of the model's tensors.
        missing: Keys of the model that the checkpoint lacks, without those of weights that are never used.
        unexpected: Keys of the checkpoint that the model lacks.
        mismatched: (key, shape in checkpoint, shape in model).
        remapped: Keys of the model that were filled from keys of the
            checkpoint with another meaning, as models do that grow out of
            others; they name them in an attribute ``remapped``.
    """

    loaded: int
    total: int
    missing: List[str] = field(default_factory=list)
    unexpected: List[str] = field(default_factory=list)
    mismatched: List[Tuple[str, str, str]] = field(default_factory=list)
    remapped: Dict[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether every key of both sides found its partner."""
        return not (self.missing or self.unexpected or self.mismatched)

    def table(self, limit: int = 10) -> str:
        """Readable summary, at most ``limit`` keys of each kind."""
        lines = [f'{self.loaded} of {self.total} tensors loaded']
        for title, keys in (
            ('missing in the checkpoint', _heads_first(self.missing)),
            ('unknown to the model', _heads_first(self.unexpected)),
            ('of another shape', [f'{k}  checkpoint {a}, model {b}' for k, a, b in self.mismatched]),
            ('tensors filled from others', [f'{k}  from {v}' for k, v in self.remapped.items()]),
        ):
            if keys:
                lines.append(f'  {len(keys)} {title}:')
                lines += [f'    {key}' for key in keys[:limit]]
                if len(keys) > limit:
                    lines.append(f'    ... and {len(keys) - limit} more')
        return '\n'.join(lines)


#: Parts of a detector that users look at last, in the order of the load table; heads of the task stand before them.
_COMMON_PARTS = ('roi_head', 'rpn_head', 'neck', 'backbone')


def _heads_first(keys: Iterable[str]) -> List[str]:
    """Sort keys so that the heads of a task (tracking, embeddings, classes) stand before what many models share."""

    def rank(key: str) -> Tuple[int, bool]:
        part = key.split('.')[0]
        return _COMMON_PARTS.index(part) if part in _COMMON_PARTS else -1, '.fc_cls.' not in key

    return sorted(keys, key=rank)


def _idle_keys(model: nn.Module) -> Set[str]:
    """Return the keys of weights that exist for the sake of published checkpoints and are never used."""
    names = published_names(model)
    idle = {name for name, module in model.named_modules() if getattr(module, 'idle', False)}
    return {key for name, key in names.items() if any(name.startswith(f'{link}.') for link in idle)}


_MISMATCH = re.compile(
    r'size mismatch for (\S+): copying a param with shape torch\.Size\(\[([^\]]*)\]\)'
    r'.*?current model is torch\.Size\(\[([^\]]*)\]\)',
    re.DOTALL,
)


def load_weights(model: nn.Module, weights: Dict[str, torch.Tensor]) -> LoadReport:
    """Fill ``model`` with the weights that fit; load hooks of modules apply.

    Args:
        model: The model, possibly wrapped for parallel use.
        weights: State dict.

    Returns:
        What was and was not loaded.
    """
    model = unwrap_model(model)
    weights = OrderedDict(weights)
    names, mismatched = published_names(model), []
    try:
        outcome = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        mismatched = [(names.get(key, key), f'({a})', f'({b})') for key, a, b in _MISMATCH.findall(str(error))]
        if not mismatched:
            raise
        for key, _, _ in mismatched:
            weights.pop(key, None)
        outcome = model.load_state_dict(weights, strict=False)
    # Batch norms of old checkpoints have no counter, and nothing depends on it.
    own = [key for key in model.state_dict() if not key.endswith('num_batches_tracked')]
    lost = {key for key, _, _ in mismatched}
    absent = {names.get(key, key) for key in outcome.missing_keys} - lost
    idle = absent & _idle_keys(model)
    own = [key for key in own if key not in idle]
    missing = [key for key in own if key in absent]
    return LoadReport(
        len(own) - len(missing) - len(lost),
        len(own),
        missing,
        list(outcome.unexpected_keys),
        mismatched,
        dict(getattr(model, 'remapped', {})),
    )


def load_checkpoint(
    model: nn.Module,
    path: PathLike,
    trust: bool = False,
    complete: bool = False,
    logger: Optional[logging.Logger] = None,
) -> Dict[str, Any]:
    """Load a checkpoint file, or the best one of a work directory, into a model.

    Args:
        model: The model.
        path: File or work directory, see :func:`resolve_checkpoint`.
        trust: See :func:`read_checkpoint`.
        complete: Whether every tensor of the model must be filled (testing);
            otherwise partial loads are reported as a table (fine-tuning).
        logger: Where the table goes.

    Returns:
        The checkpoint's content.

    Raises:
        CheckpointError: As :func:`read_checkpoint`; if nothing fits; or if
            ``complete`` and something is missing, or classes stand at other
            places.
    """
    path = resolve_checkpoint(path)
    checkpoint = read_checkpoint(path, trust)
    report = load_weights(model, checkpoint['state_dict'])
    if report.loaded == 0 or (complete and (report.missing or report.mismatched or report.remapped)):
        raise CheckpointError(f'checkpoint {path} is of another model than the config: {report.table(5)}')
    other_order = _other_order(unwrap_model(model), checkpoint)
    if complete and other_order:
        raise CheckpointError(f'checkpoint {path} is of other classes than the config: {other_order}')
    if logger is not None and (report.remapped or not report.exact):
        logger.warning('%s: %s', path, report.table())
    if logger is not None and other_order:
        logger.warning('%s: %s; the weights of classes are taken over by their places', path, other_order)
    return checkpoint


def _other_order(model: nn.Module, checkpoint: Dict[str, Any]) -> Optional[str]:
    """Say which class stands elsewhere in the logits of the model than in those of a checkpoint; None for none.

    Classes of other names at the same places are no contradiction: a user may rename them.
    """
    space, meta = getattr(model, 'label_space', None), checkpoint.get('meta')
    if space is None or not isinstance(meta, dict) or 'label_space' not in meta:  # as in files of other programs
        return None
    trained = space_from_plain(meta['label_space'])
    before = {info.name: place for place, info in enumerate(trained.things + trained.stuff)}
    for place, info in enumerate(space.things + space.stuff):
        if before.get(info.name, place) != place:
            return (
                f'{info.name!r} is class {place} of {space.name!r}, and was class {before[info.name]} of '
                f'{trained.name!r}; set model.label_space to that of the checkpoint to test it'
            )
    return None


def save_atomic(content: Dict[str, Any], path: PathLike) -> None:
    """Write a checkpoint so that the name only ever shows a whole file, also after a loss of power.

    Raises:
        OSError: If the file cannot be written, e.g. because the disk is full.
    """
    with atomic_path(path, durable=True) as partial, partial.open('wb') as file:
        recorder = _FailureRecorder(file)
        try:
            torch.save(content, cast(BinaryIO, recorder))
        except RuntimeError:
            # torch only says that writing failed; the file knows why.
            if recorder.failure is not None:
                raise recorder.failure from None
            raise


class _FailureRecorder:
    """A file for ``torch.save`` that remembers why writing failed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: Optional[OSError] = None

    def write(self, data: Any) -> int:
        """Hand on to the file."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """Hand on to the file."""
        self._file.flush()


def link_atomic(target: str, link: PathLike) -> None:
    """Point the symbolic link ``link`` at ``target``; copies where links are not allowed."""
    link = Path(link)
    with atomic_path(link) as partial:
        try:
            partial.symlink_to(target)
        except OSError:
            partial.write_bytes((link.parent / target).read_bytes())


def plain(value: Any) -> Any:
    """Replace numpy scalars by Python numbers, recursively, so that a checkpoint stays plain."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
