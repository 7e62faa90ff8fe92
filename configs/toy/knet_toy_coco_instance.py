# Image K-Net in toy size, on toy streets in the layout and with the classes of COCO instance segmentation.
_base_ = [
    '../_base_/models/knet_toy_panoptic.py',
    '../_base_/datasets/coco_instance.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/toy/coco'
model = dict(
    label_space='coco',
    rpn_head=dict(loss_rank=None),
    roi_head=dict(mask_head=dict(loss_rank=None)),
    test_cfg=dict(rcnn=dict(_delete_=True, max_per_img=16, mask_thr=0.5)))
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_labels', 'gt_masks']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        scale_factor=[1.0],
        flip=False,
        transforms=[
            dict(type='Normalize', **img_norm_cfg),
            dict(type='Pad', size_divisor=32),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img'], meta_keys=(
                'filename', 'ori_filename', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'img_norm_cfg')),
        ])
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(times=1, dataset=dict(data_root=data_root, pipeline=train_pipeline)),
    val=dict(data_root=data_root, pipeline=test_pipeline),
    test=dict(data_root=data_root, pipeline=test_pipeline))
evaluation = dict(save_best='segm_mAP')
runner = dict(type='EpochBasedRunner', max_epochs=2)
