"""VSPW: K-Net for semantic segmentation on frames, then with links on pairs, R-101, with two kernel heads."""

from typing import Tuple

from _reproduce.plan import Archive, Benchmark, Count, Number, Score, Stage, Test

_ROOT = '{data}/VSPW_480p'
_IN_ALL_CLASSES = tuple(f'{part}.label_space=vspw' for part in ('model', 'data.train', 'data.val', 'data.test'))
#: Paper, R-101: mIoU, VC8, VC16 without links; docs/vss.md. With links it gives ranges over both heads.
_WITHOUT = dict(pspnet=(36.5, 84.4, 79.8), deeplabv3plus=(35.7, 83.5, 78.4))
_WITH = 'the paper reports {} for the two heads with links'
_RANGES = ('37.9 to 38.0', '87.0 to 87.2', '82.1 to 82.3')
_SCORES = ('mIoU', 'VC8', 'VC16')


def _stages(head: str) -> Tuple[Stage, Stage]:
    name = f'{head}_r101-d8_{{}}_480x480_adamw_80k_vspw.py'
    image = Stage(
        f'image-{head}',
        f'configs/vss/knet_vspw/knet_s3_{name.format("8x2")}',
        'configs/toy/knet_toy_vspw.py',
        _ROOT,
        samples=0,
        toy_options=_IN_ALL_CLASSES,
    )
    video = Stage(
        f'video-{head}',
        f'configs/vss/video_knet_vspw/video_knet_s3_{name.format("8x1")}',
        'configs/toy/video_knet_toy_vspw.py',
        _ROOT,
        samples=0,
        start=image.name,
        toy_options=_IN_ALL_CLASSES,
    )
    return image, video


def _test(stage: str, numbers: Tuple[Number, ...]) -> Test:
    command = f'tools/eval_vspw.py {{out}} {_ROOT} --nproc {{nproc}} --json {{scores}}/vss-official.json'
    return Test(stage, 'test_step.py', (Score('vss', command, ('official',)),), numbers)


def _tests(head: str) -> Tuple[Test, Test]:
    values = zip(_SCORES, _WITHOUT[head], _RANGES)
    pairs = [
        (Number(name, 'vss', (name,), paper), Number(name, 'vss', (name,), note=_WITH.format(known)))
        for name, paper, known in values
    ]
    without, with_links = zip(*pairs)
    return _test(f'image-{head}', without), _test(f'video-{head}', with_links)


BENCHMARK = Benchmark(
    name='vspw',
    archives=(
        Archive(
            names=('VSPW_480p.tar', 'VSPW_480p*.tar*', 'VSPW_480p*.zip'),
            origin='the VSPW site (www.vspwdataset.com), the version of 480 pixels',
            into=_ROOT,
            parts=('data', 'train.txt', 'val.txt', 'test.txt'),
            counts=(Count('data/*', 3536),),
        ),
    ),
    conversions=(),
    stages=(*_stages('pspnet'), *_stages('deeplabv3plus')),
    tests=(*_tests('pspnet'), *_tests('deeplabv3plus')),
    notes=(
        'What the paper used on VSPW is in no published code; docs/vss.md says which schedule the configs have.',
        "VC8 and VC16 are those of VSPW's script; the files of scores also hold those of the paper's formula.",
    ),
)
