# Image K-Net, R-50, on COCO instances: pre-training of the VIS models.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn.py',
    '../common/mstrain_3x_coco_instance.py',
    '../../_base_/default_runtime.py',
]
