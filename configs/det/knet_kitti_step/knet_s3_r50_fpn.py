# Image K-Net, R-50, on the frames of KITTI-STEP: the base of the toy experiment, or a second pre-training.
# Run:
#   CONFIG=configs/det/knet_kitti_step/knet_s3_r50_fpn.py
#   sh ./tools/dist_train.sh knet_kitti $CONFIG 8 work_dirs/knet_kitti_r50 --load-from work_dirs/knet_step_r50
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_step.py',
    '../../_base_/datasets/kitti_step_images.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
