# Video K-Net, Swin-L, on KITTI-STEP; features update the kernels before one link, and the track head is shorter.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_swinl_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_update_conv_short_track_fc.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/swin_l_short --load-from work_dirs/knet_step_swin_l
# Starts from: configs/det/knet_cityscapes_step/knet_s3_swin_l_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
_base_ = './video_knet_s3_swinl_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_update.py'
model = dict(roi_head=dict(mask_head=dict(previous_type='ffn')), track_head=dict(num_fcs=1))
