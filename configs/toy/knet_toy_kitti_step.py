# Image K-Net in toy size on the frames of toy streets in the layout of KITTI-STEP; tools/quickstart.sh starts with it.
# Run:
#   CONFIG=configs/toy/knet_toy_kitti_step.py
#   python tools/train.py $CONFIG --work-dir work_dirs/quickstart/images --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 3 minutes.
# Trained here: yes, one seed, as the start of video_knet_toy_kitti_step.py; see README.md.
_base_ = './knet_toy_cityscapes_step.py'
data_root = 'data/toy/kitti-step'
_split = dict(type='KITTISTEPDVPSDataset', data_root=data_root)
data = dict(train=dict(dataset=_split), val=_split, test=_split)
