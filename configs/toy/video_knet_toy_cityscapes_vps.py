# Video K-Net in toy size on toy streets in the Cityscapes-VPS layout: every fifth frame is labelled.
_base_ = './video_knet_toy_kitti_step.py'
model = dict(label_space='cityscapes_panoptic')
_data_set = dict(type='CityscapesVPSDataset', data_root='data/toy/cityscapes-vps')
data = dict(train=dict(dataset=dict(ref_seq_index=[-1, 1], **_data_set)), val=_data_set, test=_data_set)
