"""YouTube-VIS."""

from typing import Any

from mmdet.datasets.builder import DATASETS

from .coco_video_dataset import CocoVideoDataset

#: 2022 has the classes of 2021.
_LABEL_SPACES = {'2019': 'youtube_vis_2019', '2021': 'youtube_vis_2021', '2022': 'youtube_vis_2021'}


@DATASETS.register_module()
class YouTubeVISDataset(CocoVideoDataset):
    """YouTube-VIS in the form that ``tools/dataset/youtubevis2coco.py`` writes.

    Args:
        dataset_version: ``'2019'``, ``'2021'`` or ``'2022'``: decides the classes.
        kwargs: See :class:`.CocoVideoDataset`.
    """

    def __init__(self, dataset_version: str, **kwargs: Any) -> None:
        if str(dataset_version) not in _LABEL_SPACES:
            raise ValueError(
                f'YouTubeVISDataset: dataset_version {dataset_version!r} is unknown; choose from '
                f'{", ".join(_LABEL_SPACES)}, or use CocoVideoDataset with a label space of your own.'
            )
        super().__init__(label_space=_LABEL_SPACES[str(dataset_version)], **kwargs)
