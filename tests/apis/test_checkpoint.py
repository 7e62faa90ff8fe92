"""Checkpoints: what is found, what is refused, what is reported."""

import logging
import os
import pickle
import resource
import signal
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from knet.apis.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_weights,
    plain,
    read_checkpoint,
    resolve_checkpoint,
    save_atomic,
)
from knet.labels import (
    CITYSCAPES_PANOPTIC,
    KITTI_STEP,
    YOUTUBE_VIS_2019,
    YOUTUBE_VIS_2021,
    LabelSpace,
    space_from_plain,
)


def net(width: int = 3) -> nn.Module:
    """A model of three tensors plus batch norm."""
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width))


class Evil:
    """Runs code when unpickled."""

    def __reduce__(self) -> tuple:
        return (os.makedirs, ('pwned',))


@pytest.mark.parametrize('layout', ['flat', 'state_dict', 'model', 'module'])
def test_layouts(tmp_path: Path, layout: str) -> None:
    weights = net().state_dict()
    content = dict(
        flat=weights,
        state_dict=dict(state_dict=weights, meta=dict(epoch=3)),
        model=dict(model=weights),
        module=dict(state_dict=OrderedDict(('module.' + k, v) for k, v in weights.items())),
    )[layout]
    torch.save(content, str(tmp_path / 'a.pth'))
    model = net()
    load_checkpoint(model, tmp_path / 'a.pth', complete=True)
    for key, value in model.state_dict().items():
        assert torch.equal(value, weights[key])


def of_classes(space: LabelSpace) -> nn.Module:
    model = net()
    model.label_space = space
    return model


def test_classes_at_other_places_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / 'a.pth'
    meta = dict(label_space=YOUTUBE_VIS_2019.to_plain())
    torch.save(dict(state_dict=net().state_dict(), meta=meta), str(path))
    load_checkpoint(of_classes(YOUTUBE_VIS_2019), path, complete=True)
    other = of_classes(YOUTUBE_VIS_2021)
    with pytest.raises(CheckpointError, match="'airplane' is class 0 of 'youtube_vis_2021', and was class"):
        load_checkpoint(other, path, complete=True)
    load_checkpoint(other, path, logger=logging.getLogger('test'))  # to go on from its other weights
    assert 'taken over by their places' in caplog.text


def test_kinds_move_classes_and_names_do_not(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=net().state_dict(), meta=dict(label_space=KITTI_STEP.to_plain())), str(path))
    with pytest.raises(CheckpointError, match='is of other classes'):
        load_checkpoint(of_classes(CITYSCAPES_PANOPTIC), path, complete=True)
    renamed = KITTI_STEP.to_plain()
    renamed['classes'][0]['name'] = 'street'
    load_checkpoint(of_classes(space_from_plain(renamed)), path, complete=True)


@pytest.mark.skipif(not hasattr(torch.serialization, 'add_safe_globals'), reason='torch < 2.4 has a fixed list')
def test_numpy_numbers_in_meta_are_no_code(tmp_path: Path) -> None:
    torch.save(
        dict(state_dict=net().state_dict(), meta=dict(best=np.float64(0.5), n=np.int64(3))), str(tmp_path / 'a.pth')
    )
    assert read_checkpoint(tmp_path / 'a.pth')['meta']['best'] == 0.5


def test_pickled_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=net().state_dict(), meta=Evil()), 'evil.pth')
    with pytest.raises(CheckpointError, match='pickled code.*--trust-checkpoint'):
        read_checkpoint('evil.pth')
    assert not Path('pwned').exists()


def test_trusted_objects_load(tmp_path: Path) -> None:
    torch.save(dict(state_dict=net().state_dict(), meta=logging.Filter('x')), str(tmp_path / 'a.pth'))
    with pytest.raises(CheckpointError, match='pickled code'):
        read_checkpoint(tmp_path / 'a.pth')
    assert read_checkpoint(tmp_path / 'a.pth', trust=True)['meta'].name == 'x'


def damaged(path: Path, kind: str) -> None:
    """Write a file that is no checkpoint."""
    torch.save(dict(state_dict=net(64).state_dict()), str(path))
    data = path.read_bytes()
    path.write_bytes(
        dict(
            truncated=data[: len(data) // 2],
            empty=b'',
            text=b'hello world, no checkpoint',
            pickle=pickle.dumps([1, 2])[:-2],
        )[kind]
    )


@pytest.mark.parametrize('kind', ['truncated', 'empty', 'text', 'pickle'])
def test_damaged_files_are_named(tmp_path: Path, kind: str) -> None:
    damaged(tmp_path / 'a.pth', kind)
    with pytest.raises(CheckpointError, match=r'a\.pth is damaged or not a PyTorch checkpoint'):
        read_checkpoint(tmp_path / 'a.pth')


def test_no_weights(tmp_path: Path) -> None:
    torch.save(dict(meta=dict(epoch=1)), str(tmp_path / 'a.pth'))
    with pytest.raises(CheckpointError, match='no weights'):
        read_checkpoint(tmp_path / 'a.pth')


def test_another_model(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), str(tmp_path / 'a.pth'))
    with pytest.raises(CheckpointError, match='of another model'):
        load_checkpoint(net(), tmp_path / 'a.pth')


def test_partial_load_is_reported_or_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    weights = net().state_dict()
    weights.pop('0.bias')
    weights['extra'] = torch.zeros(1)
    weights['1.weight'] = torch.zeros(7)
    torch.save(weights, str(tmp_path / 'a.pth'))
    model = net()
    with caplog.at_level('WARNING'):
        load_checkpoint(model, tmp_path / 'a.pth', logger=logging.getLogger('test'))
    for text in ('1 missing', '0.bias', '1 unknown', 'extra', '1 of another shape', 'checkpoint (7), model (3)'):
        assert text in caplog.text
    assert torch.equal(model[0].weight, weights['0.weight'])
    with pytest.raises(CheckpointError, match='of another model'):
        load_checkpoint(model, tmp_path / 'a.pth', complete=True)


def test_exact_report() -> None:
    report = load_weights(net(), net().state_dict())
    assert report.exact and report.loaded == report.total == 6


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match='not found'):
        resolve_checkpoint(tmp_path / 'absent.pth')
    with pytest.raises(CheckpointError, match='no checkpoint in folder'):
        resolve_checkpoint(tmp_path)
    for number in (2, 10):
        (tmp_path / f'epoch_{number}.pth').write_bytes(b'x')
    assert resolve_checkpoint(tmp_path).name == 'epoch_10.pth'
    (tmp_path / 'latest.pth').symlink_to('epoch_2.pth')
    assert resolve_checkpoint(tmp_path).name == 'latest.pth'
    for age, name in ((10, 'best_STQ_epoch_1.pth'), (0, 'best_STQ_epoch_2.pth')):
        (tmp_path / name).write_bytes(b'x')
        os.utime(str(tmp_path / name), (time.time() - age,) * 2)
    assert resolve_checkpoint(tmp_path).name == 'best_STQ_epoch_2.pth'
    assert resolve_checkpoint(tmp_path, prefer='latest').name == 'latest.pth'


def test_interrupted_save_keeps_the_old_file(tmp_path: Path) -> None:
    save_atomic(dict(a=torch.ones(1)), tmp_path / 'a.pth')
    with pytest.raises(Exception, match='pickle|local'):
        save_atomic(dict(a=lambda: None), tmp_path / 'a.pth')
    assert torch.load(str(tmp_path / 'a.pth'))['a'] == 1
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']


def test_plain_numbers() -> None:
    result = plain(dict(a=np.float32(0.5), b=[np.int64(1), ('x', np.bool_(True))]))
    assert result == dict(a=0.5, b=[1, ('x', True)])
    assert type(result['a']) is float and type(result['b'][1][1]) is bool


@pytest.mark.skipif(not hasattr(signal, 'SIGXFSZ'), reason='no file size limits here')
def test_a_full_disk_is_named_and_keeps_the_old_file(tmp_path: Path) -> None:
    """A limit of the file size fails in the middle of writing, as a full disk does."""
    save_atomic(dict(a=torch.ones(1)), tmp_path / 'a.pth')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large: '.*a\.pth'"):
            save_atomic(dict(a=torch.ones(300000)), tmp_path / 'a.pth')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert torch.load(str(tmp_path / 'a.pth'))['a'] == 1
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']
