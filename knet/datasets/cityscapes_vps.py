"""Cityscapes-VPS: clips of 30 street frames, every fifth of them labelled."""

import os.path as osp
from typing import Callable, Dict, List, Tuple

import numpy as np
from mmdet.datasets.builder import DATASETS

from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth, label_name, parse_name

from .base import FrameRecord, list_files, require_folder
from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class CityscapesVPSDataset(VideoPanopticDataset):
    """Videos in the layout of Cityscapes-VPS: 8 things, 11 stuff classes.

    Training reads the labelled frames, ``<split>/img/*.png``; testing streams
    all frames, ``<split>/img_all/*.png``. Labels are ``<split>/panoptic_video/``
    and ``panoptic_gt_<split>_city_vps.json``; see
    :mod:`knet.layouts.cityscapes_vps` for the names. The neighbours of a
    labelled frame are the labelled frames before and after it. See
    :class:`.video_base.VideoPanopticDataset` for the arguments.
    """

    truth = CityscapesVPSGroundTruth

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        folder = require_folder(
            osp.join(self.data_root, self.split, 'img_all' if self.test_mode else 'img'),
            'Set data_root to the Cityscapes-VPS folder; DATASET.md shows what it holds.',
        )
        found = sorted((*parse_name(osp.join(folder, name)), name) for name in list_files(folder, '.png'))
        if not found:
            raise ValueError(f'{folder}: no *.png in it. The split {self.split!r} is empty: check data_root and split.')
        self._truth = None if self.is_unlabelled else self.ground_truth()
        labels = self._labels()
        records: List[FrameRecord] = []
        for video, frame, name in found:
            before = records[-1] if records else None
            if before and (before.video_id, before.frame_id) == (video, frame):
                raise ValueError(f'{osp.join(folder, name)}: frame {frame} of video {video} exists twice. Remove one.')
            label = labels.pop((video, frame), None)
            if label is None and not self.test_mode:
                raise FileNotFoundError(
                    f'{self._truth.root / label_name(name)}: no such label map, but there is the '
                    f'image {osp.join(folder, name)}. Complete the labels or remove the image.'
                )
            records.append(
                FrameRecord(
                    video,
                    frame,
                    osp.join(folder, name),
                    (label,) if label else (),
                    before is None or before.video_id != video,
                )
            )
        for label in labels.values():
            raise FileNotFoundError(
                f'{folder}: no image for the label map {label} (and {len(labels) - 1} more). Complete the images.'
            )
        return records

    def _labels(self) -> Dict[Tuple[int, int], str]:
        """Label map by video and frame number."""
        if self._truth is None:
            return {}
        return {
            (video, frame): str(self._truth.path(video, frame))
            for video in self._truth.videos()
            for frame in self._truth.frames(video)
        }

    @property
    def read_id_map(self) -> Callable[..., np.ndarray]:
        """Function from the label file of a frame to an id map."""
        return self.truth.decode if self._truth is None else self._truth.decode
