"""How a training that was stopped goes on: its newest readable checkpoint, and the evaluations that it has done."""

import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from knet.apis.checkpoint import DamagedCheckpoint, PathLike, read_checkpoint, resolve_checkpoint
from knet.utils.io import read_json, write_json_atomic

#: Checkpoint of a training that was asked to stop; the next regular one replaces it.
STOPPED = 'stopped.pth'
_OF_A_TRAINING = re.compile(r'(epoch|iter)_\d+\.pth|' + re.escape(STOPPED))


class Readable(NamedTuple):
    """A checkpoint that continues a training.

    Attributes:
        path: Its file.
        content: What :func:`knet.apis.checkpoint.read_checkpoint` has read.
        notes: A sentence about each newer file that is damaged.
    """

    path: Path
    content: Dict[str, Any]
    notes: List[str]


def newest_readable(path: PathLike, trust: bool = False) -> Readable:
    """Find the checkpoint that continues a training.

    Args:
        path: A file, or a work directory whose newest checkpoint is meant.
        trust: See :func:`knet.apis.checkpoint.read_checkpoint`.

    Returns:
        The newest checkpoint of the folder that can be read.

    Raises:
        CheckpointError: If there is none, all are damaged, or one cannot be opened for another reason.
    """
    newest = resolve_checkpoint(path, prefer='latest')
    candidates = [newest]
    if newest != Path(path).expanduser():
        others = [other for other in newest.parent.glob('*.pth') if _OF_A_TRAINING.fullmatch(other.name)]
        others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        candidates += [other for other in others if not other.samefile(newest)]
    notes: List[str] = []
    failure: Optional[DamagedCheckpoint] = None
    for candidate in candidates:
        try:
            content = read_checkpoint(candidate, trust)
        except DamagedCheckpoint as error:
            failure = failure or error
            notes.append(f'{candidate.resolve()} is damaged ({candidate.stat().st_size} bytes) and was passed over')
        else:
            return Readable(candidate, content, notes)
    assert failure is not None
    raise failure


class EvaluationRecord:
    """The evaluations of a training, in a file of its work directory.

    The checkpoint of a step is written before the step is evaluated, so it cannot know the score. A training that is
    continued learns from this file which score was the best, and whether its last evaluation was cut short.

    Args:
        work_dir: Work directory of the training.
    """

    def __init__(self, work_dir: PathLike) -> None:
        self.path = Path(work_dir) / 'evaluations.json'
        self.entries: List[Dict[str, Any]] = []

    def read(self, iteration: int) -> None:
        """Read what was done up to an iteration; what came later is forgotten, as it will be done again.

        Raises:
            ValueError: If the file is damaged.
        """
        entries = read_json(self.path, 'evaluations')['evaluations'] if self.path.is_file() else []
        self.entries = [entry for entry in entries if entry['iter'] <= iteration]

    def add(self, iteration: int, scores: Dict[str, Any], best: Dict[str, Any]) -> None:
        """Note an evaluation.

        Args:
            iteration: Number of steps that were done before it.
            scores: Scores by name.
            best: Score and file of the best checkpoint so far; empty if none is kept.
        """
        self.entries.append(dict(iter=iteration, scores=scores, **best))
        write_json_atomic(self.path, dict(evaluations=self.entries))

    def has(self, iteration: int) -> bool:
        """Return whether the state after ``iteration`` steps was evaluated."""
        return any(entry['iter'] == iteration for entry in self.entries)

    def best(self) -> Dict[str, Any]:
        """Return score and file of the best checkpoint, as ``hook_msgs`` of a runner holds them; empty if none."""
        for entry in reversed(self.entries):
            if 'best_score' in entry:
                return {key: entry[key] for key in ('best_score', 'best_ckpt')}
        return {}
