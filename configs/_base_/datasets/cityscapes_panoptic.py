# Cityscapes panoptic: 8 things + 11 stuff classes, images of 1024 x 2048.
_base_ = '../pipelines/images.py'
data_root = 'data/cityscapes'
_data_set = dict(type='CityscapesPanopticDataset', data_root=data_root)
val_data = dict(
    **_data_set,
    ann_file=dict(
        ins_ann='annotations/instancesonly_filtered_gtFine_val.json',
        panoptic_ann='annotations/cityscapes_panoptic_val.json',
    ),
    img_prefix='leftImg8bit/val',
    seg_prefix='gtFine/cityscapes_panoptic_val',
    test_mode=True,
    pipeline={{_base_.cityscapes_panoptic_test}},
)
train_data = dict(
    **_data_set,
    ann_file=dict(
        ins_ann='annotations/instancesonly_filtered_gtFine_train.json',
        panoptic_ann='annotations/cityscapes_panoptic_train.json',
    ),
    img_prefix='leftImg8bit/train',
    seg_prefix='gtFine/train',
    pipeline={{_base_.cityscapes_panoptic_train}},
)
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(type='RepeatDataset', times=8, dataset=train_data),
    val=val_data,
    test=val_data,
)
evaluation = dict(interval=1, metric=['PQ', 'segm'])
