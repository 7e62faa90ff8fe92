# Video K-Net for KITTI-STEP: 2 things + 17 stuff classes.
_base_ = './video_knet_s3_r50_fpn_panoptic.py'
model = dict(label_space='kitti_step')
