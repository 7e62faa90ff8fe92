# Pipelines of frames that the loaders read as RGB: pairs for training a video model, single frames, streams.
# A data set takes one as `pipeline={{_base_.kitti_step_train}}`. Training pipelines differ in the scales and crops. The
# functions stay in this file: mmcv hands values on to other configs, not functions.

# The loaders read RGB, so no channels are swapped.
_norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
_normalize = dict(type='Normalize', **_norm)
_pad = dict(type='SeqPadWithDepth', size_divisor=32)
_flip = dict(type='SeqFlipWithDepth', flip_ratio=0.5)
_panoptic_keys = ['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']
_semantic_keys = ['img', 'gt_semantic_seg']
_image_keys = ['img', 'gt_masks', 'gt_labels', 'gt_semantic_seg']


def _resize(scale, low, high):
    """Return the step that resizes a pair to a scale times a factor between `low` and `high`."""
    return dict(type='SeqResizeWithDepth', img_scale=scale, ratio_range=[low, high], keep_ratio=True)


def _crop(size):
    """Return the step that cuts the same window out of both frames of a pair."""
    return dict(type='SeqRandomCropWithDepth', crop_size=size, share_params=True)


def _pairs(*augmentation, keys=_panoptic_keys, pad=_pad):
    """Return the training pipeline of key frame and reference; padding is 0 after normalisation, as in testing."""
    return [
        dict(type='LoadMultiImagesDirect'),
        dict(type='LoadMultiAnnotationsDirect'),
        *augmentation,
        dict(type='SeqNormalizeWithDepth', **_norm),
        pad,
        dict(type='VideoCollect', keys=keys),
        dict(type='ConcatVideoReferences'),
        dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
    ]


def _images(*augmentation):
    """Return the training pipeline of single images of Cityscapes-STEP, or of frames of KITTI-STEP."""
    return [
        dict(type='LoadImgDirect'),
        dict(type='LoadAnnotationsInstanceMasks'),
        *augmentation,
        dict(type='KNetInsAdapterCherryPick'),
        _normalize,
        dict(type='PadFutureMMDet', size_divisor=32),
        dict(type='DefaultFormatBundle'),
        dict(type='FrameCollect', keys=_image_keys),
    ]


_flip_image = dict(type='RandomFlip', flip_ratio=0.5)
cityscapes_step_train = _images(
    dict(type='Resize', img_scale=(1024, 2048), ratio_range=[0.5, 2.0], keep_ratio=True),
    _flip_image,
    dict(type='RandomCrop', crop_size=(1024, 2048)),
)
kitti_step_images_train = _images(
    dict(type='Resize', img_scale=(384, 1248), ratio_range=[0.5, 2.0], keep_ratio=True),
    _flip_image,
    dict(type='RandomCrop', crop_size=(384, 1248)),
)
kitti_step_train = _pairs(_resize((384, 1248), 0.5, 2.0), _flip, _crop((384, 1248)))
# One to two times the short side of 720, whatever the long side.
vipseg_train = _pairs(_resize((720, 100000), 1.0, 2.0), _flip, _crop((736, 736)))
cityscapes_vps_train = _pairs(
    dict(type='SeqResizeWithDepth', img_scale=[(1024, 512), (4096, 2048)], multiscale_mode='range', keep_ratio=True),
    _flip,
    _crop((1024, 1024)),
)
vspw_train = _pairs(
    _resize((853, 480), 0.5, 2.0),
    _flip,
    _crop((480, 480)),
    dict(type='SeqPhotoMetricDistortion'),
    keys=_semantic_keys,
    pad=dict(type='SeqPadWithDepth', size=(480, 480)),
)

# Toy streets keep their own size; the short real clip has frames of 192 x 256.
_keep_size = (_flip, dict(type='SeqRandomCropWithDepth', crop_size=None))
toy_image_train = _images(_flip_image)
toy_pair_train = _pairs(*_keep_size)
toy_semantic_pair_train = _pairs(*_keep_size, keys=_semantic_keys)
clip_train = _pairs(_resize((192, 256), 0.9, 1.6), _flip, _crop((192, 256)))

# Frames one by one, at their own size.
frames_test = [
    dict(type='LoadImgDirect'),
    dict(
        type='MultiScaleFlipAug',
        scale_factor=[1.0],
        flip=False,
        transforms=[
            _normalize,
            dict(type='Pad', size_divisor=32),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='FrameCollect', keys=['img']),
        ],
    ),
]
