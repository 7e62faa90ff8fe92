# Image K-Net, DeepLabV3+, R-101, on single frames of VSPW.
_base_ = './knet_s3_pspnet_r101-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(
    decode_head=dict(
        kernel_generate_head=dict(
            _delete_=True,
            type='KernelSepASPPHead',
            in_channels=2048,
            in_index=3,
            channels=512,
            dilations=(1, 12, 24, 36),
            c1_in_channels=256,
            c1_channels=48,
            dropout_ratio=0.1,
            num_classes=124,
            norm_cfg=dict(type='SyncBN', requires_grad=True),
            align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
        )
    )
)
