# Video K-Net, PSPNet, R-50, on pairs of frames of VSPW: 8 GPUs with 1 pair each.
_base_ = '../knet_vspw/knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(decode_head=dict(link={{_base_.link_previous}}))
data = dict(samples_per_gpu=1, train=dict(ref_seq_index=[-2, -1, 1, 2]))
