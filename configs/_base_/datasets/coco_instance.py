# COCO instance segmentation: 80 things, one scale.
data_root = 'data/coco'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', img_scale=(1333, 800), keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='FilterAnnotations', by_box=False, by_mask=True, keep_empty=False),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        img_scale=(1333, 800),
        flip=False,
        transforms=[
            dict(type='Resize', keep_ratio=True),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='Pad', size_divisor=32),
            dict(type='ImageToTensor', keys=['img']),
            dict(
                type='Collect',
                keys=['img'],
                meta_keys=(
                    'filename',
                    'ori_filename',
                    'ori_shape',
                    'img_shape',
                    'pad_shape',
                    'scale_factor',
                    'img_norm_cfg',
                ),
            ),
        ],
    ),
]
val_data = dict(
    type='CocoInstanceDataset',
    data_root=data_root,
    ann_file='annotations/instances_val2017.json',
    img_prefix='val2017',
    test_mode=True,
    pipeline=test_pipeline,
)
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(
            type='CocoInstanceDataset',
            data_root=data_root,
            ann_file='annotations/instances_train2017.json',
            img_prefix='train2017',
            pipeline=train_pipeline,
        ),
    ),
    val=val_data,
    test=val_data,
)
evaluation = dict(interval=1, metric=['segm'])
