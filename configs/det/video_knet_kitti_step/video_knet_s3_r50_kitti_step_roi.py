# Without kernel linking; things are compared by RoI features, as in QDTrack.
_base_ = './video_knet_s3_r50_kitti_step_mask_pool.py'
model = dict(
    type='VideoKNetQuansiTrackROIGTBox',
    bbox_roi_extractor=dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
        featmap_strides=[4, 8, 16, 32],
    ),
    track_head=dict(
        num_convs=4, num_fcs=1, roi_feat_size=7, fc_out_channels=1024, norm_cfg=dict(type='GN', num_groups=32)
    ),
)
