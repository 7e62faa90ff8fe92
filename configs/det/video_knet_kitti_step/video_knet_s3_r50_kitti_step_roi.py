# Without kernel linking; things are compared by RoI features, as in QDTrack.
_base_ = './video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
model = dict(
    type='VideoKNetQuansiTrackROIGTBox',
    link_previous=False,
    roi_head=dict(mask_head=dict(previous_type=None)),
    bbox_roi_extractor=dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
        featmap_strides=[4, 8, 16, 32],
    ),
    track_head=dict(
        num_convs=4, num_fcs=1, roi_feat_size=7, fc_out_channels=1024, norm_cfg=dict(type='GN', num_groups=32)
    ),
)
