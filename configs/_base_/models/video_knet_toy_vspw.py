# Video K-Net for semantic segmentation in toy size: ResNet-18 at half width, 64 channels, UPerNet.
_base_ = './knet_s3_pspnet_r50_vspw.py'
model = dict(
    label_space='vspw_toy',
    backbone=dict(
        depth=18,
        base_channels=32,
        stem_channels=32,
        strides=(1, 2, 2, 2),
        dilations=(1, 1, 1, 1),
        contract_dilation=False,
        norm_cfg={{_base_.toy_norm}},
        init_cfg=None,
    ),
    decode_head=dict(
        link={{_base_.toy_link_previous}},
        kernel_update_head={{_base_.toy_update_stages}},
        kernel_generate_head={{_base_.toy_upernet}},
    ),
    auxiliary_head=None,
)
