"""Configs and command lines: overrides without effect, names of the original, paths with slips."""

import shutil
import subprocess
from typing import Any, Callable, List

from knet.apis import build_data, build_model, load_config
from tests.tools.conftest import ROOT
from tests.tools.world import World

from .row import Row

_CONFIGS = ROOT / 'configs'


def _override(**options: Any) -> Callable[[World], List[Any]]:
    """Command line of a training with overrides; __ stands for a dot."""
    words = [f'{key.replace("__", ".")}={value}' for key, value in options.items()]
    return lambda world: world.train('--cfg-options', *words)


def _original(part: str, extra: str) -> Callable[[World], Callable[[], Any]]:
    """Build the model or the data of the tiny config with settings of the original."""

    def make(world: World) -> Callable[[], Any]:
        path = world.file('original.py', f"_base_ = '{world.config}'\n{extra}\n")
        build: Callable[[Any], Any] = build_model if part == 'model' else lambda cfg: build_data(cfg, 'train')
        return lambda: build(load_config(str(path)))

    return make


def _imported(world: World, *modules: str) -> Callable[[], Any]:
    """Load the tiny config with a list of modules to import; returns what was imported."""
    path = world.file('own.py', f"_base_ = '{world.config}'\ncustom_imports = dict(imports={list(modules)})\n")
    return lambda: load_config(str(path)).custom_imports['imports']


def _are(imports: List[str], *modules: str) -> None:
    assert imports == list(modules)


_MODULES_OF_THE_ORIGINAL = (
    'knet.det.dice_loss',
    'knet.det.kernel_head',
    'knet.video.qdtrack.trackers.quasi_dense_embed_tracker',
    'external.dataset.dvps_pipelines.loading',
    'swin.swin_transformer',
    'mmtrack.datasets',
)


def _launch(*words: str) -> Callable[[World], Callable[[], Any]]:
    """Run a launcher of Slurm, whose error becomes an exception."""

    def run() -> None:
        done = subprocess.run(['sh', *words], capture_output=True, text=True, cwd=str(ROOT))
        if done.returncode:
            raise ValueError(done.stderr)

    return lambda world: run


def _train_with(extra: str) -> Callable[[World], List[Any]]:
    """Begin a training of the tiny config with further settings; ``{street}`` stands for its data."""

    def make(world: World) -> List[Any]:
        path = world.file('own.py', f"_base_ = '{world.config}'\n{extra.replace('{street}', str(world.street))}\n")
        return ['train.py', path, '--work-dir', world.tmp / 'out/run']

    return make


def _unlabelled(world: World) -> List[Any]:
    """Begin a training that is to be scored on the videos for the server."""
    root = world.data('test', lambda folder: shutil.copytree(folder.with_name('val'), folder))
    return _train_with(f"data = dict(val=dict(data_root='{root}', split='test'))")(world)


def _used_twice(world: World) -> List[Any]:
    (world.tmp / 'out').mkdir()
    (world.tmp / 'out' / 'manifest.json').write_text('{"meta": {"config": "other.py"}, "videos": {}}')
    return ['test_step.py', world.config, world.trained]


def _is_noted(*notes: str) -> Callable[[World, str], None]:
    def check(world: World, text: str) -> None:
        for note in notes:
            assert note in text, text

    return check


#: A data set that is put together from two.
_TWO_STREETS = """
_street = dict(type='KITTISTEPDVPSDataset', data_root='{{street}}', split='{part}', label_space={space},
               pipeline={{{{_base_.train_pipeline}}}})
data = dict({part}=dict(_delete_=True, type='ConcatDataset', datasets=[dict(_street, label_space=None), _street]))
"""

ROWS = [
    Row(
        'data_root beside the data sets',
        _override(data_root='x'),
        'data_root: .*did you mean data.train.dataset.data_root or data.val.data_root or data.test.data_root',
    ),
    Row(
        'data_root of the data set that repeats another',
        _override(data__train__data_root='x'),
        "RepeatDataset reads no 'data_root'; did you mean data.train.dataset.data_root",
    ),
    Row('learning rate on the top level', _override(lr=0.1), 'lr: nothing reads this key; did you mean optimizer.lr'),
    Row('length as in old mmdet', _override(total_epochs=3), 'total_epochs: .*did you mean runner.max_epochs'),
    Row('batch size under another name', _override(data__batch_size=3), 'did you mean data.samples_per_gpu'),
    Row('section misspelt', _override(evalution__interval=3), 'did you mean evaluation.interval'),
    Row(
        'variable of the config',
        _override(norm_cfg__num_groups=4),
        'norm_cfg.num_groups: it is a variable, whose value the config has used already',
    ),
    Row(
        'test option one level too high',
        _override(model__test_cfg__max_per_img=5),
        'did you mean model.test_cfg.rcnn.max_per_img',
    ),
    Row('section that nothing reads', _override(workflow='x'), 'workflow: nothing reads this key'),
    Row(
        'whose settings a resumed training takes misspelt',
        _override(resume_settings='confg'),
        "resume_settings='confg'; choose 'checkpoint' or 'config'",
    ),
    Row(
        'folder of a config misspelt',
        lambda w: ['train.py', _CONFIGS / 'det/knet_cityscapes_ste/knet_s3_r50_fpn.py'],
        'config not found: .*did you mean .*/det/knet_cityscapes_step/knet_s3_r50_fpn.py',
    ),
    Row(
        'two folders of a config misspelt',
        lambda w: ['train.py', _CONFIGS.with_name('config') / 'det/knet_cityscapes_ste/knet_s3_r50_fpn.py'],
        'did you mean .*configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py',
    ),
    Row(
        'modules of the original',
        lambda w: _imported(w, *_MODULES_OF_THE_ORIGINAL),
        expect=lambda w, imports: _are(imports, 'knet.plugin', 'knet_vis.plugin'),
    ),
    Row(
        'a module inside a package of this project',
        lambda w: _imported(w, 'knet.video.trackers', 'knet.video.qdtrack'),
        expect=lambda w, imports: _are(imports, 'knet.plugin', 'knet.video.trackers'),
    ),
    Row(
        'a misspelt module inside a package of this project',
        lambda w: _imported(w, 'knet.plugin', 'knet.absent.module'),
        "cannot be read: .*No module named 'knet.absent'",
    ),
    Row(
        'arguments of the original model',
        _original(
            'model',
            'model = dict(kitti_step=True, num_thing_classes=2, roi_head=dict(merge_joint=True), '
            'rpn_head=dict(use_binary=True))',
        ),
        "model.kitti_step: model.label_space='kitti_step'.*model.rpn_head.use_binary: leave it out.*"
        'model.roi_head.merge_joint: model.test_cfg.rcnn.merge_joint',
    ),
    Row(
        'arguments of the original data',
        _original('data', 'data = dict(train=dict(dataset=dict(is_instance_only=True, with_depth=False)))'),
        'data.train.dataset.is_instance_only: leave it out.*data.train.dataset.with_depth: leave it out: depth',
    ),
    Row(
        'type of the original that is gone',
        _original('model', "model = dict(type='VideoKNetUniTrack')"),
        "type 'VideoKNetUniTrack' .* is of the original implementation; gone: .*MaskIoUTracker",
    ),
    Row(
        'partition unset in a training on Slurm',
        _launch('tools/slurm_train.sh', 'job', 'configs/a.py', 'work', '--seed', '1'),
        "PARTITION is missing before 'job': the config is the third argument",
    ),
    Row(
        'partition unset in a test on Slurm',
        _launch('tools/slurm_test_step.sh', 'job', 'configs/a.py', 'a.pth'),
        "PARTITION is missing before 'job'",
    ),
    Row(
        'checkpoints in another folder than the work directory',
        _train_with("checkpoint_config = dict(out_dir='elsewhere')"),
        'checkpoint_config.out_dir: .*use --work-dir',
    ),
    Row(
        'a learning rate that is to scale with the batch',
        _train_with('auto_scale_lr = dict(enable=True, base_batch_size=16)'),
        'auto_scale_lr.enable: .*write the rate for your batch size',
    ),
    Row(
        'several data sets in other classes than the model',
        _train_with(_TWO_STREETS.format(part='train', space="'vipseg'")),
        'the model predicts .*kitti_step.*KITTISTEPDVPSDataset has .*vipseg.*must agree',
    ),
    *(
        Row(f'validation with {what}', _train_with(extra), error)
        for what, extra, error in [
            (
                'a misspelt key',
                'evaluation = dict(intervall=5)',
                'evaluation.intervall: nothing reads this key; did you mean evaluation.interval?',
            ),
            (
                'a key of mmdet',
                'evaluation = dict(classwise=True)',
                'evaluation.classwise: nothing reads this key; leave it out; it reads metric, .*interval',
            ),
            ('an unknown metric', "evaluation = dict(metric=['sqt'])", "unknown metric 'sqt' for videos; choose"),
            ('an unknown protocol', "evaluation = dict(protocol='paper')", "unknown protocol 'paper'.*--no-validate"),
            ('an interval of nothing', 'evaluation = dict(interval=0)', 'evaluation of .*interval must be a positive'),
            (
                'an unknown best score',
                "evaluation = dict(save_best='PQ')",
                "evaluation.save_best='PQ' is not among the scores; choose from AQ, SQ, STQ, VPQ",
            ),
            (
                'two data sets',
                _TWO_STREETS.format(part='val', space=None),
                'data.val is a ConcatDataset, which has no video_indices.*or train with --no-validate',
            ),
        ]
    ),
    Row(
        'validation without labels',
        _unlabelled,
        'data.val .*test.* has no annotations to compare with; .*or train with --no-validate',
    ),
    Row('second test into the default folder', _used_twice, 'out holds results of another run .*--out-dir.*--fresh'),
    Row(
        'options of mmdet without effect',
        lambda w: w.step('--tmpdir', 'x', '--gpu-collect', '--fuse-conv-bn', '--show-score-thr', 0.3),
        expect=_is_noted('--tmpdir has no effect', '--gpu-collect has', '--fuse-conv-bn has', '--show-score-thr has'),
    ),
]
