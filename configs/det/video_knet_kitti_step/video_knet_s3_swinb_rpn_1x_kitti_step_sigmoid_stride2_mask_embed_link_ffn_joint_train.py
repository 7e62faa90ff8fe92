# Video K-Net, Swin-B, on KITTI-STEP; start from image K-Net with --load-from.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_step.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/kitti_step_vps.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
