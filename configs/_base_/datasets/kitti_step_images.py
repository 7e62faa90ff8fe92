# KITTI-STEP as single images: 2 things (person, car) + 17 stuff classes, frames of about 375 x 1242.
_base_ = '../pipelines/frames.py'
data_root = 'data/kitti-step'
_data_set = dict(type='KITTISTEPDVPSDataset', data_root=data_root)
_train = dict(**_data_set, split='train', pipeline={{_base_.kitti_step_images_train}})
_val = dict(**_data_set, split='val', test_mode=True, pipeline={{_base_.frames_test}})
_repeated = dict(type='RepeatDataset', times=2, dataset=_train)
data = dict(samples_per_gpu=2, workers_per_gpu=2, train=_repeated, val=_val, test=_val)
