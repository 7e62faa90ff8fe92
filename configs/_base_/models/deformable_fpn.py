# Pixel decoder of Mask2Former in place of an FPN. A leaf file says `model = dict(neck={{_base_.deformable_fpn}})`.
deformable_fpn = dict(
    _delete_=True,
    type='MSDeformAttnPixelDecoder',
    in_channels=[256, 512, 1024, 2048],
    num_outs=3,
    norm_cfg=dict(type='GN', num_groups=32),
    act_cfg=dict(type='ReLU'),
    encoder=dict(
        type='DetrTransformerEncoder',
        num_layers=6,
        transformerlayers=dict(
            type='BaseTransformerLayer',
            attn_cfgs=dict(
                type='MultiScaleDeformableAttention',
                embed_dims=256,
                num_heads=8,
                num_levels=3,
                num_points=4,
                dropout=0.0,
            ),
            ffn_cfgs=dict(
                type='FFN',
                embed_dims=256,
                feedforward_channels=1024,
                num_fcs=2,
                ffn_drop=0.0,
                act_cfg=dict(type='ReLU', inplace=True),
            ),
            operation_order=('self_attn', 'norm', 'ffn', 'norm'),
        ),
    ),
    positional_encoding=dict(type='SinePositionalEncoding', num_feats=128, normalize=True),
)
