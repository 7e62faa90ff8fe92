"""Narrow networks of published configs whose predictions have things to track, on the pretended device."""

import torch
from mmcv import Config
from mmdet.models import build_detector
from torch import nn

from tests.test_configs import load, shrunken

KITTI_STEP = (
    'det/video_knet_kitti_step/video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
)
COCO = 'det/coco/knet_s3_r50_fpn_ms-3x_coco.py'
COCO_PANOPTIC = 'det/coco/knet_s3_r50_fpn_ms-3x_coco-panoptic.py'
YOUTUBE_VIS = 'video_knet_vis/video_knet_vis/knet_track_r50_1x_youtubevis.py'

#: Thresholds that let random masks pass.
_LIVELY = {
    KITTI_STEP: {
        'model.test_cfg.rcnn.merge_stuff_thing.instance_score_thr': 0.0,
        'model.test_cfg.rcnn.merge_stuff_thing.overlap_thr': 0.0,
        'model.tracker.init_score_thr': 0.0,
        'model.tracker.obj_score_thr': 0.0,
        'model.tracker.match_score_thr': 0.1,
    }
}


def narrow_model(name: str) -> nn.Module:
    """Return the network of a config with a narrow backbone, seeded weights and lively things."""
    cfg = Config(dict(model=shrunken(load(name))))
    cfg.merge_from_dict(_LIVELY.get(name, {}))
    torch.manual_seed(0)
    model = build_detector(cfg.model)
    model.init_weights()
    with torch.no_grad():
        for head in model.roi_head.mask_head:
            head.fc_cls.bias[: head.num_thing_classes] += 4
    return model
