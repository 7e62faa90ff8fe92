# Clip-wise Video K-Net: image K-Net on every frame, then a tracker that merges the kernels of the frames.
_base_ = './knet_s3_r50_fpn.py'
num_stages = 3
num_proposals = 100
# Costs on plain probabilities; those of image K-Net are clamped.
_costs = dict(
    cls_cost=dict(type='FocalLossCost', weight=2.0),
    dice_cost=dict(type='knet.DiceCost', weight=4.0, min_prob=0.0),
    mask_cost=dict(type='knet.MaskCost', weight=1.0, min_prob=0.0),
)
_sampler = dict(type='MaskPseudoSampler')
assign_cfg = dict(assigner=dict(type='knet.MaskHungarianAssigner', **_costs), sampler=_sampler)
clip_assign_cfg = dict(assigner=dict(type='knet.MaskHungarianAssignerVideo', **_costs), sampler=_sampler)
model = dict(
    type='KNetTrack',
    label_space='youtube_vis_2019',
    rpn_head=dict(type='ConvKernelHeadVideo'),
    roi_head=dict(type='KernelIterHeadVideo'),
    tracker=dict(
        type='KernelFrameIterHeadVideo',
        num_stages=num_stages,
        # The last stage refines every frame by itself, without a classifier.
        assign_stages=2,
        stage_loss_weights=[1] * num_stages,
        num_proposals=num_proposals,
        proposal_feature_channel=256,
        query_merge_method='mean',
        with_mask_init=False,
        mask_head={{_base_.update_head_of_clips}},
    ),
    train_cfg=dict(rpn=assign_cfg, rcnn=[assign_cfg] * num_stages, tracker=clip_assign_cfg),
    test_cfg=dict(tracker=dict(max_per_img=10, mask_thr=0.5)),
)
