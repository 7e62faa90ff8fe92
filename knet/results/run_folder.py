"""The folder of a run: what made its results, which videos are complete, and how a stopped run continues.

A folder has a manifest, which names the run and its classes, and one record per finished video. A record appears
complete or not at all, and only then does the video count as done. Since every video has a record of its own, several
processes may finish different videos without a lock between them.
"""

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from knet.labels import LabelSpace, space_from_plain
from knet.utils.io import PathLike, read_json, write_json_atomic

FORMAT = 1


class RunFolder:
    """The manifest and the records of the finished videos.

    Args:
        root: Result folder, created if missing.
        manifest: Name of the manifest in it.
        records: Folder of the records in it.
        meta: Values that determine the results (config, checkpoint hash, ...); must be JSON.
        label_space: Classes of the results, stored in the manifest as plain data; None stores none.
    """

    def __init__(
        self,
        root: PathLike,
        manifest: str,
        records: str,
        meta: Dict[str, Any],
        label_space: Optional[LabelSpace] = None,
    ) -> None:
        self.root = Path(root)
        self.manifest = self.root / manifest
        self.records = self.root / records
        self.meta = json.loads(json.dumps(meta))
        self.label_space = label_space

    def check(self) -> None:
        """Raise an error if the folder holds another run.

        Raises:
            ValueError: If the folder holds results made with another ``meta`` or in other classes, or its manifest is
                damaged.
        """
        if not self.manifest.exists():
            return
        before = read_object(self.manifest).get('meta', {})
        classes = read_label_space(self.manifest)
        if classes is not None and self.label_space is not None and not classes.numbers_like(self.label_space):
            raise ValueError(
                f'{self.root} holds results in other classes ({classes} there, {self.label_space} now). Choose another '
                'output folder, or start over with --fresh.'
            )
        differing = sorted(key for key in {*before, *self.meta} if before.get(key) != self.meta.get(key))
        if differing:
            changes = '; '.join(f'{key}: {before.get(key)!r} there, {self.meta.get(key)!r} now' for key in differing)
            raise ValueError(
                f'{self.root} holds results of another run ({changes}). Choose another output folder with '
                '--out-dir, or start over with --fresh.'
            )

    def clear(self) -> None:
        """Remove the records of all finished videos of any run."""
        for path in self.records.glob('*.json'):
            path.unlink()

    def write_manifest(self, **content: Any) -> None:
        """Write the manifest: format, meta, further content, and the label space if there is one."""
        if self.label_space is not None:
            content['label_space'] = self.label_space.to_plain()
        write_json_atomic(self.manifest, dict(format=FORMAT, meta=self.meta, **content))

    def _path(self, video_id: int) -> Path:
        return self.records / f'{video_id}.json'

    def finish(self, video_id: int, frames: int, **content: Any) -> None:
        """Record that all ``frames`` frames of a video are done, with further content."""
        write_json_atomic(self._path(video_id), dict(meta=self.meta, frames=frames, **content), indent=None)

    def forget(self, video_id: int) -> None:
        """Take back that a video is done."""
        self._path(video_id).unlink(missing_ok=True)

    def record(self, video_id: int) -> Dict[str, Any]:
        """Return the record of a video, empty if there is none.

        Raises:
            ValueError: If it is damaged.
        """
        return read_object(self._path(video_id))

    def is_finished(self, video_id: int, frames: int) -> bool:
        """Return whether this run, or the one it continues, has finished the video with as many frames."""
        record = self.record(video_id)
        return record.get('frames') == frames and record.get('meta') == self.meta

    def finished(self) -> Dict[str, int]:
        """Return the number of frames of every finished video, by its number as text, in ascending order."""
        records = {int(path.stem): read_object(path) for path in self.records.glob('*.json') if path.stem.isdigit()}
        return {str(v): records[v]['frames'] for v in sorted(records) if records[v].get('meta') == self.meta}


def read_object(path: Path) -> Dict[str, Any]:
    """Return the object in a JSON file; empty if there is none, or another process has just removed it.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        return read_json(path, what='record of a run', remedy='If you remove it, its results are made again.')
    except FileNotFoundError:
        return {}


def read_label_space(manifest: Path) -> Optional[LabelSpace]:
    """Return the label space that a manifest stores; None if it stores none, as those of older runs.

    Raises:
        ValueError: If the manifest is damaged.
    """
    plain = read_object(manifest).get('label_space')
    return None if plain is None else space_from_plain(plain)


def read_names(manifest: Path) -> Dict[int, str]:
    """Return the names of videos that a manifest stores, by number; empty if it stores none, as where videos have none.

    Raises:
        ValueError: If the manifest is damaged.
    """
    names = read_object(manifest).get('names', {})
    if not isinstance(names, dict) or not all(number.isdecimal() for number in names):
        raise ValueError(
            f'{manifest}: "names" does not give the names of videos by their numbers. If you remove the file, its '
            'results are made again.'
        )
    return {int(number): name for number, name in names.items()}


def check_names(folder: PathLike, before: Mapping[int, str], now: Mapping[int, str]) -> None:
    """Raise an error if results are of a list of videos in which a number was another video.

    Args:
        folder: Folder of the results, for the message.
        before: Names that are stored with the results, by number.
        now: Names in the list, by number; numbers that only one of both has do not count.

    Raises:
        ValueError: If a number has two names.
    """
    common = before.keys() & now.keys()
    changed = sorted(number for number in common if before[number] != now[number])
    if changed:
        number = changed[0]
        raise ValueError(
            f'{folder} holds results of another list of videos (number {number} was {before[number]} there and is '
            f'{now[number]} now; {len(changed)} of {len(common)} numbers differ). Take the list as it was, start over '
            'with --fresh, or choose another folder.'
        )
