# The paper's toy experiment (Section 3.1): the kernels of an image K-Net are tracked as they are, without training.
# Run:
#   CONFIG=configs/det/video_knet_kitti_step/video_knet_s3_r50_kitti_step_toy.py
#   python tools/test_step.py $CONFIG work_dirs/knet_step_r50 --out-dir out/kitti_step_toy --eval stq vpq
# Starts from: configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py, trained before.
# Hardware: one GPU or CPU, time not known.
# Trained here: no; the image model it tests was not trained here.
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
