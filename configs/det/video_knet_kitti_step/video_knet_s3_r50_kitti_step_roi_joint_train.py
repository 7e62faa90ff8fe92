# Video K-Net, R-50, on KITTI-STEP with RoI features and segmentation losses on both frames of a pair.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_r50_kitti_step_roi_joint_train.py
#   sh ./tools/dist_train.sh kitti_step $CONFIG 8 work_dirs/kitti_step_roi_joint --load-from work_dirs/knet_step_r50
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs with 1 pair each (README.md), time not known.
# Trained here: no.
_base_ = './video_knet_s3_r50_kitti_step_roi.py'
model = dict(type='VideoKNetQuansiTrackROIGTBoxJointTrain')
