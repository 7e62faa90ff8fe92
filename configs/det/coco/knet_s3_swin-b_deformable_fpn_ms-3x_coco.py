# Image K-Net, Swin-B (pretrained on ImageNet-22k) with a deformable pixel decoder, on COCO instances.
_base_ = [
    '../../_base_/models/knet_s3_r50_deformable_fpn.py',
    '../../_base_/models/swin.py',
    '../common/mstrain_3x_coco_instance.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone={{_base_.swin_b_22k}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
