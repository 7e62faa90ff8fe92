# Video K-Net, R-50, on Cityscapes-VPS; start from image K-Net on Cityscapes panoptic with --load-from.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_panoptic.py',
    '../../_base_/datasets/cityscapes_vps_clips.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
