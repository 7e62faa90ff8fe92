"""The variants of the link that only the experiment of docs/linking.md trains."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import torch
from mmcv import Config
from mmdet.datasets import build_dataset
from mmdet.models import build_detector

from knet.toy import ToySpec, make_toy_videos
from knet.video.track_losses import L2Loss

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def linking() -> Any:
    """The module of the experiment, with its variants registered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools/experiments'))
        import link_variants  # noqa: F401
        import linking

        yield linking


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('linking') / 'data'
    make_toy_videos(root, 'kitti-step', ToySpec(train=1, val=0, frames=6, height=64, width=96))
    return root


def config_of(linking: Any, arm: str, data: Path) -> Config:
    """The config of an arm with its options, as tools/train.py reads it."""
    config = Config.fromfile(str(ROOT / linking.ARMS[arm].config))
    options = dict(option.split('=', 1) for option in linking.ARMS[arm].options)
    values = {'None': None, 'False': False}
    config.merge_from_dict({key: values.get(value, value) for key, value in options.items() if '[' not in value})
    config.merge_from_dict({'data.train.dataset.data_root': str(data)})
    return config


def batch_of(dataset: Any, index: int) -> Dict[str, Any]:
    """One sample as a batch."""
    np.random.seed(0)
    sample = dataset[index]
    return {k: v.data[None] if v.stack else [v.data] for k, v in sample.items()}


@pytest.mark.parametrize('arm', ['linked', 'unlinked_loss', 'memory', 'stop_gradient', 'mask_link', 'self_link'])
def test_every_variant_trains_its_link(linking: Any, data: Path, arm: str) -> None:
    config = config_of(linking, arm, data)
    torch.manual_seed(0)
    model = build_detector(config.model).train()
    losses = model(return_loss=True, **batch_of(build_dataset(config.data.train), 3))
    sum(v.sum() for k, v in losses.items() if 'loss' in k).backward()
    assert all(torch.isfinite(value).all() for value in losses.values()) and losses['loss_track'] > 0
    last = model.roi_head.mask_head[-1]
    link = last.mask_link if arm == 'mask_link' else last.track_link
    assert link.attention.attn.in_proj_weight.grad.abs().sum() > 0
    unused = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert unused == []


def test_stopped_gradients_do_not_reach_the_reference(linking: Any, data: Path) -> None:
    grads: List[float] = []
    for arm in ('linked', 'stop_gradient'):
        torch.manual_seed(0)
        head = build_detector(config_of(linking, arm, data).model).roi_head
        previous = torch.randn(1, 35, 64, 1, 1, requires_grad=True)
        x, kernels, masks = torch.randn(1, 64, 8, 12), torch.randn(1, 35, 64, 1, 1), torch.randn(1, 35, 8, 12)
        head.run_stage(2, x, kernels, masks, previous).track_kernels.sum().backward()
        grads.append(0.0 if previous.grad is None else float(previous.grad.abs().sum()))
    assert grads[0] > 0 and grads[1] == 0


def test_a_self_linked_stream_links_its_first_frame(linking: Any, data: Path) -> None:
    torch.manual_seed(0)
    model = build_detector(config_of(linking, 'self_link', data).model).eval()
    memory, meta = model.new_stream(), dict(video_id=1, frame_id=0, is_first_frame=True)
    with torch.no_grad():
        stage = model.forward_network(torch.randn(1, 3, 64, 96), meta, memory).stage
    assert stage.track_kernels.shape == stage.kernels.shape
    assert memory.kernels is stage.kernels


def test_angles_of_a_collapsed_pair(linking: Any) -> None:
    """Keys of one direction and references of another: all cosines are that of the angle between the two."""
    import link_angles

    keys, references = torch.tensor([[2.0, 0.0], [5.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    collect = link_angles.Angles()
    collect([keys], [references], [torch.tensor([1, 2])], [torch.tensor([2, 1])])
    means = {name: float(torch.cat(values).mean()) for name, values in collect.found.items()}
    assert means == pytest.approx(dict(same=0.6, different=0.6, keys=1.0, references=1.0))


def test_a_constant_angle_minimises_the_auxiliary_loss() -> None:
    """The way out that docs/linking.md speaks of: cosine 0.325 and loss 0.152 with four things in both frames."""
    loss = L2Loss(neg_pos_ub=3, neg_margin=0.1)
    cosines = torch.linspace(-1, 1, 401)
    losses = torch.stack([loss(torch.full((4, 4), float(c)), torch.eye(4)) for c in cosines])
    assert float(cosines[losses.argmin()]) == pytest.approx(0.325, abs=0.003)
    assert float(losses.min()) == pytest.approx(0.152, abs=0.001)


def test_past_frames_come_before_the_key(linking: Any, data: Path) -> None:
    dataset = build_dataset(config_of(linking, 'memory', data).data.train).dataset
    for index in range(6):
        key, before, earlier = (frame['frame_id'] for frame in dataset.sample(index))
        assert key == index and before == max(0, index - 1) and max(0, index - 4) <= earlier <= max(0, index - 2)


def test_the_queue_names_what_exists(linking: Any) -> None:
    assert all(world in linking.WORLDS and arm in linking.ARMS for world, arm, _ in linking.QUEUE)
    assert len(set(linking.QUEUE)) == len(linking.QUEUE)
    assert all((ROOT / arm.config).is_file() for arm in linking.ARMS.values())
