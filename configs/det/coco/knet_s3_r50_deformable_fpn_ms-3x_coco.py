# Image K-Net, R-50 with a deformable pixel decoder, on COCO instances.
_base_ = [
    '../../_base_/models/knet_s3_r50_deformable_fpn.py',
    '../common/mstrain_3x_coco_instance.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
