# Cityscapes panoptic: 8 things + 11 stuff classes, images of 1024 x 2048.
_base_ = '../pipelines/images.py'
data_root = 'data/cityscapes'


def _annotations(split):
    """Return the two json files of a split."""
    return dict(
        ins_ann=f'annotations/instancesonly_filtered_gtFine_{split}.json',
        panoptic_ann=f'annotations/cityscapes_panoptic_{split}.json',
    )


_data_set = dict(type='CityscapesPanopticDataset', data_root=data_root)
_train = dict(
    **_data_set,
    ann_file=_annotations('train'),
    img_prefix='leftImg8bit/train',
    seg_prefix='gtFine/train',
    pipeline={{_base_.cityscapes_panoptic_train}},
)
_val = dict(
    **_data_set,
    ann_file=_annotations('val'),
    img_prefix='leftImg8bit/val',
    seg_prefix='gtFine/cityscapes_panoptic_val',
    test_mode=True,
    pipeline={{_base_.cityscapes_panoptic_test}},
)
_repeated = dict(type='RepeatDataset', times=8, dataset=_train)
data = dict(samples_per_gpu=2, workers_per_gpu=2, train=_repeated, val=_val, test=_val)
evaluation = dict(interval=1, metric=['PQ', 'segm'])
