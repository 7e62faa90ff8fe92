"""Checkpoints: old files, unsafe files, other models, other settings."""

import io
import os
import tarfile
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import torch
from torch import nn

from knet.apis import build_model, load_config, read_checkpoint
from knet.apis.checkpoint import LoadReport, load_weights
from knet.apis.train import initialise_weights
from tests.published import numpy_of_2021
from tests.tools.world import World

from .row import Row


class _Code:
    """Makes a folder when unpickled."""

    def __reduce__(self) -> tuple:
        return os.makedirs, ('pwned',)


def _unsafe(world: World) -> Path:
    return world.weights('a.pth', dict(state_dict={'conv1.weight': torch.ones(1)}, meta=_Code()))


_SWIN = dict(type='SwinTransformerDIY', embed_dims=8, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8])


def _pretrained(world: World, place: Any, **backbone: Any) -> Callable[[], Any]:
    """Initialise a backbone of the tiny model from a file or URL."""
    cfg = load_config(str(world.config))
    cfg.model.backbone = dict(backbone or cfg.model.backbone, init_cfg=dict(type='Pretrained', checkpoint=str(place)))
    return lambda: initialise_weights(build_model(cfg))


def _download(world: World) -> Callable[[], Any]:
    """Initialise a backbone from a URL whose file was downloaded before."""
    (world.tmp / 'hub' / 'checkpoints').mkdir(parents=True)
    _unsafe(world).rename(world.tmp / 'hub' / 'checkpoints' / 'a.pth')
    run = _pretrained(world, 'http://example.org/a.pth')

    def load() -> None:
        before = torch.hub.get_dir()
        torch.hub.set_dir(str(world.tmp / 'hub'))
        try:
            run()
        finally:
            torch.hub.set_dir(before)

    return load


def _archive(world: World, kind: str) -> Path:
    """A file that PyTorch would open without its unpickler."""
    path = world.tmp / 'a.pth'
    if kind == 'tar':
        with tarfile.open(str(path), 'w') as archive:
            archive.addfile(tarfile.TarInfo('storages'), io.BytesIO())
    else:
        torch.jit.script(nn.Linear(1, 1)).save(str(path))
    return path


def _old_numbers(world: World, legacy: bool) -> Path:
    meta = dict(best=np.float64(0.5), step=np.int64(3), rows=np.arange(6.0).reshape(2, 3), name=np.str_('x'))
    path = world.tmp / 'a.pth'
    content = dict(state_dict={'module.a': torch.ones(2)}, meta=meta)
    torch.save(content, str(path), _use_new_zipfile_serialization=not legacy)
    if legacy:
        path.write_bytes(path.read_bytes().replace(b'numpy._core.', b'numpy.core.'))
    else:
        numpy_of_2021(path)
    assert b'numpy.core.multiarray' in path.read_bytes()
    return path


def _has_old_numbers(world: World, content: Dict[str, Any]) -> None:
    meta = content['meta']
    assert (meta['best'], meta['step'], meta['name']) == (0.5, 3, 'x') and meta['rows'].tolist() == [
        [0, 1, 2],
        [3, 4, 5],
    ]
    assert torch.equal(content['state_dict']['a'], torch.ones(2))


def _object_array(world: World) -> Path:
    return world.weights('a.pth', dict(state_dict={'a': torch.ones(1)}, meta=dict(x=np.array([{}], dtype=object))))


def _resume(world: World) -> List[Any]:
    """Continue the first epoch with another batch size, and the config's learning rate and weight decay."""
    return world.train(
        '--no-validate',
        '--resume-from',
        world.trained / 'epoch_1.pth',
        '--resume-settings',
        'config',
        '--cfg-options',
        'optimizer.lr=0.002',
        'optimizer.weight_decay=0.3',
        'data.samples_per_gpu=4',
        '--work-dir',
        world.tmp / 'out',
    )


def _has_settings_of_the_config(world: World, _: str) -> None:
    group = read_checkpoint(world.tmp / 'out' / 'latest.pth')['optimizer']['param_groups'][0]
    assert (group['initial_lr'], group['weight_decay']) == (0.002, 0.3)


def _of_images(world: World) -> Callable[[], LoadReport]:
    """Load an image model into the video model."""
    model = build_model(load_config(str(world.config)))
    return lambda: load_weights(model, read_checkpoint(world.image[1])['state_dict'])


def _heads_stand_first(world: World, report: LoadReport) -> None:
    keys = report.table(limit=6).splitlines()[2:8]
    assert all(key.strip().startswith(('track_head', 'embed_fcs', 'fc_embed')) for key in keys), report.table()
    assert report.missing and not any(
        key.startswith(('roi_head.mask_head.0', 'roi_head.mask_head.1')) for key in report.missing
    )


def _other_optimizer(world: World) -> List[Any]:
    return world.train(
        '--resume-from',
        world.trained / 'epoch_1.pth',
        '--no-validate',
        '--work-dir',
        world.tmp / 'out',
        '--cfg-options',
        'optimizer._delete_=True',
        'optimizer.type=SGD',
        'optimizer.lr=0.1',
        'optimizer.momentum=0.9',
    )


ROWS = [
    Row(
        'numbers of numpy 1 in meta',
        lambda w: lambda path=_old_numbers(w, False): read_checkpoint(path),
        expect=_has_old_numbers,
    ),
    Row(
        'numbers of numpy 1 in a file of before PyTorch 1.6',
        lambda w: lambda path=_old_numbers(w, True): read_checkpoint(path),
        expect=_has_old_numbers,
    ),
    Row(
        'array of objects in meta',
        lambda w: lambda path=_object_array(w): read_checkpoint(path),
        r'a.pth contains pickled code \(numpy.dtype\(.O8.\)\)',
    ),
    Row(
        'code in a file that init_cfg names',
        lambda w: _pretrained(w, _unsafe(w)),
        'a.pth contains pickled code .*makedirs.* --trust-checkpoint',
    ),
    Row(
        'code in a file that init_cfg of Swin names',
        lambda w: _pretrained(w, _unsafe(w), **_SWIN),
        'a.pth contains pickled code .*makedi',
    ),
    Row('code in a downloaded file', _download, 'a.pth contains pickled code .*makedirs'),
    Row(
        'code in a file to start from',
        lambda w: w.train('--load-from', _unsafe(w), '--work-dir', w.tmp / 'out'),
        'a.pth contains pickled code .*makedirs.* --trust-checkpoint',
    ),
    Row(
        'code in a file to continue',
        lambda w: w.train('--resume-from', _unsafe(w), '--work-dir', w.tmp / 'out'),
        'a.pth contains pickled code .*makedirs.* --trust-checkpoint',
    ),
    Row(
        'code in a file whose Swin weights are converted',
        lambda w: ['model_converters/swin_keys.py', _unsafe(w), w.tmp / 'out' / 'b.pth', '--to', 'mmdet'],
        'a.pth contains pickled code .*makedirs.* --trust-checkpoint',
    ),
    Row(
        'a program instead of weights',
        lambda w: lambda path=_archive(w, 'program'): read_checkpoint(path),
        'a.pth contains pickled code .a TorchScript program',
    ),
    Row(
        'an archive of the first PyTorch',
        lambda w: lambda path=_archive(w, 'tar'): read_checkpoint(path),
        'a.pth contains pickled code .a tar archive',
    ),
    Row(
        'pretrained Swin file without weights',
        lambda w: _pretrained(w, w.weights('a.pth', [1, 2]), **_SWIN),
        'a.pth holds no weights',
    ),
    Row(
        'pretrained file missing',
        lambda w: _pretrained(w, w.tmp / 'absent.pth'),
        'pretrained backbone weights are not available .*absent.pth',
    ),
    Row('resume with settings of the config', _resume, expect=_has_settings_of_the_config),
    Row(
        'resume with another kind of optimiser',
        _other_optimizer,
        "another kind of optimiser than SGD, it has no 'dampening'",
    ),
    Row('heads stand first in the load table, idle links are not missing', _of_images, expect=_heads_stand_first),
]
