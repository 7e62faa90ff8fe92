# Image K-Net, R-50, on Cityscapes panoptic: pre-training of the Cityscapes-VPS model.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_panoptic.py',
    '../common/mstrain_64e_city_panoptic.py',
    '../../_base_/default_runtime.py',
]
model = dict(label_space='cityscapes_panoptic', backbone=dict(norm_cfg=dict(type='SyncBN')))
