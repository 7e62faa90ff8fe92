# Video K-Net in toy size on one short real clip of 192 x 256 frames, see tests/real/run_clip.sh.
_base_ = './video_knet_toy_kitti_step.py'
data_root = 'data/clip'
_train = dict(data_root=data_root, pipeline={{_base_.clip_train}})
_val = dict(data_root=data_root)
data = dict(train=dict(times=20, dataset=_train), val=_val, test=_val)
