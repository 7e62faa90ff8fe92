"""VSPW, and VIPSeg read as VSPW: videos whose classes are all stuff."""

from pathlib import Path
from typing import Any, Dict, List, Type, Union

from mmdet.datasets.builder import DATASETS

from knet.layouts.ground_truth import read_video_list
from knet.layouts.vspw import VIPSegSemanticGroundTruth, VSPWGroundTruth, frame_files

from .base import FrameRecord
from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class VSPWDataset(VideoPanopticDataset):
    """Videos in the layout of VSPW, see :mod:`knet.layouts.vspw`.

    The number of a video is its line in ``<split>.txt``, from 0. Frames are
    JPEG or PNG. Only the split ``'test'`` may be without masks. Training
    samples are lists also without references, so that pairs and single frames
    share one pipeline. See :class:`.video_base.VideoPanopticDataset` for the
    arguments.
    """

    truth: Type[VSPWGroundTruth] = VSPWGroundTruth
    image_folder = 'data/{}/origin'

    @property
    def video_names(self) -> Dict[int, str]:
        """The folder names of the videos, by number."""
        return dict(enumerate(read_video_list(self.data_root, self.split)))

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        root, records = Path(self.data_root), []
        for video, name in self.video_names.items():
            folder = root / self.image_folder.format(name)
            images = frame_files(folder, '.jpg', '.png')
            if not images:
                raise ValueError(f'{folder}: no FFFFFFFF.jpg in it; complete the video or take it off {self.split}.txt')
            masks = root / self.truth.mask_folder.format(name)
            records += [
                FrameRecord(video, frame, str(image), (str(masks / f'{image.stem}.png'),), position == 0)
                for position, (frame, image) in enumerate(images.items())
            ]
        return records

    def sample(self, index: int) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
        """A list of key and reference, of the key alone without ``ref_seq_index``; a frame in test mode."""
        sample = super().sample(index)
        return sample if self.test_mode or isinstance(sample, list) else [sample]


@DATASETS.register_module()
class VIPSegSemanticDataset(VSPWDataset):
    """VIPSeg as a semantic data set: ``images/<video>``, ``panomasks/<video>``, in the classes of VSPW."""

    truth = VIPSegSemanticGroundTruth
    image_folder = 'images/{}'
