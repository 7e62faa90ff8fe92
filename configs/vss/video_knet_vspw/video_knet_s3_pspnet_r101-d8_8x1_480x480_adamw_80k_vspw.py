# Video K-Net, PSPNet, R-101, on pairs of frames of VSPW.
# Run:
#   CONFIG=configs/vss/video_knet_vspw/video_knet_s3_pspnet_r101-d8_8x1_480x480_adamw_80k_vspw.py
#   sh ./tools/dist_train.sh vss $CONFIG 8 work_dirs/vss_pspnet_r101 --load-from work_dirs/image_pspnet_r101
# Starts from: configs/vss/knet_vspw/knet_s3_pspnet_r101-d8_8x2_480x480_adamw_80k_vspw.py, trained before.
# Hardware: 8 GPUs with 1 pair each (docs/vss.md), time not known.
# Trained here: no.
_base_ = '../knet_vspw/knet_s3_pspnet_r101-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(decode_head=dict(link={{_base_.link_previous}}))
data = dict(samples_per_gpu=1, train=dict(ref_seq_index=[-2, -1, 1, 2]))
