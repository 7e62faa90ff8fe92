# KITTI-STEP as single images: 2 things (person, car) + 17 stuff classes, frames of about 375 x 1242.
_base_ = './cityscapes_step.py'
data_root = 'data/kitti-step'
_data_set = dict(type='KITTISTEPDVPSDataset', data_root=data_root)
_train = dict(**_data_set, pipeline={{_base_.kitti_step_images_train}})
data = dict(train=dict(times=2, dataset=_train), val=_data_set, test=_data_set)
