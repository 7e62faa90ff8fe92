# Video K-Net, R-50, on KITTI-STEP; start from image K-Net with --load-from.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_step.py',
    '../../_base_/datasets/kitti_step_vps.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
