# Video K-Net, R-50, on KITTI-STEP without kernel linking; things are compared by RoI features, as in QDTrack.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_r50_kitti_step_roi.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/kitti_step_roi --load-from work_dirs/knet_step_r50
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
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
