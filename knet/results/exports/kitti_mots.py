"""Panoptic predictions of videos as text files of KITTI MOTS: ``frame object_id class_id height width rle``."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from knet.labels import LabelSpace
from knet.layouts.map_objects import objects_of
from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.utils.io import PathLike, write_bytes_atomic

#: Classes of KITTI MOTS by name.
_CLASSES = {'car': 1, 'person': 2, 'pedestrian': 2}
#: Class of the regions of the ground truth that are not scored.
_IGNORED = 10
#: Objects of one class in a video: an object id is 1000 * class + number.
_OBJECTS = 1000


def class_numbers(label_space: LabelSpace) -> Dict[int, int]:
    """Return the class in the files by dataset id: car 1, pedestrian 2, other things from 3 on without 10.

    >>> from knet.labels import KITTI_STEP
    >>> class_numbers(KITTI_STEP)
    {11: 2, 13: 1}
    """
    others = (number for number in range(3, 1000) if number != _IGNORED)
    return {
        info.dataset_id: _CLASSES[info.name] if info.name in _CLASSES else next(others) for info in label_space.things
    }


@register_exporter
class KittiMotsExporter(Exporter):
    """Writes ``TARGET/SSSS.txt`` for every video, with one line per object and frame.

    The objects of a class are numbered from 1 in each video, in ascending track id. Things without track id are left
    out.
    """

    name = 'kitti-mots'

    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write the files of all predicted videos.

        Raises:
            ValueError: If a video has more objects of a class than the files can number.
        """
        space, files = self.classes(predictions), []
        numbers = class_numbers(space)
        for video in predictions.videos():
            found: List[Tuple[int, int, int, Any]] = []
            for frame in predictions.frames(video):
                semantic, instance = predictions.read(video, frame)
                found += [(frame, *one) for one in objects_of(semantic, instance, space)]
                tick()
            ids = _object_ids({(numbers[dataset_id], instance) for _, dataset_id, instance, _ in found})
            lines = [
                f'{frame} {ids[numbers[dataset_id], instance]} {numbers[dataset_id]} '
                f'{code["size"][0]} {code["size"][1]} {code["counts"]}\n'
                for frame, dataset_id, instance, code in found
            ]
            files.append(Path(target) / f'{video:04d}.txt')
            write_bytes_atomic(files[-1], ''.join(lines).encode())
        return files


def _object_ids(objects: Any) -> Dict[Tuple[int, int], int]:
    """Return the object id of every pair of class and track id."""
    ids: Dict[Tuple[int, int], int] = {}
    counts: Dict[int, int] = {}
    for number, instance in sorted(objects):
        counts[number] = counts.get(number, 0) + 1
        if counts[number] >= _OBJECTS:
            raise ValueError(
                f'a video has more than {_OBJECTS - 1} objects of one class, which files of KITTI MOTS cannot number; '
                'export shorter videos'
            )
        ids[number, instance] = number * _OBJECTS + counts[number]
    return ids
