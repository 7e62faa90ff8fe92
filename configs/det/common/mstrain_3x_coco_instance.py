# COCO instance segmentation, short side 640 to 800; 12 epochs of three passes = 36.
_base_ = ['../../_base_/datasets/coco_instance.py', '../../_base_/schedules/schedule_12e.py']
data = dict(train=dict(times=3, dataset=dict(pipeline={{_base_.coco_instance_multi_scale_train}})))
