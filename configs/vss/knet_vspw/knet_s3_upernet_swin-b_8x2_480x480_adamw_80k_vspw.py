# Image K-Net, UPerNet, Swin-B pretrained on ImageNet-22k, on single frames of VSPW.
_base_ = './knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(
    backbone=dict(
        _delete_=True,
        # mmdet's reads the file as Microsoft published it; see docs/vss.md for where it goes.
        type='mmdet.SwinTransformer',
        embed_dims=128,
        depths=[2, 2, 18, 2],
        num_heads=[4, 8, 16, 32],
        window_size=7,
        mlp_ratio=4,
        qkv_bias=True,
        drop_path_rate=0.3,
        patch_norm=True,
        out_indices=(0, 1, 2, 3),
        convert_weights=True,
        init_cfg=dict(type='Pretrained', checkpoint='pretrained/swin_base_patch4_window7_224_22k.pth'),
    ),
    decode_head=dict(
        kernel_generate_head=dict(
            _delete_=True,
            type='UPerHead',
            in_channels=[128, 256, 512, 1024],
            in_index=[0, 1, 2, 3],
            pool_scales=(1, 2, 3, 6),
            channels=512,
            dropout_ratio=0.1,
            num_classes=124,
            norm_cfg=dict(type='SyncBN', requires_grad=True),
            align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
        )
    ),
    auxiliary_head=dict(in_channels=512),
)
# As K-Net with Swin in mmsegmentation.
optimizer = dict(
    lr=0.00006,
    paramwise_cfg=dict(
        custom_keys={
            'absolute_pos_embed': dict(decay_mult=0.0),
            'relative_position_bias_table': dict(decay_mult=0.0),
            'norm': dict(decay_mult=0.0),
        }
    ),
)
