# Video K-Net for VIPSeg: 58 things + 66 stuff classes.
_base_ = './video_knet_s3_r50_fpn_panoptic.py'
model = dict(label_space='vipseg')
