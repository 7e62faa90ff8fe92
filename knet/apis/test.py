"""Running and scoring trained models; the functions live in the modules named below."""

from knet.apis.clips import open_video_store, predict_videos
from knet.apis.drawing import draw_overlay
from knet.apis.images import run_images
from knet.apis.scoring import run_identity, score_videos
from knet.apis.streams import close_store, open_store, stream_videos

__all__ = [
    'close_store',
    'draw_overlay',
    'open_store',
    'open_video_store',
    'predict_videos',
    'run_identity',
    'run_images',
    'score_videos',
    'stream_videos',
]
