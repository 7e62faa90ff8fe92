# Image K-Net in toy size, on toy streets in the Cityscapes-STEP layout.
_base_ = [
    '../_base_/models/knet_s3_r50_fpn_step.py',
    '../_base_/models/toy_size.py',
    '../_base_/datasets/cityscapes_step.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
model = {{_base_.toy_size}}
data_root = 'data/toy/cityscapes-step'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadImgDirect'),
    dict(type='LoadAnnotationsInstanceMasks'),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='KNetInsAdapterCherryPick'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='FrameCollect', keys=['img', 'gt_masks', 'gt_labels', 'gt_semantic_seg']),
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(times=1, dataset=dict(data_root=data_root, pipeline=train_pipeline)),
    val=dict(data_root=data_root),
    test=dict(data_root=data_root),
)
runner = dict(type='EpochBasedRunner', max_epochs=2)
