# COCO instance segmentation, short side 640 to 800; 12 epochs of three passes = 36.
_base_ = ['../../_base_/datasets/coco_instance.py', '../../_base_/schedules/schedule_12e.py']
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', img_scale=[(1333, 640), (1333, 800)], multiscale_mode='range', keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='FilterAnnotations', by_box=False, by_mask=True, keep_empty=False),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks']),
]
data = dict(train=dict(times=3, dataset=dict(pipeline=train_pipeline)))
