# K-Net in mmsegmentation 0.30 on ADE20K: AdamW, 80000 iterations of 16 frames, rate / 10 after 60000 and 72000.
optimizer = dict(type='AdamW', lr=0.0001, weight_decay=0.0005)
optimizer_config = dict(grad_clip=dict(max_norm=1, norm_type=2))
lr_config = dict(
    policy='step', by_epoch=False, warmup='linear', warmup_iters=1000, warmup_ratio=0.001, step=[60000, 72000]
)
runner = dict(type='IterBasedRunner', max_iters=80000)
