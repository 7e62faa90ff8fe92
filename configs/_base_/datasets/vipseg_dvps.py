# VIPSeg: pairs of frames for training, whole videos for testing.
# 58 things + 66 stuff classes, frames resized before so that their short side is 720.
_base_ = './kitti_step_vps.py'
data_root = 'data/VIPSeg'
_data_set = dict(type='VIPSegDVPSDataset', data_root=data_root)
data = dict(
    train=dict(times=1, dataset=dict(pipeline={{_base_.vipseg_train}}, **_data_set)), val=_data_set, test=_data_set
)
