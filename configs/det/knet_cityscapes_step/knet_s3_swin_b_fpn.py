# Image K-Net, Swin-B, on Cityscapes-STEP: pre-training of the KITTI-STEP video models.
# Run:
#   CONFIG=configs/det/knet_cityscapes_step/knet_s3_swin_b_fpn.py
#   sh ./tools/dist_train.sh knet_step $CONFIG 8 work_dirs/knet_step_swin_b --load-from CHECKPOINT
# Starts from: weights of the backbone in a checkpoint that --load-from names, see docs/backbones.md.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_step.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/cityscapes_step.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
data = dict(samples_per_gpu=1)
