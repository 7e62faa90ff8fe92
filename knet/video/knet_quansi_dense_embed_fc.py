"""Video K-Net with learned embeddings that uses the reference frame only for the association."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiEmbedFC(VideoKNet):
    """:class:`VideoKNet` with learned embeddings and segmentation losses on the key frame only."""

    def __init__(self, ref_losses: bool = False, **kwargs) -> None:
        super().__init__(ref_losses=ref_losses, **kwargs)
