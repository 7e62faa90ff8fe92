# As the joint training, with segmentation losses on the key frame only.
_base_ = './video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
model = dict(type='VideoKNetQuansiEmbedFC')
