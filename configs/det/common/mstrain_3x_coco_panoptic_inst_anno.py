# COCO panoptic, short side 640 to 800; 12 epochs of three passes = 36.
_base_ = ['../../_base_/datasets/coco_panoptic.py', '../../_base_/schedules/schedule_12e.py']
data = dict(train=dict(times=3, dataset=dict(pipeline={{_base_.coco_panoptic_multi_scale_train}})))
