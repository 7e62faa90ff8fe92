"""VIPSeg: videos of every kind with 124 classes."""

import os.path as osp
from pathlib import Path
from typing import Dict, List

from mmdet.datasets.builder import DATASETS

from knet.layouts.ground_truth import VIPSegGroundTruth, list_video, read_video_list

from .base import FrameRecord
from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class VIPSegDVPSDataset(VideoPanopticDataset):
    """Videos in the layout of VIPSeg: 58 things, 66 stuff classes.

    ``<data_root>/<split>.txt`` names one video per line; a video is
    ``images/<video>/*.jpg`` and, with equal stems, ``panomasks/<video>/*.png``.
    Its number is its line, counted from 0; a frame's number is its position
    among the sorted names. See :class:`.video_base.VideoPanopticDataset` for
    the arguments.
    """

    truth = VIPSegGroundTruth

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        records = []
        for video, name in self.video_names.items():
            images = list_video(Path(self.data_root, 'images', name), '.jpg')
            masks = Path(self.data_root, 'panomasks', name)
            if not self.is_unlabelled:
                self._check_stems(images, masks)
            records += [
                FrameRecord(video, frame, str(image), (str(masks / f'{image.stem}.png'),), frame == 0)
                for frame, image in enumerate(images)
            ]
        return records

    @property
    def video_names(self) -> Dict[int, str]:
        """The folder names of the videos, by number."""
        return dict(enumerate(read_video_list(osp.expanduser(self.data_root), self.split)))

    @staticmethod
    def _check_stems(images: List[Path], masks: Path) -> None:
        """Numbers are positions, so that a mask without image would shift all that follow."""
        alone = sorted({path.stem for path in list_video(masks, '.png')} - {path.stem for path in images})
        if alone:
            raise ValueError(
                f'{masks / alone[0]}.png: there is no {images[0].parent / alone[0]}.jpg ({len(alone)} '
                'label maps are without image). Complete the images or remove the label maps.'
            )
