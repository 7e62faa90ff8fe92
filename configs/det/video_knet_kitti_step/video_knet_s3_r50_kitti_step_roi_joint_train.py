# RoI features, with segmentation losses on key and reference frame.
_base_ = './video_knet_s3_r50_kitti_step_roi.py'
model = dict(type='VideoKNetQuansiTrackROIGTBoxJointTrain')
