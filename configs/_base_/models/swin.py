# Swin backbones. A leaf file says
# `model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))`.
# Without pretrained weights, as models start from an image model; `swin_b_22k` has those of the Swin authors.


def _swin(width, heads, drop_path_rate, **more):
    """Return a backbone whose first stage has `width` channels and `heads` heads; every later stage doubles both."""
    return dict(
        _delete_=True,
        embed_dims=width,
        depths=[2, 2, 18, 2],
        num_heads=[heads * 2**i for i in range(4)],
        window_size=7,
        drop_path_rate=drop_path_rate,
        **more,
    )


swin_b = _swin(128, 4, 0.3, type='SwinTransformerDIY')
swin_b_22k = dict(
    swin_b,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
        'swin_base_patch4_window7_224_22k.pth',
    ),
)
# Every block runs a second time in the backward pass instead of keeping its feature maps.
swin_b_frugal = dict(swin_b, with_cp=True)
# As mmsegmentation configures it; mmdet's class reads the file that Microsoft published, see docs/vss.md for its place.
swin_b_of_mmdet = _swin(
    128,
    4,
    0.3,
    type='mmdet.SwinTransformer',
    mlp_ratio=4,
    qkv_bias=True,
    patch_norm=True,
    out_indices=(0, 1, 2, 3),
    convert_weights=True,
    init_cfg=dict(type='Pretrained', checkpoint='pretrained/swin_base_patch4_window7_224_22k.pth'),
)
swin_b_channels = [128, 256, 512, 1024]
swin_l = _swin(192, 6, 0.2, type='SwinTransformerDIY')
swin_l_channels = [192, 384, 768, 1536]
