"""Command lines on a toy street and a model small enough for seconds."""

import importlib.util
import io
import os
import socket
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
import torch

from .world import World

ROOT = Path(__file__).resolve().parents[2]
#: What runs as a program, seen from the root.
TOOLS = sorted(
    str(path.relative_to(ROOT))
    for folder in ('tools', 'tools_vis')
    for path in (ROOT / folder).rglob('*.py')
    if 'run_tool(main)' in path.read_text()
)

#: Derived from the toy model, smaller still; batch norms use their running
#: statistics, so that a sample does not depend on its batch.
CONFIG = """
_base_ = [
    '{root}/configs/_base_/models/video_knet_s3_r50_fpn_step.py',
    '{root}/configs/_base_/datasets/kitti_step_vps.py',
    '{root}/configs/_base_/default_runtime.py',
]
norm_cfg = dict(type='GN', num_groups=8)
model = dict(
    backbone=dict(depth=18, base_channels=8, stem_channels=8, frozen_stages=-1, norm_eval=True, init_cfg=None),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    rpn_head=dict(
        num_proposals=10, in_channels=16, norm_cfg=norm_cfg,
        localization_fpn=dict(in_channels=16, feat_channels=16, out_channels=16,
                              positional_encoding=dict(num_feats=8), norm_cfg=norm_cfg)),
    roi_head=dict(
        num_proposals=10,
        mask_head=dict(in_channels=16, feedforward_channels=32,
                       kernel_updator_cfg=dict(in_channels=16, feat_channels=16, out_channels=16))),
    track_head=dict(in_channels=16, fc_out_channels=16, embed_channels=16),
    test_cfg=dict(rcnn=dict(max_per_img=10, unassigned='stuff')))
crop_size = (64, 128)
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqResizeWithDepth', img_scale=(64, 213), ratio_range=[1.0, 1.3], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=crop_size, share_params=True),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect',
         keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
data = dict(
    samples_per_gpu=2, workers_per_gpu=0,
    train=dict(times=1, dataset=dict(data_root='{data}', pipeline=train_pipeline)),
    val=dict(data_root='{data}'), test=dict(data_root='{data}'))
optimizer = dict(type='AdamW', lr=1e-3)
optimizer_config = dict(grad_clip=dict(max_norm=1, norm_type=2))
lr_config = dict(policy='step', step=[1], warmup='linear', warmup_iters=3, warmup_ratio=0.1)
runner = dict(type='EpochBasedRunner', max_epochs=2)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
"""


@pytest.fixture(scope='session')
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training and three validation videos of 64x160."""
    from knet.toy import ToySpec, make_toy_videos

    root = tmp_path_factory.mktemp('street')
    make_toy_videos(root, 'kitti-step', ToySpec(train=2, val=3, frames=4, height=64, width=160))
    return root


@pytest.fixture(scope='session')
def toy_config(street: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Config of a very small Video K-Net on :func:`street`."""
    path = tmp_path_factory.mktemp('configs') / 'tiny_street.py'
    path.write_text(CONFIG.format(root=ROOT, data=street))
    return path


#: The same network as an image model on Cityscapes-STEP.
IMAGE_CONFIG = CONFIG.replace('video_knet_s3_r50_fpn_step', 'knet_s3_r50_fpn_step').replace(
    'kitti_step_vps', 'cityscapes_step'
)


@pytest.fixture(scope='session')
def image_model(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path]:
    """Config of an image model on toy pictures, and a checkpoint of random weights."""
    from knet.apis import build_model, load_config
    from knet.toy import ToySpec, make_toy_videos

    folder = tmp_path_factory.mktemp('image')
    make_toy_videos(folder / 'city', 'cityscapes-step', ToySpec(train=1, val=2, frames=2, height=64, width=160))
    text = IMAGE_CONFIG.format(root=ROOT, data=folder / 'city')
    start, end = text.index('    track_head='), text.index('    test_cfg=')
    text = text[:start] + text[end:]
    start, end = text.index('train_pipeline'), text.index('data = dict(')
    path = folder / 'tiny_image.py'
    path.write_text((text[:start] + text[end:]).replace(', pipeline=train_pipeline', ''))
    torch.manual_seed(0)
    torch.save(build_model(load_config(str(path))).state_dict(), str(folder / 'weights.pth'))
    return path, folder / 'weights.pth'


@pytest.fixture(scope='session')
def trained(toy_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work directory of a training with validation."""
    work_dir = tmp_path_factory.mktemp('trained')
    run('train.py', toy_config, '--work-dir', work_dir, '--seed', 5)
    return work_dir


@pytest.fixture(scope='session')
def predicted(toy_config: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of one process, with overlays, submission files and scores."""
    out = tmp_path_factory.mktemp('predicted') / 'out'
    code, text, err = call('test_step.py', toy_config, trained, '--show-dir', out, '--final', '--eval', 'stq', 'vpq')
    assert code == 0 and 'STQ' in text and 'VPQ' in text, err
    return out


@pytest.fixture
def world(
    toy_config: Path,
    trained: Path,
    predicted: Path,
    street: Path,
    image_model: Tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """An empty current directory, and things to spoil copies of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('KNET_DEBUG', raising=False)
    return World(tmp_path, toy_config, trained, predicted, street, image_model)


def files_of(folder: Path, pattern: str = '*.png') -> Dict[str, bytes]:
    """Content by relative name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(pattern) if path.is_file()}


ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS='1', PYTHON=sys.executable)


def command(*args: Any) -> List[str]:
    """Command line of ``tools/<args[0]>``."""
    script, *rest = [str(arg) for arg in args]
    return [sys.executable, str(ROOT / 'tools' / script), *rest]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def _finish(words: List[str]) -> str:
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, timeout=300
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def run(*args: Any) -> str:
    """Run a Python tool in a process of its own; its failure fails the test."""
    return _finish(command(*args))


def launch(*args: Any) -> str:
    """Run a shell launcher with ``sh``; its failure fails the test."""
    script, *rest = [str(arg) for arg in args]
    return _finish(['sh', str(ROOT / 'tools' / script), *rest])


def call(script: str, *args: Any) -> Tuple[int, str, str]:
    """Run a tool within this process: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, 'argv', [script, *(str(arg) for arg in args)])
        patch.syspath_prepend(str(ROOT / 'tools'))
        patch.syspath_prepend(str((ROOT / 'tools' / script).parent))
        spec = importlib.util.spec_from_file_location(f'tool_{Path(script).stem}', str(ROOT / 'tools' / script))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(SystemExit) as stop:
            module.run_tool(module.main)
    return stop.value.code, out.getvalue(), err.getvalue()
