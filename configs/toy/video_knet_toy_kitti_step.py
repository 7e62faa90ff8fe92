# Video K-Net in toy size; learns the toy street from scratch on two CPU cores, see tools/quickstart.sh.
_base_ = [
    '../_base_/models/video_knet_toy_step.py',
    '../_base_/datasets/kitti_step_vps.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
model = dict(track_head=dict(in_channels=64, fc_out_channels=64, embed_channels=64))
data_root = 'data/toy/kitti-step'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=None),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(times=1, dataset=dict(data_root=data_root, pipeline=train_pipeline)),
    val=dict(data_root=data_root),
    test=dict(data_root=data_root),
)
runner = dict(type='EpochBasedRunner', max_epochs=1)
