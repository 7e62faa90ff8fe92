# Image K-Net, R-50, on Cityscapes-STEP: pre-training of the KITTI-STEP video models.
# Run:
#   CONFIG=configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py
#   sh ./tools/dist_train.sh knet_step $CONFIG 8 work_dirs/knet_step_r50
# Starts from: R-50 pretrained on ImageNet (torchvision), which is downloaded.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_step.py',
    '../../_base_/datasets/cityscapes_step.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
