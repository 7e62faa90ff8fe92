# K-Net with three stages on PSPNet, R-50, as mmsegmentation 0.30 configures it for ADE20K, with the classes of VSPW.
_base_ = './vss_heads.py'
model = dict(
    type='VideoKNetVSS',
    label_space='vspw',
    backbone=dict(
        type='ResNetV1c',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        contract_dilation=True,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet50_v1c'),
    ),
    decode_head=dict(
        type='VideoIterativeDecodeHead',
        num_stages=3,
        kernel_update_head={{_base_.update_stages}},
        kernel_generate_head={{_base_.pspnet}},
    ),
    auxiliary_head={{_base_.auxiliary_fcn}},
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
