"""The clip-wise model takes what the data set gives, and gives what the tools take."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmcv.parallel import MMDataParallel, collate

from knet.apis import build_data, build_model, load_config
from knet.apis.clips import open_video_store, predict_videos
from tests.tools.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def cfg(converted: Path) -> Any:
    """Return the toy config for clips of two frames of the small videos, frames without objects included."""
    cfg = load_config(str(ROOT / 'configs/toy/knet_track_toy_youtubevis.py'))
    for part in ('train', 'val', 'test'):
        cfg.data[part].data_root = str(converted)
    cfg.data.train.update(filter_empty_gt=False, ref_img_sampler=dict(num_ref_imgs=2, frame_range=1))
    return cfg


@pytest.mark.parametrize('clips', [(0, 3), (0, 6), (6, 7)], ids=['objects', 'one empty clip', 'only empty clips'])
def test_clips_train(cfg: Any, clips: Any) -> None:
    torch.manual_seed(0)
    dataset, model = build_data(cfg, 'train'), build_model(cfg).train()
    batch = collate([dataset[i] for i in clips], samples_per_gpu=2)
    out = MMDataParallel(model, device_ids=[]).train_step(batch, None)
    out['loss'].backward()
    assert torch.isfinite(out['loss']) and out['num_samples'] == 2
    assert not [name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is None]


def test_videos_are_predicted(cfg: Any, tmp_path: Path, monkeypatch: Any) -> None:
    torch.manual_seed(0)
    dataset, model = build_data(cfg, 'test'), build_model(cfg).eval()
    found = {}
    for size in (2, 100):
        monkeypatch.setattr('knet.apis.clips.CHUNK', size)
        store = open_video_store(tmp_path / str(size), {})
        found[size] = predict_videos(model, dataset, store, workers=0, show_progress=False)
    assert [len(video) for video in found[2]] == [10, 10, 10]
    assert [[r['category_id'] for r in video] for video in found[2]] == [
        [r['category_id'] for r in video] for video in found[100]
    ]
    dataset.format_results(found[2], str(tmp_path / 'out'))
    assert 0 <= dataset.evaluate(found[2])['AP'] <= 1
