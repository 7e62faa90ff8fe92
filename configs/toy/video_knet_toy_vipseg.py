# Video K-Net in toy size on toy streets in the layout of VIPSeg: 124 classes, of which the street has 8.
# Run:
#   CONFIG=configs/toy/video_knet_toy_vipseg.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_vipseg --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: no; tests run a few iterations.
_base_ = './video_knet_toy_kitti_step.py'
model = dict(label_space='vipseg')
_data_set = dict(type='VIPSegDVPSDataset', data_root='data/toy/vipseg')
data = dict(train=dict(dataset=_data_set), val=_data_set, test=_data_set)
