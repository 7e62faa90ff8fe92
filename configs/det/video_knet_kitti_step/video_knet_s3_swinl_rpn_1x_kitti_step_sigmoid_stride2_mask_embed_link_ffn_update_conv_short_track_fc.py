# Video K-Net, Swin-L, on KITTI-STEP; update before the segmentation link only, one layer less in the track head.
_base_ = './video_knet_s3_swinl_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_update.py'
model = dict(roi_head=dict(mask_head=dict(previous_type='ffn')), track_head=dict(num_fcs=1))
