# Image K-Net for instance segmentation on the pixel decoder of Mask2Former instead of an FPN.
_base_ = ['./knet_s3_r50_fpn.py', './deformable_fpn.py']
model = dict(neck={{_base_.deformable_fpn}})
