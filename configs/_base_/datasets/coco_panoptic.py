# COCO panoptic: 80 things + 53 stuff classes, one scale. The things to learn from are those of the instance json.
_base_ = '../pipelines/images.py'
data_root = 'data/coco'


def _split(name, **more):
    """Return the data set of a split."""
    return dict(
        type='CocoPanopticDatasetCustom',
        data_root=data_root,
        ann_file=dict(
            ins_ann=f'annotations/instances_{name}2017.json', panoptic_ann=f'annotations/panoptic_{name}2017.json'
        ),
        img_prefix=f'{name}2017',
        **more,
    )


_train = _split('train', seg_prefix='panoptic_stuff_train2017', pipeline={{_base_.coco_panoptic_train}})
_val = _split('val', seg_prefix='panoptic_val2017', test_mode=True, pipeline={{_base_.coco_test}})
_repeated = dict(type='RepeatDataset', times=1, dataset=_train)
data = dict(samples_per_gpu=2, workers_per_gpu=2, train=_repeated, val=_val, test=_val)
evaluation = dict(interval=1, metric=['PQ', 'segm'])
