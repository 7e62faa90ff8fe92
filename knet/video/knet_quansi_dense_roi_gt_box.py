"""Video K-Net with embeddings of RoI features, as in QDTrack, an alternative to embeddings of kernels."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiTrackROIGTBox(VideoKNet):
    """:class:`VideoKNet` that compares features in boxes around masks.

    Args:
        bbox_roi_extractor: Config of the RoI extractor.
        ref_losses, semantic_filter, **kwargs: Other arguments of :class:`VideoKNet`.
    """

    def __init__(
        self, bbox_roi_extractor: dict, ref_losses: bool = False, semantic_filter: bool = False, **kwargs
    ) -> None:
        super().__init__(
            embedding=dict(type='roi', roi_extractor=bbox_roi_extractor),
            ref_losses=ref_losses,
            semantic_filter=semantic_filter,
            **kwargs,
        )


@DETECTORS.register_module()
class VideoKNetQuansiTrackROIGTBoxJointTrain(VideoKNetQuansiTrackROIGTBox):
    """:class:`VideoKNetQuansiTrackROIGTBox` with losses on key and reference frame."""

    def __init__(self, ref_losses: bool = True, **kwargs) -> None:
        super().__init__(ref_losses=ref_losses, **kwargs)
