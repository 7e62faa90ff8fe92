# Heads of semantic K-Net in mmsegmentation; their class counts are those of the label space.
_sync_bn = dict(type='SyncBN', requires_grad=True)


def _head(type, channels=512, norm_cfg=_sync_bn, dropout_ratio=0.1, loss_weight=1.0, **more):
    """Return a head of mmsegmentation."""
    return dict(
        type=type,
        channels=channels,
        dropout_ratio=dropout_ratio,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=loss_weight),
        **more,
    )


def _upernet(in_channels, **more):
    return _head(
        'UPerHead', _delete_=True, in_channels=in_channels, in_index=[0, 1, 2, 3], pool_scales=(1, 2, 3, 6), **more
    )


def _stages(channels, updator_channels, feedforward_channels, **more):
    """Return three update heads."""
    return [
        dict(
            type='KernelUpdateHead',
            num_ffn_fcs=2,
            num_heads=8,
            num_mask_fcs=1,
            feedforward_channels=feedforward_channels,
            in_channels=channels,
            out_channels=channels,
            feat_transform_cfg=dict(conv_cfg=dict(type='Conv2d'), act_cfg=None),
            kernel_updator_cfg=dict(
                type='KernelUpdator',
                in_channels=updator_channels,
                feat_channels=updator_channels,
                out_channels=updator_channels,
                act_cfg=dict(type='ReLU', inplace=True),
                norm_cfg=dict(type='LN'),
            ),
            **more,
        )
    ] * 3


# Heads that generate the kernels; those with `_delete_` replace PSPNet's.
pspnet = _head('PSPHead', in_channels=2048, in_index=3, pool_scales=(1, 2, 3, 6))
deeplabv3plus = _head(
    'KernelSepASPPHead',
    _delete_=True,
    in_channels=2048,
    in_index=3,
    dilations=(1, 12, 24, 36),
    c1_in_channels=256,
    c1_channels=48,
)
upernet_swin_b = _upernet([128, 256, 512, 1024])
auxiliary_fcn = _head('FCNHead', 256, loss_weight=0.4, in_channels=1024, in_index=2, num_convs=1, concat_input=False)
update_stages = _stages(
    512, 256, 2048, dropout=0.0, conv_kernel_size=1, ffn_act_cfg=dict(type='ReLU', inplace=True), with_ffn=True
)
# The link of Video K-Net, of the size of the update stages.
link_previous = dict(num_heads=8, feedforward_channels=2048, num_ffn_fcs=2)

# Toy size. GN: a batch holds few videos, whose statistics are not those of the others.
toy_norm = dict(_delete_=True, type='GN', num_groups=8)
toy_upernet = _upernet([32, 64, 128, 256], channels=64, norm_cfg=dict(type='GN', num_groups=8), dropout_ratio=0)
toy_update_stages = _stages(64, 64, 256)
toy_link_previous = dict(link_previous, feedforward_channels=256)
