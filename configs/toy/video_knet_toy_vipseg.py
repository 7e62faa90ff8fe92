# Video K-Net in toy size on toy streets in the VIPSeg layout: 58 + 66 classes, of which the street has 8.
_base_ = './video_knet_toy_kitti_step.py'
model = dict(label_space='vipseg')
_data_set = dict(type='VIPSegDVPSDataset', data_root='data/toy/vipseg')
data = dict(train=dict(dataset=_data_set), val=_data_set, test=_data_set)
