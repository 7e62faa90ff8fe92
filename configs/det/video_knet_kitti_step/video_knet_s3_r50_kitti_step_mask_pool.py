# Without kernel linking; things are compared by the features under their masks.
_base_ = './video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
model = dict(type='VideoKNetQuansiTrack', link_previous=False, roi_head=dict(mask_head=dict(previous_type=None)))
