# As the config of Swin-B, with Swin-L.
_base_ = './video_knet_s3_swinb_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_update.py'
model = dict(backbone={{_base_.swin_l}}, neck=dict(in_channels={{_base_.swin_l_channels}}))
