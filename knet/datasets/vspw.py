"""VSPW, and VIPSeg read as VSPW: videos whose classes are all stuff."""

from typing import Any, Dict, List, Union

from mmdet.datasets.builder import DATASETS

from knet.layouts.vspw import VIPSegSemanticGroundTruth, VSPWGroundTruth

from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class VSPWDataset(VideoPanopticDataset):
    """Videos in the layout of VSPW.

    Only the split ``'test'`` may be without masks. Training samples are lists also without references, so that pairs
    and single frames share one pipeline. See :mod:`knet.layouts.vspw` for the files and
    :class:`.video_base.VideoPanopticDataset` for the arguments.
    """

    layout = VSPWGroundTruth

    def sample(self, index: int) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
        """Return a list of key and reference, of the key alone without ``ref_seq_index``; a frame in test mode."""
        sample = super().sample(index)
        return sample if self.test_mode or isinstance(sample, list) else [sample]


@DATASETS.register_module()
class VIPSegSemanticDataset(VSPWDataset):
    """VIPSeg as a semantic data set in the classes of VSPW; arguments are those of :class:`VSPWDataset`."""

    layout = VIPSegSemanticGroundTruth
