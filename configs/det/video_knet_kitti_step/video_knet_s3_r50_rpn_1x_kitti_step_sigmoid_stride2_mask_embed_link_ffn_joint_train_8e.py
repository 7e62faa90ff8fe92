# Video K-Net, R-50, on KITTI-STEP in 8 epochs instead of 12.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train_8e.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/kitti_step_r50_8e --load-from work_dirs/knet_step_r50
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
_base_ = './video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
lr_config = dict(step=[7])
runner = dict(max_epochs=8)
