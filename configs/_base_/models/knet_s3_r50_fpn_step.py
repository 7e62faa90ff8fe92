# Image K-Net for KITTI-STEP and Cityscapes-STEP: 2 things + 17 stuff classes.
_base_ = './knet_s3_r50_fpn_panoptic.py'
model = dict(
    label_space='kitti_step',
    # Published numbers contain that pixels of no segment become class 0; see docs/faithfulness.md.
    test_cfg=dict(rcnn=dict(unassigned='class0')),
)
