# COCO instance segmentation: 80 things, one scale.
_base_ = '../pipelines/images.py'
data_root = 'data/coco'


def _split(name, **more):
    """Return the data set of a split."""
    return dict(
        type='CocoInstanceDataset',
        data_root=data_root,
        ann_file=f'annotations/instances_{name}2017.json',
        img_prefix=f'{name}2017',
        **more,
    )


val_data = _split('val', test_mode=True, pipeline={{_base_.coco_test}})
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(type='RepeatDataset', times=1, dataset=_split('train', pipeline={{_base_.coco_instance_train}})),
    val=val_data,
    test=val_data,
)
evaluation = dict(interval=1, metric=['segm'])
