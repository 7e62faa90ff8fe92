# Swin backbones. A leaf file says
# `model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))`.
# Without pretrained weights, as models start from an image model; `swin_b_22k` has those of the Swin authors.
swin_b = dict(
    _delete_=True,
    type='SwinTransformerDIY',
    embed_dims=128,
    depths=[2, 2, 18, 2],
    num_heads=[4, 8, 16, 32],
    window_size=7,
    drop_path_rate=0.3,
)
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
swin_b_channels = [128, 256, 512, 1024]
swin_l = dict(
    _delete_=True,
    type='SwinTransformerDIY',
    embed_dims=192,
    depths=[2, 2, 18, 2],
    num_heads=[6, 12, 24, 48],
    window_size=7,
    drop_path_rate=0.2,
)
swin_l_channels = [192, 384, 768, 1536]
