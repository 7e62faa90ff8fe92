"""The YouTube-VIS data sets."""

from typing import Any, Optional

from mmdet.datasets.builder import DATASETS

from knet.labels import AnyLabelSpace
from knet.layouts.youtube_vis import LABEL_SPACES

from .coco_video_dataset import CocoVideoDataset


@DATASETS.register_module()
class YouTubeVISDataset(CocoVideoDataset):
    """YouTube-VIS in the form that ``tools/dataset/youtubevis2coco.py`` writes.

    Args:
        dataset_version: ``'2019'``, ``'2021'`` or ``'2022'``, which sets the classes.
        label_space: Other classes, in videos with the same files.
        **kwargs: Arguments of :class:`.CocoVideoDataset`.

    Raises:
        ValueError: If the version is unknown.
    """

    def __init__(
        self, dataset_version: str = '2019', label_space: Optional[AnyLabelSpace] = None, **kwargs: Any
    ) -> None:
        if str(dataset_version) not in LABEL_SPACES:
            raise ValueError(
                f'YouTubeVISDataset: dataset_version {dataset_version!r} is unknown; choose from '
                f'{", ".join(LABEL_SPACES)}, or give a label_space of your own.'
            )
        known = LABEL_SPACES[str(dataset_version)]
        super().__init__(label_space=known if label_space is None else label_space, **kwargs)
