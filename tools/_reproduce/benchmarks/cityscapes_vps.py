"""Cityscapes-VPS: image K-Net on Cityscapes panoptic, then Video K-Net, R-50."""

from _reproduce.benchmarks.images import CITYSCAPES, CITYSCAPES_MAPS, CITYSCAPES_PANOPTIC, CITYSCAPES_SITE
from _reproduce.benchmarks.panoptic import panoptic_test, stq_number, vpq_number
from _reproduce.plan import Archive, Benchmark, Conversion, Count, Stage

BENCHMARK = Benchmark(
    name='cityscapes-vps',
    archives=(
        Archive(
            names=('cityscapes-vps-dataset-1.0.zip', 'cityscapes-vps*.zip'),
            origin='the repository of VPSNet (mcahny/vps)',
            into='{downloads}/cityscapes_vps',
            parts=(
                'train',
                'val',
                'train_gt.zip',
                'val_gt.zip',
                'panoptic_im_train_city_vps.json',
                'panoptic_im_val_city_vps.json',
                'im_all_info_val_city_vps.json',
                'instances_train_city_vps_rle.json',
            ),
            inner=('train_gt.zip', 'val_gt.zip'),
            counts=(Count('train/cls/*_final_mask.png', 2000), Count('val/cls/*_final_mask.png', 250)),
        ),
        Archive(
            names=('leftImg8bit_sequence_trainvaltest.zip',),
            origin=CITYSCAPES_SITE,
            into='{downloads}',
            parts=('leftImg8bit_sequence',),
            only=('leftImg8bit_sequence/val/*',),
            counts=(Count('leftImg8bit_sequence/val/*/*.png', 15000),),
            size='324 GB, of which the validation part is unpacked',
        ),
        *CITYSCAPES,
    ),
    conversions=(
        CITYSCAPES_MAPS,
        CITYSCAPES_PANOPTIC,
        Conversion(
            'cityscapes-vps-merge',
            'tools/dataset/cityscapes_vps_merge.py --src {downloads}/cityscapes_vps '
            '--sequences {downloads}/leftImg8bit_sequence/val --gt-path {data}/cityscapes/gtFine/val '
            '--out-dir {data}/cityscapes_vps --mode link --nproc {nproc}',
        ),
        Conversion(
            'cityscapes-vps',
            'tools/dataset/cityscapes_vps_prepare.py --src {data}/cityscapes_vps --out-dir {data}/cityscapes_vps',
        ),
    ),
    stages=(
        Stage(
            'image',
            'configs/det/knet_cityscapes_panoptic/knet_s3_r50_fpn.py',
            'configs/toy/knet_toy_cityscapes_panoptic.py',
            '{data}/cityscapes',
            samples=2975,
        ),
        Stage(
            'video',
            'configs/det/video_knet_cityscapes_vps/video_knet_s3_r50_fpn.py',
            'configs/toy/video_knet_toy_cityscapes_vps.py',
            '{data}/cityscapes_vps',
            samples=2400,
            start='image',
        ),
    ),
    tests=(
        panoptic_test(
            'eval_dstq_step.py --data-set cityscapes-vps',
            'eval_dvpq_step.py --data-set cityscapes-vps',
            '{data}/cityscapes_vps',
            vpq_number(note="mean over the paper's k = 0, 5, 10, 15, windows of 1 to 4 labelled frames"),
            stq_number(),
        ),
    ),
    notes=(
        'This project has no record of the numbers of the paper on Cityscapes-VPS; the table leaves their place empty.',
        'The original shipped no working config of Cityscapes-VPS. This one puts together what it names.',
    ),
)
