# Cityscapes panoptic: 8 things + 11 stuff classes, images of 1024 x 2048.
data_root = 'data/cityscapes'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadThingStuffAnnotations'),
    dict(type='Resize', img_scale=[(2048, 800), (2048, 1024)], multiscale_mode='range', keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='FilterAnnotations', by_box=False, by_mask=True, keep_empty=False),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks', 'gt_semantic_seg']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        img_scale=(2048, 1024),
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
    type='CityscapesPanopticDataset',
    data_root=data_root,
    ann_file=dict(
        ins_ann='annotations/instancesonly_filtered_gtFine_val.json',
        panoptic_ann='annotations/cityscapes_panoptic_val.json',
    ),
    img_prefix='leftImg8bit/val',
    seg_prefix='gtFine/cityscapes_panoptic_val',
    test_mode=True,
    pipeline=test_pipeline,
)
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        type='RepeatDataset',
        times=8,
        dataset=dict(
            type='CityscapesPanopticDataset',
            data_root=data_root,
            ann_file=dict(
                ins_ann='annotations/instancesonly_filtered_gtFine_train.json',
                panoptic_ann='annotations/cityscapes_panoptic_train.json',
            ),
            img_prefix='leftImg8bit/train',
            seg_prefix='gtFine/train',
            pipeline=train_pipeline,
        ),
    ),
    val=val_data,
    test=val_data,
)
evaluation = dict(interval=1, metric=['PQ', 'segm'])
