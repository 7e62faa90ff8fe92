# Cityscapes-VPS: pairs of labelled frames for training, whole clips of 30 frames for testing.
# 8 things + 11 stuff classes, frames of 1024 x 2048.
_base_ = './kitti_step_vps.py'
data_root = 'data/cityscapes_vps'
_data_set = dict(type='CityscapesVPSDataset', data_root=data_root)
data = dict(
    samples_per_gpu=2,
    train=dict(times=1, dataset=dict(ref_seq_index=[-1, 1], pipeline={{_base_.cityscapes_vps_train}}, **_data_set)),
    val=_data_set,
    test=_data_set,
)
