# COCO instance segmentation: 80 things, one scale.
_base_ = '../pipelines/images.py'
data_root = 'data/coco'


def _split(name, **more):
    """Return the data set of a split."""
    files = dict(ann_file=f'annotations/instances_{name}2017.json', img_prefix=f'{name}2017')
    return dict(type='CocoInstanceDataset', data_root=data_root, **files, **more)


_train = _split('train', pipeline={{_base_.coco_instance_train}})
_val = _split('val', test_mode=True, pipeline={{_base_.coco_test}})
_repeated = dict(type='RepeatDataset', times=1, dataset=_train)
data = dict(samples_per_gpu=2, workers_per_gpu=2, train=_repeated, val=_val, test=_val)
evaluation = dict(interval=1, metric=['segm'])
