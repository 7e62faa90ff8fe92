# Video K-Net in toy size on one short real clip of 192 x 256 frames, see tests/real/run_clip.sh.
_base_ = './video_knet_toy_kitti_step.py'
data_root = 'data/clip'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
frame_size = (192, 256)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqResizeWithDepth', img_scale=frame_size, ratio_range=[0.9, 1.6], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=frame_size, share_params=True),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
data = dict(
    train=dict(times=20, dataset=dict(data_root=data_root, pipeline=train_pipeline)),
    val=dict(data_root=data_root),
    test=dict(data_root=data_root),
)
