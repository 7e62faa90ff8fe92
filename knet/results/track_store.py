"""Results of video instance segmentation: the server's file, its check, and a store that resumes.

``results.json`` is a list of tracks with the keys ``video_id``, ``score``, ``category_id`` and
``segmentations`` (one run-length code or null per frame); ``submission_file.zip`` holds it.
"""

import json
import shutil
import zipfile
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from knet.layouts.youtube_vis import Rle, VisGroundTruth
from knet.utils.io import PathLike, atomic_path, write_json_atomic

Record = Dict[str, Any]
KEYS = ('video_id', 'score', 'category_id', 'segmentations')
_NAMED_IN_ERRORS = 5


def track_records(
    scores: np.ndarray,
    labels: np.ndarray,
    segmentations: Sequence[List[Rle]],
    video_id: int,
    category_ids: Sequence[int],
) -> List[Record]:
    """Tracks of one video as items of ``results.json``, by ascending class and, within it, descending score.

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
        name: How messages call them, such as the name of their file.
    """

    def __init__(self, records: Sequence[Record], name: str = 'results.json') -> None:
        self.records = records
        self.name = name

    def of_video(self, video_id: int) -> List[Record]:
        """Return the tracks of one video in their order."""
        return self._by_video.get(video_id, [])

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
            with zipfile.ZipFile(path) as archive:
                data = json.loads(archive.read('results.json'))
        else:
            data = json.loads(Path(path).read_text(encoding='utf-8'))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'{path}: no such results file; tools_vis/test_whole_video.py --format-only writes it'
        ) from error
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path}: damaged results ({error}). Write it again.') from error
    if not isinstance(data, list):
        raise ValueError(f'{path}: results.json must be a list of tracks, found {type(data).__name__}.')
    return data


def check_results(records: Sequence[Record], truth: VisGroundTruth, name: str = 'results.json') -> None:
    """Refuse results that a server would refuse or misread.

    Args:
        records: Items of ``results.json``.
        truth: Videos and categories of the split; tracks are not needed.
        name: How messages call the results.

    Raises:
        ValueError: Listing the first faults: keys, video and category ids,
            scores, numbers and sizes of masks.
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
    """What is wrong with one track."""
    if not isinstance(record, dict) or set(record) != set(KEYS):
        return f'must have exactly the keys {", ".join(KEYS)}'
    video, score, category, masks = (record[key] for key in KEYS)
    if video not in truth.videos:
        return f'video_id {video!r} is not among the {len(truth.videos)} videos'
    if category not in truth.categories:
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
        if tuple(mask['size']) != tuple(size):
            return f'frame {frame}: mask of {tuple(mask["size"])}, video {video} has {tuple(size)} (height, width)'
    return None


def write_submission(records: Sequence[Record], truth: VisGroundTruth, folder: PathLike) -> Tuple[str, str]:
    """Check results and write ``results.json`` and ``submission_file.zip``; the same records give the same bytes.

    Args:
        records: All tracks.
        truth: Videos and categories of the split.
        folder: Where the files go.

    Returns:
        Both paths.

    Raises:
        ValueError: See :func:`check_results`; nothing is written then.
    """
    check_results(records, truth)
    path, archive = Path(folder) / 'results.json', Path(folder) / 'submission_file.zip'
    write_json_atomic(path, [{key: record[key] for key in KEYS} for record in records], indent=None)
    with atomic_path(archive) as partial, zipfile.ZipFile(partial, 'w', zipfile.ZIP_DEFLATED) as file:
        # A fixed date, so that equal results are equal files.
        entry = zipfile.ZipInfo('results.json', date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with path.open('rb') as source, file.open(entry, 'w') as target:
            shutil.copyfileobj(source, target)
    return str(path), str(archive)


class VideoResultStore:
    """One file of tracks per video, so that a stopped run can continue.

    A video's file appears complete or not at all, which also marks the video as
    done. Several processes may write different videos. Of several processes only
    one may start over (``resume=False``), before the others write.

    Args:
        folder: Result folder, created if missing.
        meta: What makes the results what they are (config, checkpoint hash,
            ...); must be JSON.
        resume: Keep what an earlier run with the same ``meta`` left.

    Raises:
        ValueError: If the folder holds results of another run (with ``resume``).
    """

    def __init__(self, folder: PathLike, meta: Dict[str, Any], resume: bool = True) -> None:
        self.folder = Path(folder)
        self._meta = json.loads(json.dumps(meta))
        if resume:
            self._check_meta()
        else:
            for path in self.folder.glob('videos/*.json'):
                path.unlink()
        write_json_atomic(self._manifest, dict(format=1, meta=self._meta))

    @property
    def _manifest(self) -> Path:
        return self.folder / 'videos.json'

    def _check_meta(self) -> None:
        if not self._manifest.exists():
            return
        before = _read_object(self._manifest).get('meta', {})
        differing = sorted(key for key in {*before, *self._meta} if before.get(key) != self._meta.get(key))
        if differing:
            changes = '; '.join(f'{key}: {before.get(key)!r} there, {self._meta.get(key)!r} now' for key in differing)
            raise ValueError(
                f'{self.folder} holds results of another run ({changes}). Choose another output folder, '
                'or start over with --fresh.'
            )

    def _path(self, video_id: int) -> Path:
        return self.folder / 'videos' / f'{video_id}.json'

    def write(self, video_id: int, num_frames: int, records: List[Record]) -> None:
        """Store the tracks of one video."""
        write_json_atomic(self._path(video_id), dict(meta=self._meta, frames=num_frames, tracks=records), indent=None)

    def is_complete(self, video_id: int, num_frames: int) -> bool:
        """Whether this run, or the one it continues, has stored the video with as many frames."""
        if not self._path(video_id).is_file():
            return False
        content = _read_object(self._path(video_id))
        return content.get('meta') == self._meta and content.get('frames') == num_frames

    def read(self, video_id: int) -> List[Record]:
        """The tracks of one video.

        Raises:
            ValueError: If the file is damaged.
        """
        return _read_object(self._path(video_id))['tracks']


def _read_object(path: Path) -> Dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path}: damaged ({error}); remove it, and its video is predicted again') from error


def describe_results(records: Sequence[Record], truth: VisGroundTruth) -> str:
    """One line: how many tracks in how many videos, and videos without any."""
    tracks = Counter(record['video_id'] for record in records)
    return (
        f'{len(records)} tracks in {len(tracks)} of {len(truth.videos)} videos, '
        f'{len({record["category_id"] for record in records})} categories'
    )
