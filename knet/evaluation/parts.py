"""Partial results: every job counts the pixels of a part of the videos, and one adds up the scores.

A part lies in ``RESULT/scores/<metric>.I-of-N.npz``. It holds the integer counts of its videos, not scores, so that the
sum is the same to the last digit. It also holds how the counts were made and a stamp of the files they were read from:
parts of other files, or of other settings, are refused instead of added.
"""

import json
import zipfile
import zlib
from copy import deepcopy
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from knet.evaluation.metric import Counts, M, Metric, OneVideo, R, combine_videos, map_videos
from knet.utils.io import PathLike, atomic_path
from knet.utils.shards import Shard, shard_videos

FORMAT = 1
_META = 'meta'
#: What numpy and zipfile raise for a damaged file.
_DAMAGED = (ValueError, KeyError, EOFError, OSError, NotImplementedError, zlib.error, zipfile.BadZipFile)


def part_path(folder: PathLike, metric: Metric, shard: Shard) -> Path:
    """Return the file of a part.

    Args:
        folder: Result folder.
        metric: Metric that the part belongs to.
        shard: Number of the job from 0, and the number of jobs.
    """
    return Path(folder) / 'scores' / f'{metric.name}.{shard[0] + 1}-of-{shard[1]}.npz'


def write_part(
    metric: Metric,
    predictions: Any,
    truth: Any,
    folder: PathLike,
    shard: Shard,
    nproc: int = 1,
    allow_missing: bool = False,
) -> Path:
    """Count the videos of one of several jobs and write the counts.

    Args:
        metric: Empty accumulator; it stays empty.
        predictions: Stored predictions of all videos.
        truth: Ground truth of the predictions.
        folder: Result folder.
        shard: Number of the job from 0, and the number of jobs.
        nproc: Number of processes, at most one per video.
        allow_missing: If True, count the frames that both sides have. If False, missing frames are an error.

    Returns:
        The file.

    Raises:
        UsageError: If the metric has no counts that can be stored.
        ValueError: As :func:`~knet.evaluation.metric.score`.
    """
    lengths, _ = metric.pair_up(predictions, truth, allow_missing)
    own = shard_videos({video: range(length) for video, length in lengths.items()}, *shard)
    counts = map_videos(_read_video, metric, predictions, truth, {video: lengths[video] for video in own}, nproc)
    meta = dict(_origin(metric, truth), stamps={str(video): _stamp(predictions, truth, video) for video in own})
    arrays: Dict[str, Any] = {f'{video}/{name}': array for video in own for name, array in counts[video].items()}
    arrays[_META] = np.array(json.dumps(meta))
    path = part_path(folder, metric, shard)
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        np.savez_compressed(file, **arrays)
    return path


def merge_parts(
    metric: Metric[R], predictions: Any, truth: Any, folder: PathLike, parts: int, allow_missing: bool = False
) -> R:
    """Return the scores of the sum of all parts, which are those of :func:`~knet.evaluation.metric.score`.

    Args:
        metric: Empty accumulator; all parts are added to it.
        predictions: Stored predictions of all videos.
        truth: Ground truth of the predictions.
        folder: Result folder.
        parts: Number of jobs that have written a part.
        allow_missing: As the parts were counted.

    Raises:
        FileNotFoundError: If a part is missing.
        ValueError: If a part is damaged, or the files or the settings have changed since it was written.
    """
    lengths, skipped = metric.pair_up(predictions, truth, allow_missing)
    videos: Dict[int, Metric[R]] = {}
    for number in range(parts):
        path = part_path(folder, metric, (number, parts))
        again = f'run the evaluator with --shard {number + 1}/{parts}' + (' again' if path.exists() else ' first')
        own = shard_videos({video: range(length) for video, length in lengths.items()}, number, parts)
        wanted = dict(_origin(metric, truth), stamps={str(video): _stamp(predictions, truth, video) for video in own})
        videos.update(_read_part(path, metric, wanted, own, again))
    return combine_videos(metric, videos, skipped)


def _read_part(path: Path, metric: M, wanted: Dict[str, Any], own: List[int], remedy: str) -> Dict[int, M]:
    """Return an accumulator for every video of a part.

    Args:
        path: File of the part.
        metric: Empty accumulator.
        wanted: How the counts must have been made, and the stamps of the files.
        own: Videos of the part.
        remedy: End of the error messages.
    """
    try:
        with np.load(str(path), allow_pickle=False) as stored:
            meta = json.loads(str(stored[_META]))
            changed = sorted(key for key in {*meta, *wanted} if meta.get(key) != wanted.get(key))
            if not changed:
                counts: Dict[int, Counts] = {video: {} for video in own}
                for key in stored.files:
                    video, _, name = key.partition('/')
                    if name:
                        counts[int(video)][name] = stored[key]
                return {video: _add_counts(metric, counts[video], video) for video in own}
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{path}: no such part; {remedy}') from error
    except _DAMAGED as error:
        raise ValueError(f'{path}: damaged part ({error}); {remedy}') from error
    what = 'files that have changed since' if changed == ['stamps'] else f'another {", ".join(changed)}'
    raise ValueError(f'{path}: counted from {what}; {remedy}')


def _origin(metric: Metric, truth: Any) -> Dict[str, Any]:
    """Return what decides the counts of a video, other than its files, as JSON gives it back."""
    return json.loads(
        json.dumps(dict(format=FORMAT, metric=metric.name, layout=type(truth).__name__, **metric.reading()))
    )


def _stamp(predictions: Any, truth: Any, video: int) -> str:
    return f'{predictions.stamp(video)} {truth.stamp(video)}'


def _read_video(metric: Metric, video: OneVideo) -> Counts:
    """Return the counts of one video."""
    return metric.read_video(*video)


def _add_counts(metric: M, counts: Counts, video: int) -> M:
    """Return an accumulator that has seen the counts of one video."""
    part = deepcopy(metric)
    part.add_counts(counts, video)
    return part
