# Pipelines for toy streets in COCO's form: pictures as they are. A leaf file says `pipeline={{_base_.toy_...}}`.
toy_img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
toy_instance_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **toy_img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks']),
]
toy_panoptic_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadThingStuffAnnotations'),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **toy_img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks', 'gt_semantic_seg']),
]
toy_test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        scale_factor=[1.0],
        flip=False,
        transforms=[
            dict(type='Normalize', **toy_img_norm_cfg),
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
