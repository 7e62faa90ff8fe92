"""Results of video instance segmentation: the records of tracks, their check, and a store that resumes.

``results.json`` is a list of tracks with the keys ``video_id``, ``score``, ``category_id`` and ``segmentations`` (one
run-length code or null per frame); see :mod:`knet.results.exports.youtube_vis`.
"""

import json
import zipfile
import zlib
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.entries import is_id
from knet.layouts.masks import Rle, find_fault
from knet.layouts.youtube_vis import VisGroundTruth
from knet.results.run_folder import RunFolder
from knet.utils.io import PathLike
from knet.utils.limits import read_archived

Record = Dict[str, Any]
MANIFEST = 'videos.json'
KEYS = ('video_id', 'score', 'category_id', 'segmentations')
_NAMED_IN_ERRORS = 5
#: What Python raises for a damaged json or zip.
_DAMAGED = (ValueError, KeyError, RecursionError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile)


def track_records(
    scores: np.ndarray,
    labels: np.ndarray,
    segmentations: Sequence[List[Rle]],
    video_id: int,
    category_ids: Sequence[int],
) -> List[Record]:
    """Return the tracks of one video as items of ``results.json``, by ascending class and, within it, descending score.

    Args:
        scores: (n,) in 0..1, descending.
        labels: (n,) thing labels.
        segmentations: n lists of run-length codes.
        video_id: Official number.
        category_ids: Category id of every thing label.

    Returns:
        n records.
    """
    order = np.argsort(np.asarray(labels), kind='stable')
    return [
        dict(
            video_id=int(video_id),
            score=float(scores[i]),
            category_id=int(category_ids[int(labels[i])]),
            segmentations=segmentations[i],
        )
        for i in order
    ]


class TrackPredictions:
    """The tracks of many videos, by video.

    Args:
        records: Items of ``results.json``.
        name: Term for the tracks in messages, such as the name of their file.
    """

    def __init__(self, records: Sequence[Record], name: str = 'results.json') -> None:
        self.records = records
        self.name = name

    def of_video(self, video_id: int) -> List[Record]:
        """Return the tracks of one video in their order."""
        return self._by_video.get(video_id, [])

    def only(self, video_id: int) -> 'TrackPredictions':
        """Return the same with one video, which is faster to give to another process."""
        return TrackPredictions(self.of_video(video_id), self.name)

    @cached_property
    def _by_video(self) -> Dict[int, List[Record]]:
        videos: Dict[int, List[Record]] = {}
        for record in self.records:
            videos.setdefault(record['video_id'], []).append(record)
        return videos


def read_results(path: PathLike) -> List[Record]:
    """Read ``results.json``, or the zip that holds it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no list of results.
    """
    try:
        if Path(path).suffix == '.zip':
            data = json.loads(read_archived(path, 'results.json'))
        else:
            data = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'{path}: no such results file; tools_vis/test_whole_video.py --format-only writes it'
        ) from error
    except _DAMAGED as error:
        raise ValueError(f'{path}: damaged results ({error}). Write it again.') from error
    if not isinstance(data, list):
        raise ValueError(f'{path}: results.json must be a list of tracks, found {type(data).__name__}.')
    return data


def check_results(records: Sequence[Record], truth: VisGroundTruth, name: str = 'results.json') -> None:
    """Raise an error for results that a server would refuse or misread.

    Args:
        records: Items of ``results.json``.
        truth: Videos and categories of the split; tracks are not needed.
        name: Term for the results in messages.

    Raises:
        ValueError: Listing the first faults: keys, video and category ids, scores, numbers and sizes of masks.
    """
    faults = [
        f'track {number}: {fault}'
        for number, record in enumerate(records)
        for fault in [_fault(record, truth)]
        if fault
    ]
    if faults:
        more = f'\n... {len(faults) - _NAMED_IN_ERRORS} more' if len(faults) > _NAMED_IN_ERRORS else ''
        raise ValueError(f'{name} does not fit {truth.name}:\n' + '\n'.join(faults[:_NAMED_IN_ERRORS]) + more)


def _fault(record: Any, truth: VisGroundTruth) -> Optional[str]:
    """Return the first fault of a track, None if it has none."""
    if not isinstance(record, dict) or set(record) != set(KEYS):
        return f'must have exactly the keys {", ".join(KEYS)}'
    video, score, category, masks = (record[key] for key in KEYS)
    if not is_id(video) or video not in truth.videos:
        return f'video_id {video!r} is not among the {len(truth.videos)} videos'
    if not is_id(category) or category not in truth.categories:
        return f'category_id {category!r} is not among the {len(truth.categories)} categories'
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        return f'score {score!r} is no number in 0..1'
    length, size = truth.videos[video]
    if not isinstance(masks, list) or len(masks) != length:
        return f'has {len(masks) if isinstance(masks, list) else "no list of"} masks, video {video} has {length} frames'
    for frame, mask in enumerate(masks):
        if mask is None:
            continue
        if not isinstance(mask, dict) or set(mask) != {'size', 'counts'} or not isinstance(mask['counts'], str):
            return f'frame {frame}: a mask is null or has "size" and "counts", a text'
        if mask['size'] != list(size) and mask['size'] != tuple(size):
            found = tuple(mask['size']) if isinstance(mask['size'], list) else mask['size']
            return f'frame {frame}: mask of {found}, video {video} has {tuple(size)} (height, width)'
    fault = find_fault(masks, [size] * length)
    return fault and f'frame {fault[0]}: the mask {fault[1]}'


class VideoResultStore:
    """A folder with one file of tracks per video, so that a stopped run can continue.

    A video's file appears complete or not at all, which also marks the video as done. Several processes may write
    different videos. Of several processes only one may start over (``resume=False``), before the others write.

    Args:
        folder: Result folder, created if missing.
        meta: Values that determine the results (config, checkpoint hash, ...); must be JSON.
        resume: Keep what an earlier run with the same ``meta`` left.
        label_space: Classes of the tracks, for the manifest.

    Raises:
        ValueError: If the folder holds results of another run (with ``resume``).
    """

    def __init__(
        self, folder: PathLike, meta: Dict[str, Any], resume: bool = True, label_space: Optional[LabelSpace] = None
    ) -> None:
        self._run = RunFolder(folder, MANIFEST, 'videos', meta, label_space)
        if resume:
            self._run.check()
        else:
            self._run.clear()
        self._run.write_manifest()

    def write(self, video_id: int, num_frames: int, records: List[Record]) -> None:
        """Store the tracks of one video."""
        self._run.finish(video_id, num_frames, tracks=records)

    def is_complete(self, video_id: int, num_frames: int) -> bool:
        """Return whether this run, or the one it continues, has stored the video with as many frames."""
        return self._run.is_finished(video_id, num_frames)

    def read(self, video_id: int) -> List[Record]:
        """Return the tracks of one video.

        Raises:
            ValueError: If the file is damaged.
            KeyError: If the video is not complete.
        """
        return self._run.record(video_id)['tracks']


def describe_results(records: Sequence[Record], truth: VisGroundTruth) -> str:
    """Return one line with the numbers of tracks, of videos with tracks, and of their categories."""
    tracks = Counter(record['video_id'] for record in records)
    return (
        f'{len(records)} tracks in {len(tracks)} of {len(truth.videos)} videos, '
        f'{len({record["category_id"] for record in records})} categories'
    )
