# Video K-Net, Swin-B, on KITTI-STEP; previous kernels are updated with features of the frame before both links.
_base_ = './video_knet_s3_swinb_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
model = dict(roi_head=dict(mask_head=dict(previous_type='update', previous_link='update_dynamic_cov')))
