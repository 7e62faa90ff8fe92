# Image K-Net, DeepLabV3+, R-101, on single frames of VSPW.
_base_ = './knet_s3_pspnet_r101-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(decode_head=dict(kernel_generate_head={{_base_.deeplabv3plus}}))
