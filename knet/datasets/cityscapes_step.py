"""Cityscapes-STEP: single street images on which the video models are pre-trained."""

import os
import os.path as osp
import re
from typing import List

from mmdet.datasets.builder import DATASETS

from .base import FrameRecord, PanopticDataset, list_files, require_folder
from .pipelines.loading import read_train_id_panoptic

_IMAGE = re.compile(r'(.+)_(\d+)_(\d+)_leftImg8bit\.png')


@DATASETS.register_module()
class CityscapesSTEP(PanopticDataset):
    """Cityscapes images with the classes of STEP: persons and cars are things.

    Under ``data_root``, for image F of sequence S of a city:

    - ``leftImg8bit/<split>/<city>/<city>_SSSSSS_FFFFFF_leftImg8bit.png``,
    - ``gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_labelTrainIds.png``,
    - ``gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_instanceTrainIds.png``.

    Images are independent: each is the first frame of its own stream;
    ``video_id`` numbers the images in sorted order. See
    :class:`.base.PanopticDataset` for the arguments.
    """

    read_id_map = staticmethod(read_train_id_panoptic)

    def scan(self) -> List[FrameRecord]:
        """List the images in order of city, sequence and frame."""
        mend = 'Set data_root to the Cityscapes folder that contains leftImg8bit/ and gtFine/.'
        images = require_folder(osp.join(self.data_root, 'leftImg8bit', self.split), mend)
        labels = osp.join(self.data_root, 'gtFine', self.split)
        if not self.is_unlabelled:
            require_folder(labels, mend)
        records = []
        for city in sorted(os.listdir(images)):
            folder = osp.join(images, city)
            for name in list_files(folder, '_leftImg8bit.png') if osp.isdir(folder) else []:
                match = _IMAGE.fullmatch(name)
                if match is None:
                    raise ValueError(
                        f'{osp.join(folder, name)}: file name is not '
                        '<city>_SSSSSS_FFFFFF_leftImg8bit.png. Rename or remove it.'
                    )
                stem = osp.join(labels, city, name[: -len('leftImg8bit.png')] + 'gtFine_')
                records.append(
                    FrameRecord(
                        video_id=len(records),
                        frame_id=int(match.group(3)),
                        image=osp.join(folder, name),
                        annotation=(stem + 'labelTrainIds.png', stem + 'instanceTrainIds.png'),
                        is_first=True,
                    )
                )
        if not records:
            raise ValueError(
                f'{images}: no <city>/*_leftImg8bit.png in it. The split {self.split!r} is empty: check '
                'data_root and split.'
            )
        return records
