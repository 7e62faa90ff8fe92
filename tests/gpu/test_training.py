"""Training on a GPU: steps, half precision, resuming, and a process group of one."""

import json
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import torch
from mmcv.parallel import MMDataParallel, MMDistributedDataParallel
from torch import distributed as dist

from knet.apis import load_config
from knet.apis.train import train
from knet.toy import ToySpec, make_toy_videos
from tests.models import ROOT
from tests.tools.conftest import CONFIG

from .kinds import KINDS


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Config of a very small Video K-Net on a toy street."""
    folder = tmp_path_factory.mktemp('street')
    make_toy_videos(folder / 'data', 'kitti-step', ToySpec(train=2, val=1, frames=4, height=64, width=160))
    path = folder / 'tiny_street.py'
    path.write_text(CONFIG.format(root=ROOT, data=folder / 'data'))
    return path


def run(config: Path, work_dir: Path, iterations: int, **settings: Any) -> Dict[str, Any]:
    """Train for a number of iterations in all and return the last checkpoint."""
    runner = dict(_delete_=True, type='IterBasedRunner', max_iters=iterations)
    checkpoints = dict(by_epoch=False, interval=3)
    options = {'runner': runner, 'checkpoint_config': checkpoints, 'work_dir': str(work_dir), **settings}
    train(load_config(str(config), options), validate=False, seed=3)
    return torch.load(str(work_dir / 'latest.pth'), map_location='cpu', weights_only=False)


def losses(work_dir: Path) -> List[float]:
    """Return the losses of the logged steps."""
    lines = [line for path in sorted(work_dir.glob('*.log.json')) for line in path.read_text().splitlines()]
    return [line['loss'] for line in map(json.loads, lines) if line.get('mode') == 'train']


def test_a_training_resumes(config: Path, tmp_path: Path, device: torch.device) -> None:
    whole = run(config, tmp_path / 'whole', 6)
    run(config, tmp_path / 'parts', 3)
    resumed = run(config, tmp_path / 'parts', 6, auto_resume=True)
    assert whole['meta']['iter'] == resumed['meta']['iter'] == 6
    assert all(map(math.isfinite, losses(tmp_path / 'parts')))
    # Sums on a GPU have no fixed order, and the optimiser's first steps are as long for small gradients as for large.
    far = [k for k, v in whole['state_dict'].items() if not torch.allclose(v, resumed['state_dict'][k], atol=2e-2)]
    assert far == []


@pytest.mark.parametrize('settings', [dict(loss_scale='dynamic'), dict(loss_scale=512.0)])
def test_half_precision_trains(config: Path, tmp_path: Path, cuda: torch.device, settings: Dict[str, Any]) -> None:
    checkpoint = run(config, tmp_path, 3, fp16=settings)
    assert all(map(math.isfinite, losses(tmp_path)))
    assert all(torch.isfinite(value).all() for value in checkpoint['state_dict'].values())


def test_bfloat16_trains(config: Path, tmp_path: Path, device: torch.device) -> None:
    plain, half = (run(config, tmp_path / name, 3, bf16=name == 'half') for name in ('plain', 'half'))
    assert losses(tmp_path / 'half') == pytest.approx(losses(tmp_path / 'plain'), rel=0.05)
    assert any(not torch.equal(value, half['state_dict'][key]) for key, value in plain['state_dict'].items())


@pytest.fixture
def group(tmp_path: Path, cuda: torch.device) -> Iterator[None]:
    """Start a process group of this process alone."""
    dist.init_process_group('nccl', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_a_process_group_of_one_is_no_group(group: None, cuda: torch.device) -> None:
    results = []
    for wrap in (MMDataParallel, MMDistributedDataParallel):
        model = KINDS['stream'].model(cuda).train()
        wrapped = wrap(model, device_ids=[0])
        step = wrapped.train_step(KINDS['stream'].batch(), None)
        step['loss'].backward()
        results.append((step['loss'].detach(), [p.grad.norm() for p in model.parameters() if p.grad is not None]))
    torch.testing.assert_close(results[1][0], results[0][0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(torch.stack(results[1][1]), torch.stack(results[0][1]), rtol=2e-2, atol=1e-3)
