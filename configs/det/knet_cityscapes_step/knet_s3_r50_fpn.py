# Image K-Net, R-50, on Cityscapes-STEP: pre-training of the KITTI-STEP video models.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_step.py',
    '../../_base_/datasets/cityscapes_step.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
