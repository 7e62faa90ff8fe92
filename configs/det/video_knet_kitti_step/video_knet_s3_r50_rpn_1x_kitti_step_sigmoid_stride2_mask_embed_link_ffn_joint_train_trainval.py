# Video K-Net, R-50, on all labelled videos of KITTI-STEP: the model for the server, see docs/kitti_step.md.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train_trainval.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/kitti_step_trainval --no-validate --load-from work_dirs/knet_step_r50
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_step.py',
    '../../_base_/datasets/kitti_step_vps_trainval.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
