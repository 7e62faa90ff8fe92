"""Archives and conversions of the data sets that image models are pre-trained on."""

from _reproduce.plan import Archive, Conversion, Count

CITYSCAPES_SITE = 'the Cityscapes site (www.cityscapes-dataset.com, an account is needed)'
_COCO_SITE = 'the COCO site (cocodataset.org/#download)'


def _cityscapes(kind: str, size: str, ending: str) -> Archive:
    return Archive(
        names=(f'{kind}_trainvaltest.zip',),
        origin=CITYSCAPES_SITE,
        into='{data}/cityscapes',
        parts=(kind, 'license.txt'),
        only=('license.txt', f'{kind}/train/*', f'{kind}/val/*'),
        counts=(Count(f'{kind}/train/*/{ending}', 2975), Count(f'{kind}/val/*/{ending}', 500)),
        size=size,
    )


CITYSCAPES = (
    _cityscapes('leftImg8bit', '11 GB', '*_leftImg8bit.png'),
    _cityscapes('gtFine', '241 MB', '*_gtFine_polygons.json'),
)
CITYSCAPES_MAPS = Conversion(
    'cityscapes', 'tools/dataset/cityscapes_instance_idmap.py {data}/cityscapes --nproc {nproc}'
)
CITYSCAPES_PANOPTIC = Conversion(
    'cityscapes-panoptic', 'tools/dataset/cityscapes_panoptic.py --src {data}/cityscapes --nproc {nproc}'
)

COCO = (
    Archive(
        ('train2017.zip',),
        _COCO_SITE,
        '{data}/coco',
        ('train2017',),
        counts=(Count('train2017/*', 118287),),
        size='18 GB',
    ),
    Archive(('val2017.zip',), _COCO_SITE, '{data}/coco', ('val2017',), counts=(Count('val2017/*', 5000),), size='1 GB'),
    Archive(
        ('annotations_trainval2017.zip',),
        _COCO_SITE,
        '{data}/coco',
        ('annotations',),
        only=('annotations/instances_*',),
        size='241 MB',
    ),
)
COCO_PANOPTIC = (
    *COCO,
    Archive(
        ('panoptic_annotations_trainval2017.zip',),
        _COCO_SITE,
        '{data}/coco',
        ('annotations',),
        inner=('annotations/panoptic_train2017.zip', 'annotations/panoptic_val2017.zip'),
        counts=(Count('panoptic_train2017/*', 118287), Count('panoptic_val2017/*', 5000)),
        size='821 MB',
    ),
)
COCO_STUFF = Conversion('coco', 'tools/dataset/coco_panoptic_stuff.py --src {data}/coco --nproc {nproc}')
