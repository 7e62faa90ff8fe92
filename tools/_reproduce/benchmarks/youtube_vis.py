"""YouTube-VIS 2019: image K-Net on COCO instances, then the clip model, R-50."""

from _reproduce.benchmarks.images import COCO
from _reproduce.plan import Archive, Benchmark, Conversion, Number, Score, Stage, Test

_SITE = 'the YouTube-VIS site (youtube-vos.org/dataset/vis, 2019; an account of its server is needed)'
_ROOT = '{data}/youtube_vis_2019'


def _frames(subset: str) -> Archive:
    return Archive((f'{subset}.zip',), _SITE, f'{_ROOT}/{subset}', ('JPEGImages',))


def _tracks(subset: str) -> Archive:
    return Archive((f'{subset}.json',), _SITE, _ROOT, (f'{subset}.json',))


BENCHMARK = Benchmark(
    name='youtube-vis',
    archives=(_frames('train'), _frames('valid'), _tracks('train'), _tracks('valid'), *COCO),
    conversions=(
        Conversion('youtube-vis', f'tools/dataset/youtubevis2coco.py -i {_ROOT} -o {_ROOT}/annotations --version 2019'),
    ),
    stages=(
        Stage(
            'image',
            'configs/det/coco/knet_s3_r50_fpn_ms-3x_coco.py',
            'configs/toy/knet_toy_coco_instance.py',
            '{data}/coco',
            samples=118287,
        ),
        Stage(
            'video',
            'configs/video_knet_vis/video_knet_vis/knet_track_r50_1x_youtubevis.py',
            'configs/toy/knet_track_toy_youtubevis.py',
            _ROOT,
            samples=0,
            start='image',
            toy_options=('runner.max_iters=24', 'checkpoint_config.interval=24'),
        ),
    ),
    tests=(
        Test(
            'video',
            'test_whole_video.py',
            scores=(
                Score(
                    'valid', f'tools_vis/eval_vis.py {{out}}/results.json {_ROOT}/valid.json --validate', ('official',)
                ),
                Score(
                    'ap',
                    f'tools_vis/eval_vis.py {{out}}/results.json {_ROOT}/valid.json --nproc {{nproc}} '
                    '--json {scores}/ap-official.json',
                    ('official',),
                    needs=f'{_ROOT}/valid.json',
                ),
            ),
            numbers=(
                Number('AP', 'ap', ('AP',), 40.5, note="of the evaluation server; with Swin-B the paper's is 54.1"),
            ),
            options='--format-only',
        ),
    ),
    notes=(
        'The official validation set has no public annotations: send submission_file.zip to the evaluation server.',
        'Only a valid.json with annotations is scored here.',
        'AP has one protocol.',
    ),
)
