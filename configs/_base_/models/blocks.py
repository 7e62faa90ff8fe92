# Blocks that several models share; a model takes one as `mask_head={{_base_.update_head}}`.
kernel_updator = dict(
    type='KernelUpdator',
    in_channels=256,
    feat_channels=256,
    out_channels=256,
    act_cfg=dict(type='ReLU', inplace=True),
    norm_cfg=dict(type='LN'),
)
loss_mask = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
loss_dice = dict(type='DiceLoss', loss_weight=4.0)
loss_rank = dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=0.1)
# The update head of one refinement stage; that of clips lacks the ranking loss.
update_head_of_clips = dict(
    type='KernelUpdateHeadVideo',
    in_channels=256,
    feedforward_channels=2048,
    num_heads=8,
    num_ffn_fcs=2,
    num_cls_fcs=1,
    num_mask_fcs=1,
    mask_upsample_stride=2,
    kernel_updator_cfg=kernel_updator,
    loss_mask=loss_mask,
    loss_dice=loss_dice,
    loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=2.0),
)
update_head = dict(update_head_of_clips, type='KernelUpdateHead', loss_rank=loss_rank)
