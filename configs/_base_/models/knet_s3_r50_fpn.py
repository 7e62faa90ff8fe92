# Image K-Net for instance segmentation: a label space without stuff, masks may overlap and need no ranking.
_base_ = './knet_s3_r50_fpn_panoptic.py'
model = dict(
    label_space='coco',
    rpn_head=dict(loss_rank=None),
    roi_head=dict(mask_head=dict(loss_rank=None)),
    test_cfg=dict(rcnn=dict(_delete_=True, max_per_img=100, mask_thr=0.5)),
)
