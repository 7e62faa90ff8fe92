"""The YouTube-VIS data sets."""

from typing import Any

from mmdet.datasets.builder import DATASETS

from knet.layouts.youtube_vis import LABEL_SPACES

from .coco_video_dataset import CocoVideoDataset


@DATASETS.register_module()
class YouTubeVISDataset(CocoVideoDataset):
    """YouTube-VIS in the form that ``tools/dataset/youtubevis2coco.py`` writes.

    Args:
        dataset_version: ``'2019'``, ``'2021'`` or ``'2022'``, which sets the classes.
        **kwargs: Arguments of :class:`.CocoVideoDataset`.

    Raises:
        ValueError: If the version is unknown.
    """

    def __init__(self, dataset_version: str, **kwargs: Any) -> None:
        if str(dataset_version) not in LABEL_SPACES:
            raise ValueError(
                f'YouTubeVISDataset: dataset_version {dataset_version!r} is unknown; choose from '
                f'{", ".join(LABEL_SPACES)}, or use CocoVideoDataset with a label space of your own.'
            )
        super().__init__(label_space=LABEL_SPACES[str(dataset_version)], **kwargs)
