# Video K-Net in toy size on toy streets in the Cityscapes-VPS layout: every fifth frame is labelled.
_base_ = './video_knet_toy_kitti_step.py'
num_classes = dict(num_thing_classes=8, num_stuff_classes=11)
model = dict(label_space='cityscapes_panoptic', rpn_head=num_classes, roi_head=dict(mask_head=num_classes))
dataset = dict(type='CityscapesVPSDataset', data_root='data/toy/cityscapes-vps')
data = dict(train=dict(dataset=dict(ref_seq_index=[-1, 1], **dataset)), val=dataset, test=dataset)
