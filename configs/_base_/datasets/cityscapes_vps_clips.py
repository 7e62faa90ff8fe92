# Cityscapes-VPS: pairs of labelled frames for training, whole clips of 30 frames for testing.
# 8 things + 11 stuff classes, frames of 1024 x 2048.
_base_ = './kitti_step_vps.py'
dataset_type = 'CityscapesVPSDataset'
data_root = 'data/cityscapes_vps'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqResizeWithDepth', img_scale=[(1024, 512), (4096, 2048)], multiscale_mode='range', keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=(1024, 1024), share_params=True),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
dataset = dict(type=dataset_type, data_root=data_root)
data = dict(
    samples_per_gpu=2,
    train=dict(times=1, dataset=dict(ref_seq_index=[-1, 1], pipeline=train_pipeline, **dataset)),
    val=dataset,
    test=dataset,
)
