# Pipelines of single images in the form of COCO; a data set takes one as `pipeline={{_base_.coco_instance_train}}`.
# Training pipelines differ in what they load and in the scales and crops. The functions stay in this file: mmcv hands
# values on to other configs, not functions.
_normalize = dict(type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
# Labels belong to the pixels as they are stored, whatever the orientation tag of the file says.
_load = dict(type='LoadImageFromFile', color_type='color_ignore_orientation')
_things = dict(type='LoadAnnotations', with_bbox=True, with_mask=True)
_things_and_stuff = dict(type='LoadThingStuffAnnotations')
_instance_keys = ['img', 'gt_labels', 'gt_masks']
_panoptic_keys = [*_instance_keys, 'gt_semantic_seg']
_meta_keys = ('filename', 'ori_filename', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'img_norm_cfg')
_flip = dict(type='RandomFlip', flip_ratio=0.5)
_drop_empty_masks = dict(type='FilterAnnotations', by_box=False, by_mask=True, keep_empty=False)


def _resize(*scales):
    """Return the step that resizes to one scale, or to one drawn from the range of two."""
    if len(scales) == 1:
        return dict(type='Resize', img_scale=scales[0], keep_ratio=True)
    return dict(type='Resize', img_scale=list(scales), multiscale_mode='range', keep_ratio=True)


def _train(annotations, keys, *augmentation):
    """Return a training pipeline: load, augment, normalise, collect."""
    return [
        _load,
        annotations,
        *augmentation,
        _normalize,
        dict(type='PadFutureMMDet', size_divisor=32),
        dict(type='DefaultFormatBundle'),
        dict(type='Collect', keys=keys),
    ]


def _test(*resize, **scale):
    """Return a test pipeline without augmentation."""
    collect = dict(type='Collect', keys=['img'], meta_keys=_meta_keys)
    transforms = [
        *resize,
        _normalize,
        dict(type='Pad', size_divisor=32),
        dict(type='ImageToTensor', keys=['img']),
        collect,
    ]
    return [_load, dict(type='MultiScaleFlipAug', flip=False, transforms=transforms, **scale)]


# COCO: one scale, or a short side of 640 to 800 pixels.
_coco = (_resize((1333, 800)), _flip, _drop_empty_masks)
_coco_scales = (_resize((1333, 640), (1333, 800)), _flip, _drop_empty_masks)
coco_instance_train = _train(_things, _instance_keys, *_coco)
coco_instance_multi_scale_train = _train(_things, _instance_keys, *_coco_scales)
coco_panoptic_train = _train(_things_and_stuff, _panoptic_keys, *_coco)
coco_panoptic_multi_scale_train = _train(_things_and_stuff, _panoptic_keys, *_coco_scales)
coco_test = _test(dict(type='Resize', keep_ratio=True), img_scale=(1333, 800))

# Cityscapes: a short side of 800 to 1024 pixels, or crops of 1024 x 2048 from images at half to twice their size.
cityscapes_panoptic_train = _train(
    _things_and_stuff, _panoptic_keys, _resize((2048, 800), (2048, 1024)), _flip, _drop_empty_masks
)
cityscapes_panoptic_crop_train = _train(
    _things_and_stuff,
    _panoptic_keys,
    _resize((512, 1024), (2048, 4096)),
    _flip,
    dict(type='RandomCrop', crop_size=(1024, 2048), allow_negative_crop=True),
    _drop_empty_masks,
)
cityscapes_panoptic_test = _test(dict(type='Resize', keep_ratio=True), img_scale=(2048, 1024))

# Toy streets: at their own size.
toy_instance_train = _train(_things, _instance_keys, _flip)
toy_panoptic_train = _train(_things_and_stuff, _panoptic_keys, _flip)
toy_images_test = _test(scale_factor=[1.0])
