# Cityscapes panoptic, crops of 1024 x 2048 from images at half to twice their size; 8 epochs of eight passes = 64.
_base_ = ['../../_base_/datasets/cityscapes_panoptic.py', '../../_base_/schedules/schedule_8e.py']
data = dict(train=dict(dataset=dict(pipeline={{_base_.cityscapes_panoptic_crop_train}})))
lr_config = dict(warmup_iters=500)
