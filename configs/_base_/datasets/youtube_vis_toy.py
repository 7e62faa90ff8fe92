# Toy streets in the layout of YouTube-VIS 2019, at their own size; the validation videos have ground truth.
_base_ = './youtube_vis_2019.py'
data_root = 'data/toy/youtube-vis'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadMultiImagesFromFile'),
    dict(type='SeqLoadAnnotations', with_bbox=False, with_mask=True, with_track=True),
    dict(type='SeqRandomFlip', share_params=True, flip_ratio=0.5),
    dict(type='SeqNormalize', **img_norm_cfg),
    dict(type='SeqPad', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_labels', 'gt_masks', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences', with_key=False),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
test_pipeline = [
    dict(type='LoadMultiImagesFromFile'),
    dict(type='MultiScaleFlipAugVideo', img_scale=(224, 128), flip=False, transforms={{_base_.test_transforms}}),
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(data_root=data_root, pipeline=train_pipeline),
    val=dict(data_root=data_root, pipeline=test_pipeline),
    test=dict(data_root=data_root, pipeline=test_pipeline),
)
evaluation = dict(interval=1, metric=['segm'], save_best='AP')
