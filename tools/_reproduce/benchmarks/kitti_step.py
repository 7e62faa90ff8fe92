"""KITTI-STEP: image K-Net on Cityscapes-STEP, then Video K-Net, R-50."""

from _reproduce.benchmarks.images import CITYSCAPES, CITYSCAPES_MAPS
from _reproduce.benchmarks.panoptic import panoptic_test, stq_number, vpq_number
from _reproduce.plan import Archive, Benchmark, Conversion, Count, Stage

_VIDEO = 'video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'

BENCHMARK = Benchmark(
    name='kitti-step',
    archives=(
        Archive(
            names=('data_tracking_image_2.zip',),
            origin='the KITTI tracking benchmark, left color images (www.cvlibs.net/datasets/kitti)',
            into='{downloads}/kitti',
            parts=('training',),
            only=('training/image_02/*',),
            counts=(Count('training/image_02/*/*.png', 8008),),
            size='15 GB',
        ),
        Archive(
            names=('kitti-step.tar.gz',),
            origin='the KITTI-STEP page of the KITTI site, or that of DeepLab2',
            into='{downloads}/kitti',
            parts=('panoptic_maps',),
            counts=(Count('panoptic_maps/train/*/*.png', 5027), Count('panoptic_maps/val/*/*.png', 2981)),
        ),
        *CITYSCAPES,
    ),
    conversions=(
        CITYSCAPES_MAPS,
        Conversion(
            'kitti-step',
            'tools/dataset/kitti_step_prepare.py --src {downloads}/kitti --out-dir {data}/kitti-step --mode link',
            toy='--partial',
        ),
    ),
    stages=(
        Stage(
            'image',
            'configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py',
            'configs/toy/knet_toy_cityscapes_step.py',
            '{data}/cityscapes',
            samples=2975,
        ),
        Stage(
            'video',
            f'configs/det/video_knet_kitti_step/{_VIDEO}',
            'configs/toy/video_knet_toy_kitti_step.py',
            '{data}/kitti-step',
            samples=5027,
            start='image',
            seconds=(0.257, 'one H200, float32, random weights: docs/benchmarks/h200.md'),
        ),
    ),
    tests=(
        panoptic_test(
            'eval_dstq_step.py',
            'eval_dvpq_step.py',
            '{data}/kitti-step',
            stq_number(70.9, '64.4 and 66'),
            vpq_number(note='mean over k = 1 to 4'),
        ),
    ),
)
