"""VIPSeg: image K-Net on COCO panoptic, then Video K-Net, R-50."""

from _reproduce.benchmarks.images import COCO_PANOPTIC, COCO_STUFF
from _reproduce.benchmarks.panoptic import panoptic_test, stq_number, vpq_number
from _reproduce.plan import Archive, Benchmark, Conversion, Count, Stage

BENCHMARK = Benchmark(
    name='vipseg',
    archives=(
        Archive(
            names=('VIPSeg.tar', 'VIPSeg*.tar*', 'VIPSeg*.zip'),
            origin='the repository VIPSeg-Dataset of its authors',
            into='{downloads}/VIPSeg',
            parts=('imgs', 'panomasks', 'train.txt', 'val.txt', 'test.txt'),
            counts=(Count('imgs/*', 3536),),
        ),
        *COCO_PANOPTIC,
    ),
    conversions=(
        COCO_STUFF,
        Conversion(
            'vipseg',
            'tools/dataset/vipseg_resize_720p.py --src {downloads}/VIPSeg --out-dir {data}/VIPSeg --mode link '
            '--nproc {nproc}',
            toy='--size 96',
        ),
    ),
    stages=(
        Stage(
            'image',
            'configs/det/coco/knet_s3_r50_fpn_ms-3x_coco-panoptic.py',
            'configs/toy/knet_toy_coco_panoptic.py',
            '{data}/coco',
            samples=118287,
        ),
        Stage(
            'video',
            'configs/det/video_knet_vipseg/video_knet_s3_r50_rpn_vipseg_mask_embed_link_ffn_joint_train.py',
            'configs/toy/video_knet_toy_vipseg.py',
            '{data}/VIPSeg',
            samples=0,
            start='image',
        ),
    ),
    tests=(
        panoptic_test(
            'eval_dstq_vipseg.py',
            'eval_dvpq_vipseg.py',
            '{data}/VIPSeg',
            vpq_number(others='30.4', note='mean over k = 1, 2, 4, 6; with Swin-B others got 44.5'),
            stq_number(),
        ),
    ),
    notes=(
        'The abstract of the paper reports VPQ 39.8 for its best model on VIPSeg.',
        "The re-runs, 30.4 with R-50 and 44.5 with Swin-B, are those of a later paper with the original's code.",
        'The Swin-B model starts from an image K-Net with Swin-B on COCO panoptic, of which no config was shipped.',
    ),
)
