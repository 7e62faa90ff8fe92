"""KITTI-STEP, and every video data set in its layout."""

import os.path as osp
import re
from typing import List

from mmdet.datasets.builder import DATASETS

from knet.layouts.ground_truth import KittiStepGroundTruth

from .base import FrameRecord, list_files, require_folder
from .video_base import VideoPanopticDataset

_IMAGE = re.compile(r'(\d+)_(\d+)_leftImg8bit\.png')


@DATASETS.register_module()
class KITTISTEPDVPSDataset(VideoPanopticDataset):
    """Videos in the layout of KITTI-STEP.

    ``<data_root>/video_sequence/<split>/`` holds, flat, for frame F of video S

    - ``SSSSSS_FFFFFF_leftImg8bit.png``: 8-bit RGB image,
    - ``SSSSSS_FFFFFF_panoptic.png``: 8-bit RGB; R = class (255 void),
      256 G + B = instance, 0 for stuff and for crowds of things.

    Numbers may start anywhere and have gaps. Only the split ``'test'`` may be
    without labels. See :class:`.video_base.VideoPanopticDataset` for the
    arguments.
    """

    truth = KittiStepGroundTruth

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        folder = require_folder(
            osp.join(self.data_root, 'video_sequence', self.split),
            'Set data_root to the folder that contains video_sequence/; tools/dataset/kitti_step_prepare.py makes it '
            'from the KITTI downloads.',
        )
        found = []
        for name in list_files(folder, 'leftImg8bit.png'):
            match = _IMAGE.fullmatch(name)
            if match is None:
                raise ValueError(
                    f'{osp.join(folder, name)}: file name is not SSSSSS_FFFFFF_leftImg8bit.png. Rename '
                    'it; S is the number of the video, F of the frame.'
                )
            found.append((int(match.group(1)), int(match.group(2)), name))
        if not found:
            raise ValueError(
                f'{folder}: no *_leftImg8bit.png in it. The split {self.split!r} is empty: check '
                'data_root and split, or prepare the data again.'
            )
        found.sort()
        records, previous = [], None
        for video, frame, name in found:
            if (video, frame) == previous:
                raise ValueError(
                    f'{osp.join(folder, name)}: frame {frame} of video {video} exists twice under '
                    'different spellings of the number. Remove one.'
                )
            image = osp.join(folder, name)
            stem = image[: -len('leftImg8bit.png')]
            records.append(
                FrameRecord(
                    video_id=video,
                    frame_id=frame,
                    image=image,
                    annotation=tuple(stem + suffix for suffix in self.truth.suffixes),
                    is_first=previous is None or previous[0] != video,
                )
            )
            previous = (video, frame)
        return records
