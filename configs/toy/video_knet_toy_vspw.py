# Video K-Net for semantic segmentation in toy size, on toy streets in the layout of VSPW; linking is on.
_base_ = [
    '../_base_/models/knet_s3_pspnet_r50_vspw.py',
    '../_base_/datasets/vspw.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
num_classes = 8
num_stages = 3
channels = 64
# GN: a batch holds few videos, whose statistics are not those of the others.
norm_cfg = dict(type='GN', num_groups=8)
model = dict(
    label_space='vspw_toy',
    backbone=dict(
        depth=18,
        base_channels=32,
        stem_channels=32,
        strides=(1, 2, 2, 2),
        dilations=(1, 1, 1, 1),
        contract_dilation=False,
        norm_cfg=dict(_delete_=True, **norm_cfg),
        init_cfg=None,
    ),
    decode_head=dict(
        link=dict(num_heads=8, feedforward_channels=256, num_ffn_fcs=2),
        kernel_update_head=[
            dict(
                type='KernelUpdateHead',
                num_classes=num_classes,
                num_ffn_fcs=2,
                num_heads=8,
                num_mask_fcs=1,
                feedforward_channels=256,
                in_channels=channels,
                out_channels=channels,
                feat_transform_cfg=dict(conv_cfg=dict(type='Conv2d'), act_cfg=None),
                kernel_updator_cfg=dict(
                    type='KernelUpdator',
                    in_channels=channels,
                    feat_channels=channels,
                    out_channels=channels,
                    act_cfg=dict(type='ReLU', inplace=True),
                    norm_cfg=dict(type='LN'),
                ),
            )
            for _ in range(num_stages)
        ],
        kernel_generate_head=dict(
            _delete_=True,
            type='UPerHead',
            in_channels=[32, 64, 128, 256],
            in_index=[0, 1, 2, 3],
            pool_scales=(1, 2, 3, 6),
            channels=channels,
            dropout_ratio=0,
            num_classes=num_classes,
            norm_cfg=norm_cfg,
            align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
        ),
    ),
    auxiliary_head=None,
)
data_root = 'data/toy/vspw'
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(data_root=data_root, label_space='vspw_toy', pipeline={{_base_.toy_semantic_pair_train}}),
    val=dict(data_root=data_root, label_space='vspw_toy'),
    test=dict(data_root=data_root, label_space='vspw_toy'),
)
runner = dict(type='EpochBasedRunner', max_epochs=1)
