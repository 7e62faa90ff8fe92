"""VSPW, and VIPSeg read as VSPW: videos whose classes are all stuff."""
from pathlib import Path
from typing import Any, Dict, List, Type, Union

import numpy as np
from mmdet.datasets.builder import DATASETS

from knet.evaluation.vspw import (
    CLASS_OF_MASK,
    VIPSegSemanticGroundTruth,
    VSPWGroundTruth,
    frame_files,
    read_mask,
    read_split,
    read_vipseg_mask,
)

from .base import FrameRecord
from .pipelines.loading import ID_SHIFT
from .video_base import VideoPanopticDataset


def read_vspw_mask(path: str) -> np.ndarray:
    """Id map (H, W) int32 of a VSPW mask (class + 1, 0 and 255 = void), without instances."""
    return CLASS_OF_MASK[read_mask(path)].astype(np.int32) << ID_SHIFT


def read_vipseg_semantic(path: str) -> np.ndarray:
    """Id map (H, W) int32 of a VIPSeg label map in VSPW's classes, without instances."""
    return CLASS_OF_MASK[read_vipseg_mask(path)].astype(np.int32) << ID_SHIFT


@DATASETS.register_module()
class VSPWDataset(VideoPanopticDataset):
    """Videos in the layout of VSPW, see :mod:`knet.evaluation.vspw`.

    The number of a video is its line in ``<split>.txt``, from 0. Frames are
    JPEG or PNG. Only the split ``'test'`` may be without masks. Training
    samples are lists also without references, so that pairs and single frames
    share one pipeline. See :class:`.video_base.VideoPanopticDataset` for the
    arguments.
    """

    read_id_map = staticmethod(read_vspw_mask)
    image_folder = 'data/{}/origin'
    ground_truth_type: Type[VSPWGroundTruth] = VSPWGroundTruth

    def __init__(self, *args: Any, label_space: str = 'vspw', **kwargs: Any) -> None:
        super().__init__(*args, label_space=label_space, **kwargs)

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        root, records = Path(self.data_root), []
        for video, name in enumerate(read_split(root, self.split)):
            folder = root / self.image_folder.format(name)
            images = frame_files(folder, '.jpg', '.png')
            if not images:
                raise ValueError(f'{folder}: no FFFFFFFF.jpg in it; complete the video or take it off {self.split}.txt')
            masks = root / self.ground_truth_type.mask_folder.format(name)
            records += [FrameRecord(video, frame, str(image), (str(masks / f'{image.stem}.png'), ), position == 0)
                        for position, (frame, image) in enumerate(images.items())]
        return records

    def sample(self, index: int) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
        """A list of key and reference, of the key alone without ``ref_seq_index``; a frame in test mode."""
        sample = super().sample(index)
        return sample if self.test_mode or isinstance(sample, list) else [sample]

    def ground_truth(self) -> VSPWGroundTruth:
        """The masks of the split as the evaluators read them."""
        return self.ground_truth_type(self.data_root, self.split)


@DATASETS.register_module()
class VIPSegSemanticDataset(VSPWDataset):
    """VIPSeg as a semantic data set: ``images/<video>``, ``panomasks/<video>``, in the classes of VSPW."""

    read_id_map = staticmethod(read_vipseg_semantic)
    image_folder = 'images/{}'
    ground_truth_type = VIPSegSemanticGroundTruth
