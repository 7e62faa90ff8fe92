# Pipelines of YouTube-VIS: clips for training, whole videos for testing.
# A data set takes one as `pipeline={{_base_.youtube_vis_train}}`.
_normalize = dict(type='SeqNormalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)


def _finish(keys):
    """Return the steps that make tensors of the frames of a clip."""
    return [
        _normalize,
        dict(type='SeqPad', size_divisor=32),
        dict(type='VideoCollect', keys=keys),
        dict(type='ConcatVideoReferences', with_key=False),
        dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
    ]


def _train(load, *resize):
    """Return the training pipeline of a clip."""
    return [
        load,
        dict(type='SeqLoadAnnotations', with_bbox=False, with_mask=True, with_track=True),
        *resize,
        dict(type='SeqRandomFlip', share_params=True, flip_ratio=0.5),
        *_finish(['img', 'gt_labels', 'gt_masks', 'gt_instance_ids']),
    ]


def _test(load, scale):
    """Return the test pipeline of a whole video."""
    transforms = [dict(type='SeqResize', keep_ratio=True), *_finish(['img'])]
    return [load, dict(type='MultiScaleFlipAugVideo', img_scale=scale, flip=False, transforms=transforms)]


_load = dict(type='LoadMultiImagesFromFile', to_float32=True)
youtube_vis_train = _train(
    _load,
    dict(
        type='SeqResize',
        multiscale_mode='value',
        share_params=True,
        # The shorter side; the longer one is free.
        img_scale=[(288, 1e6), (320, 1e6), (352, 1e6), (392, 1e6), (416, 1e6), (448, 1e6), (480, 1e6), (512, 1e6)],
        keep_ratio=True,
    ),
)
youtube_vis_test = _test(_load, (640, 360))
# Toy streets keep their own size.
_load_toy = dict(type='LoadMultiImagesFromFile')
toy_clip_train = _train(_load_toy)
toy_clip_test = _test(_load_toy, (224, 128))
