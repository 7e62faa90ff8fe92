"""What tools and programs call: train, test, use.

* Build: ``config``, ``config_keys``, ``original_names``, ``agreement``, ``checkpoint``.
* Train: ``train`` with its ``runner``, ``eval_hook``, ``screen``; what checks it before it begins: ``training_config``,
  ``validation``; what keeps it safe: ``finite``, ``preemption``, ``resuming``, ``averaging``, ``optimizer_state``.
* Test: ``test`` by the kind of model, ``streams``, ``clips``, ``images``; ``scoring``, ``drawing``, ``class_filter``.
* Use: ``inference``, ``sources``, ``stream_entry``.
* Shared: ``loader``, ``running``, ``optimize``, ``graphs``, ``distributed``, ``job``.
"""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from knet.apis.checkpoint import CheckpointError, LoadReport, load_checkpoint, read_checkpoint, resolve_checkpoint
from knet.apis.config import build_data, build_model, load_config
from knet.apis.images import run_images
from knet.apis.inference import SegmenterState, VideoSegmenter, init_model
from knet.apis.optimize import optimize_model
from knet.apis.scoring import score_videos
from knet.apis.streams import stream_videos
from knet.apis.train import train

__all__ = [
    'CheckpointError',
    'LoadReport',
    'SegmenterState',
    'VideoSegmenter',
    'build_data',
    'build_model',
    'init_model',
    'load_checkpoint',
    'load_config',
    'optimize_model',
    'read_checkpoint',
    'resolve_checkpoint',
    'run_images',
    'score_videos',
    'stream_videos',
    'train',
]
