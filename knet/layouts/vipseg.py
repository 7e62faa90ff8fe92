"""VIPSeg on disk.

::

    ROOT/{train,val,test}.txt             names of the videos, one a line
    ROOT/images/<video>/*.jpg             frames
    ROOT/panomasks/<video>/*.png          16-bit labels with the stems of the frames: 0 and 200 = void,
                                          category + 1 = stuff, (category + 1) * 100 + k = thing of instance k + 1

The number of a video is its line, counted from 0; the number of a frame is the position of its image among the sorted
names. Where only label maps are there, it is the position of the label map.

Data sets with classes of their own take the dataset id for the category. A video then has at most 100 things of a
class, and stuff needs ids below 99, because value 100 is the first thing of class 0. Value 200 is void unless a thing
has id 1.
"""

from functools import lru_cache, partial
from pathlib import Path
from typing import Callable, Dict

import numpy as np

from knet.labels import VIPSEG, ClassInfo, LabelSpace
from knet.labels.vipseg import VIPSEG_CATEGORIES
from knet.layouts.files import ListedVideos, list_video, refuse_lone_labels, visible_files
from knet.layouts.id_maps import ID_SHIFT, reader_in
from knet.layouts.images import describe
from knet.utils.io import PathLike, read_png

#: Things of one category that a video can have.
MAX_INSTANCES = 100
#: Pixel values of void in the release.
_VOID = (0, 200)


@lru_cache(maxsize=8)
def _values(label_space: LabelSpace) -> Dict[ClassInfo, range]:
    """Return the pixel values of every class: one of stuff, those of all instances of things.

    Raises:
        ValueError: If two classes would share a value.
    """
    numbers = {name: number for number, (name, _, _) in enumerate(VIPSEG_CATEGORIES)}
    is_release = label_space.is_part_of(VIPSEG)
    values: Dict[ClassInfo, range] = {}
    owner: Dict[int, str] = {}
    for info in label_space.file_classes:
        category = numbers[info.name] if is_release else info.dataset_id
        size = MAX_INSTANCES if info.is_thing else 1
        values[info] = range((category + 1) * size, (category + 2) * size if info.is_thing else category + 2)
        for value in values[info]:
            if value in owner:
                raise ValueError(
                    f'label space {label_space.name!r} does not fit label maps of VIPSeg: value {value} would be '
                    f'{owner[value]!r} and {info.name!r} (stuff is id + 1, things are (id + 1) * 100 + instance); '
                    'give stuff ids below 99'
                )
            owner[value] = info.name
    return values


@lru_cache(maxsize=8)
def _table(label_space: LabelSpace) -> np.ndarray:
    """Return the (65536,) int32 code of every pixel value in an id map, -1 for values without meaning."""
    table = np.full(1 << 16, -1, dtype=np.int32)
    table[list(_VOID)] = label_space.void << ID_SHIFT
    for info, values in _values(label_space).items():
        # Files count instances from 0; in an id map 0 means "no instance".
        first = (info.dataset_id << ID_SHIFT) + info.is_thing
        table[values.start : values.stop] = np.arange(first, first + len(values))
    return table


def decode_vipseg(raw: np.ndarray, name: PathLike, label_space: LabelSpace = VIPSEG) -> np.ndarray:
    """Turn VIPSeg pixel values into an id map.

    Args:
        raw: Array of uint16.
        name: The file, for the error.
        label_space: The classes. The category of a class is that of VIPSeg if all classes are VIPSeg's, else the
            dataset id.

    Returns:
        int32 id map of the same shape; instances count from 1.

    Raises:
        ValueError: If a value means nothing.
    """
    id_map = _table(label_space).take(raw)
    if id_map.size and id_map.min() < 0:
        codes = 'category + 1 for stuff, (category + 1) * 100 + instance for things, 0 or 200 for void'
        value = raw[id_map < 0][0]
        if label_space is VIPSEG:
            raise ValueError(f'{name}: value {value} is no VIPSeg label ({codes}); get the file again')
        raise ValueError(
            f'{name}: value {value} is not in label space {label_space.name!r}, whose ids are categories ({codes}); '
            'write the file again, or name the right label_space'
        )
    return id_map


def encode_vipseg(semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace = VIPSEG) -> np.ndarray:
    """Return the pixels of a label map, the inverse of :func:`decode_vipseg`.

    Args:
        semantic: (H, W) dataset class ids or void.
        instance: (H, W) instance ids, 1..100 for things; things of instance 0 (crowds) become void, because VIPSeg does
            not know crowds.
        label_space: The classes.

    Returns:
        (H, W) uint16.

    Raises:
        ValueError: If a thing has an instance above 100.
    """
    is_thing = label_space.is_thing[semantic]
    if is_thing.any() and instance[is_thing].max() > MAX_INSTANCES:
        raise ValueError(
            f'instance {instance[is_thing].max()} does not fit label maps of VIPSeg, which hold {MAX_INSTANCES} things '
            'of a class in a video; number them anew'
        )
    first = np.zeros(256, dtype=np.int64)
    for info, values in _values(label_space).items():
        first[info.dataset_id] = values.start
    values = first[semantic] + np.where(is_thing, instance - 1, 0)
    return np.where(is_thing & (instance == 0), 0, values).astype(np.uint16)


def read_vipseg_panoptic(path: PathLike, label_space: LabelSpace = VIPSEG) -> np.ndarray:
    """Read a label map (``panomasks``), see :func:`decode_vipseg`.

    Args:
        path: A 16-bit gray PNG.
        label_space: The classes.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is damaged, not 16-bit gray, or holds a value that means nothing.
    """
    raw = read_png(path)
    if raw.dtype != np.uint16 or raw.ndim != 2:
        raise ValueError(
            f'{path}: expected a 16-bit gray label map, found {describe(raw)}; use the panomasks folder '
            'of the release, not panomasksRGB or a conversion to 8 bits'
        )
    return decode_vipseg(raw, path, label_space)


def image_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the frames of a video."""
    return Path(root) / 'images' / video


def mask_folder(root: PathLike, video: str) -> Path:
    """Return the folder of the label maps of a video."""
    return Path(root) / 'panomasks' / video


class VIPSegGroundTruth(ListedVideos):
    """Videos in the layout of VIPSeg; arguments are those of :class:`.base.VideoGroundTruth`."""

    label_space = 'vipseg'
    default_root = 'data/VIPSeg'
    vpq_windows = (1, 2, 4, 6)
    image_folder = staticmethod(image_folder)
    mask_folder = staticmethod(mask_folder)
    decode = staticmethod(read_vipseg_panoptic)

    @classmethod
    def decoder(cls, label_space: LabelSpace) -> Callable[..., np.ndarray]:
        """Return the function that reads a label map, see :meth:`.base.Layout.decoder`."""
        _table(label_space)  # refuses impossible classes
        return reader_in(partial(cls.decode, label_space=label_space), label_space)

    @classmethod
    def images(cls, folder: Path) -> Dict[int, Path]:
        """Return the images by their positions."""
        return dict(enumerate(list_video(folder, '.jpg')))

    @classmethod
    def masks(cls, folder: Path) -> Dict[int, Path]:
        """Return the label maps by their positions."""
        return dict(enumerate(list_video(folder, '.png')))

    @classmethod
    def labels(cls, root: PathLike, name: str) -> Dict[int, Path]:
        """Return the label maps of a video by the positions of their images, which number the predictions, too.

        Label maps without a single image, which suffice for a score, are numbered by their own positions.

        Raises:
            ValueError: If there are images, but not of every label map.
        """
        images, masks = cls.image_folder(root, name), cls.mask_folder(root, name)
        if not images.is_dir() or not any(visible_files(images, '.jpg')):
            return cls.masks(masks)
        found = cls.images(images)
        cls.check_pairs(found, masks)
        positions = {path.stem: position for position, path in found.items()}
        return {positions[path.stem]: path for path in list_video(masks, '.png')}

    def stamp(self, video_id: int) -> str:
        """Return a text that changes when a label map of the video does, or its position among the images."""
        return f'{super().stamp(video_id)} {self.frames(video_id)}'

    @classmethod
    def check_pairs(cls, images: Dict[int, Path], folder: Path) -> None:
        """Raise an error for label maps without image, which would shift the positions that number the frames."""
        stems = {path.stem for path in images.values()}
        lone = [path for path in list_video(folder, '.png') if path.stem not in stems]
        refuse_lone_labels({path: images[0].parent / f'{path.stem}.jpg' for path in lone})
