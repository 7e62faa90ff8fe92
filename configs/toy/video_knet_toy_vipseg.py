# Video K-Net in toy size on toy streets in the VIPSeg layout: 58 + 66 classes, of which the street has 8.
_base_ = './video_knet_toy_kitti_step.py'
num_classes = dict(num_thing_classes=58, num_stuff_classes=66)
model = dict(label_space='vipseg', rpn_head=num_classes, roi_head=dict(mask_head=num_classes))
dataset = dict(type='VIPSegDVPSDataset', data_root='data/toy/vipseg')
data = dict(train=dict(dataset=dataset), val=dataset, test=dataset)
