# The paper's toy experiment: the kernels of an image K-Net are tracked as they are; test it on an image checkpoint.
_base_ = './video_knet_s3_r50_kitti_step_mask_pool.py'
model = dict(
    type='VideoKNetQuansiEmbedFCToy',
    track_head=dict(
        _delete_=True,
        type='KernelTrackHead',
        loss_track=dict(type='MultiPosCrossEntropyLoss', loss_weight=0.25),
        loss_track_aux=dict(type='L2Loss', neg_pos_ub=3, neg_margin=0.1, loss_weight=1.0),
    ),
)
