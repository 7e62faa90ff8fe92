"""Data sets of videos: pairs of frames for training, streams for testing."""

from typing import Any, Dict, List, Optional, Sequence, Type, Union

import numpy as np

from knet.labels import AnyLabelSpace
from knet.layouts.base import VideoGroundTruth

from .base import PanopticDataset


class VideoPanopticDataset(PanopticDataset):
    """Videos with panoptic labels.

    A training sample is ``[key, reference]`` if ``ref_seq_index`` is given, else one frame. The reference is drawn at
    every access from NumPy's generator, so the workers' seeds decide. Offsets count the frames that exist: in a video
    of frames 4, 7 and 9, the neighbours of 7 are 4 and 9. Where no offset leads to a frame, as in a video of one frame,
    the key is its own reference.

    Args:
        pipeline: Transforms; of lists of frames if there are references.
        data_root: Folder of the data set.
        split: Name of the part.
        ref_seq_index: Offsets of possible references, e.g. ``(-2, -1, 1, 2)``.
        test_mode: One frame per sample.
        label_space: The classes of the label files, see :class:`.base.PanopticDataset`.
    """

    layout: Type[VideoGroundTruth]

    def __init__(
        self,
        pipeline: Sequence[Dict[str, Any]],
        data_root: str,
        split: str = 'train',
        ref_seq_index: Optional[Sequence[int]] = None,
        test_mode: bool = False,
        label_space: Optional[AnyLabelSpace] = None,
    ) -> None:
        super().__init__(pipeline, data_root, split=split, test_mode=test_mode, label_space=label_space)
        self.ref_seq_index = tuple(ref_seq_index or ())
        self._span = {
            index: (indices[0], indices[-1]) for indices in self.video_indices().values() for index in indices
        }

    @property
    def video_names(self) -> Dict[int, str]:
        """Names of the videos by number; empty where they only have numbers."""
        return self.layout.video_names(self.data_root, self.split)

    def ground_truth(self) -> VideoGroundTruth:
        """Return the labels of the split as the video evaluators read them."""
        return self.layout(self.data_root, self.split, self.label_space)

    def draw_reference(self, index: int) -> int:
        """Return the dataset index of a random reference of a key frame."""
        first, last = self._span[index]
        candidates = [index + offset for offset in self.ref_seq_index if first <= index + offset <= last]
        return int(np.random.choice(candidates)) if candidates else index

    def sample(self, index: int) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
        """Return a frame, or a list of key and reference."""
        if self.test_mode or not self.ref_seq_index:
            return self.frame(index)
        return [self.frame(index), self.frame(self.draw_reference(index))]
