# Video K-Net in toy size on toy streets in the layout of Cityscapes-VPS: every fifth frame is labelled.
# Run:
#   CONFIG=configs/toy/video_knet_toy_cityscapes_vps.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_cityscapes_vps --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: no; tests run a few iterations.
_base_ = './video_knet_toy_kitti_step.py'
model = dict(label_space='cityscapes_panoptic')
_data_set = dict(type='CityscapesVPSDataset', data_root='data/toy/cityscapes-vps')
data = dict(train=dict(dataset=dict(ref_seq_index=[-1, 1], **_data_set)), val=_data_set, test=_data_set)
