# Video K-Net, Swin-L, on KITTI-STEP; features of the frame update the previous kernels before both links.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_swinl_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_update.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/swin_l_update --load-from work_dirs/knet_step_swin_l
# Starts from: configs/det/knet_cityscapes_step/knet_s3_swin_l_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
_base_ = './video_knet_s3_swinb_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_update.py'
model = dict(backbone={{_base_.swin_l}}, neck=dict(in_channels={{_base_.swin_l_channels}}))
