"""An optimiser state in the order of a published checkpoint resumes with the right parameters."""

import json
from pathlib import Path

import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector

from knet.apis.optimizer_state import names_by_order, optimizer_names, reordered_state
from tests.models import uninitialised

from .cases import ROOT
from .test_manifests import MANIFESTS

PATHS = [path for path in MANIFESTS if 'r50' in path.stem and 'kitti' in path.stem][:1]


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_published_order(path: Path) -> None:
    manifest = json.loads(path.read_text())
    with uninitialised():
        model = build_detector(Config.fromfile(str(ROOT / manifest['config'])).model)
    optimizer = torch.optim.AdamW(model.parameters())
    names = optimizer_names(model, optimizer)
    shapes = {entry['key']: entry['shape'] for entry in manifest['state_dict']}
    published = names_by_order(names, shapes)
    # Some parameters stand elsewhere, which PyTorch's numbers would not notice where shapes are equal.
    assert published != names and sorted(published) == sorted(names)
    moments = {i: dict(exp_avg=torch.tensor(float(i)).expand(shapes[name])) for i, name in enumerate(published)}
    saved = dict(state=moments, param_groups=[dict(lr=0.5, params=list(moments))])
    state = reordered_state(optimizer, names, saved, published)
    for i, name in enumerate(names):
        assert float(state['state'][i]['exp_avg'].flatten()[0]) == published.index(name)
    assert state['param_groups'] == [dict(lr=0.5, params=list(range(len(names))))]
