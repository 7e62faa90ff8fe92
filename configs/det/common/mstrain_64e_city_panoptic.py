# Cityscapes panoptic, crops of 1024 x 2048 from images at half to twice their size; 8 epochs of eight passes = 64.
_base_ = ['../../_base_/datasets/cityscapes_panoptic.py', '../../_base_/schedules/schedule_8e.py']
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadThingStuffAnnotations'),
    dict(type='Resize', img_scale=[(512, 1024), (2048, 4096)], multiscale_mode='range', keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='RandomCrop', crop_size=(1024, 2048), allow_negative_crop=True),
    dict(type='FilterAnnotations', by_box=False, by_mask=True, keep_empty=False),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks', 'gt_semantic_seg']),
]
data = dict(train=dict(dataset=dict(pipeline=train_pipeline)))
lr_config = dict(warmup_iters=500)
