"""Frames of one clip, written in the layouts of video data sets."""

from pathlib import Path
from typing import Any, Dict, List, Tuple, Type

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.files import read_video_list, write_video_list
from knet.layouts.kitti_step import KittiStepGroundTruth, encode_rgb_panoptic, file_name, split_folder
from knet.layouts.map_objects import VideoTracks, thing_categories
from knet.layouts.vipseg import MAX_INSTANCES, encode_vipseg, image_folder, mask_folder
from knet.layouts.youtube_vis import image_folder as track_image_folder
from knet.layouts.youtube_vis import official_file
from knet.utils.cli import UsageError
from knet.utils.io import read_json, write_jpeg_atomic, write_json_atomic, write_png_atomic


class VideoWriter:
    """Writes the part of a clip that belongs to one split.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        video: Number of the video.
        label_space: The classes.
        length: Number of frames.
    """

    def __init__(self, root: Path, split: str, video: int, label_space: LabelSpace, length: int) -> None:
        self.root, self.split, self.video, self.label_space, self.length = root, split, video, label_space, length

    def write(self, frame: int, image: np.ndarray, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Write one frame.

        Args:
            frame: Number of the frame; frames come in ascending order.
            image: (H, W, 3) uint8 RGB.
            semantic: (H, W) dataset class ids or void.
            instance: (H, W) track ids; 0 for stuff and for crowds.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Write what belongs to all frames together."""


class KittiStepWriter(VideoWriter):
    """Writes ``ROOT/video_sequence/<split>``, see :mod:`knet.layouts.kitti_step`."""

    def write(self, frame: int, image: np.ndarray, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Write one frame under its number."""
        labels, layout = encode_rgb_panoptic(semantic, instance), KittiStepGroundTruth
        for ending, pixels in ((layout.image_ending, image), (layout.label_endings[0], labels)):
            write_png_atomic(split_folder(self.root, self.split) / file_name(self.video, frame, ending), pixels)


class VIPSegWriter(VideoWriter):
    """Writes a video into ``ROOT/images`` and ``ROOT/panomasks``, and its name into the list of the split.

    See :mod:`knet.layouts.vipseg`. The things of a class are numbered from 1 in order of their appearance.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = f'{self.video:06d}_{self.split}'
        self._numbers: Dict[Tuple[int, int], int] = {}

    def write(self, frame: int, image: np.ndarray, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Write one frame under its number."""
        write_jpeg_atomic(image_folder(self.root, self.name) / f'{frame:08d}.jpg', image)
        labels = encode_vipseg(semantic, self._renumbered(semantic, instance), self.label_space)
        write_png_atomic(mask_folder(self.root, self.name) / f'{frame:08d}.png', labels)

    def _renumbered(self, semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
        result = np.zeros_like(instance)
        for dataset_id, number in np.unique(np.stack([semantic.ravel(), instance.ravel()]), axis=1).T.tolist():
            if number:
                own = sum(known == dataset_id for known, _ in self._numbers)
                new = self._numbers.setdefault((dataset_id, number), own + 1)
                if new > MAX_INSTANCES:
                    raise UsageError(
                        f'video {self.video}: a video of VIPSeg has at most {MAX_INSTANCES} things of a class; convert '
                        'the clip in parts, or give the objects their tracks'
                    )
                result[(semantic == dataset_id) & (instance == number)] = new
        return result

    def close(self) -> None:
        """Add the video to the list of its split."""
        path = self.root / f'{self.split}.txt'
        names = read_video_list(self.root, self.split) if path.is_file() else []
        if self.name not in names:
            write_video_list(self.root, self.split, [*names, self.name])


class YouTubeVisWriter(VideoWriter):
    """Writes the things of a video into ``ROOT/{train,valid}.json``, see :mod:`knet.layouts.youtube_vis`.

    The json may hold further videos. A video has its number plus one, because ids of YouTube-VIS count from 1. Then
    ``tools/dataset/youtubevis2coco.py`` converts it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subset = {'val': 'valid'}.get(self.split, self.split)
        self.file = Path(official_file(self.root, '2019', self.subset))
        self._tracks = VideoTracks(self.label_space, self.length)
        self._names: List[str] = []
        self._size = (0, 0)

    def write(self, frame: int, image: np.ndarray, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Write the image and keep the masks."""
        if self._names and semantic.shape != self._size:
            raise ValueError(f'frame {frame} is {semantic.shape}, earlier ones {self._size}; give --height, or resize')
        self._tracks.add(len(self._names), semantic, instance)
        self._names.append(f'{self.video:06d}/{frame:05d}.jpg')
        self._size = semantic.shape
        write_jpeg_atomic(Path(track_image_folder(self.root, self.subset)) / self._names[-1], image)

    def close(self) -> None:
        """Add the video and its tracks to the json file."""
        categories, video_id = thing_categories(self.label_space), self.video + 1
        document: Dict[str, Any] = dict(videos=[], annotations=[], categories=categories)
        if self.file.is_file():
            document = read_json(self.file, 'videos', 'annotations', 'categories', what='json of YouTube-VIS')
            if document['categories'] != categories:
                raise UsageError(f'{self.file} has other categories than label space {self.label_space.name!r}')
        for key, name in (('videos', 'id'), ('annotations', 'video_id')):
            document[key] = [entry for entry in document[key] if entry[name] != video_id]
        first = 1 + max((ann['id'] for ann in document['annotations']), default=0)
        height, width = self._size
        document['videos'].append(
            dict(id=video_id, height=height, width=width, length=len(self._names), file_names=self._names)
        )
        document['annotations'] += self._tracks.annotations(video_id, first)
        write_json_atomic(self.file, document, indent=None)


#: Writers by name of the layout.
WRITERS: Dict[str, Type[VideoWriter]] = {
    'kitti-step': KittiStepWriter,
    'vipseg': VIPSegWriter,
    'youtube-vis': YouTubeVisWriter,
}
