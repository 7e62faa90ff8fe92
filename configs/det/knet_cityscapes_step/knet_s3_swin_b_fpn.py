# Image K-Net, Swin-B, on Cityscapes-STEP: pre-training of the KITTI-STEP video models.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_step.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/cityscapes_step.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
data = dict(samples_per_gpu=1)
