"""Faults of downloaded archives: unpacking, the reproduction kit, and the merging of Cityscapes-VPS."""

import json
import zipfile
from pathlib import Path
from typing import Any, Callable, List

import numpy as np

from knet.toy import ToySpec
from knet.toy.archives import write_archives
from knet.utils.io import read_json, write_json_atomic, write_png_atomic
from tests.tools.world import World

from .row import Row


def zipped(world: World, **files: str) -> Path:
    """Write a zip file of texts."""
    path = world.tmp / 'archive.zip'
    with zipfile.ZipFile(str(path), 'w') as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpack(*options: str, **files: str) -> Callable[[World], List[Any]]:
    """Return a call that unpacks a zip file of texts."""
    return lambda world: ['dataset/unpack.py', zipped(world, **files), world.tmp / 'out', *options]


def _cut_off(world: World) -> List[Any]:
    path = zipped(world, a='text' * 100)
    path.write_bytes(path.read_bytes()[:-10])
    return ['dataset/unpack.py', path, world.tmp / 'out']


def _changed_inside(world: World) -> List[Any]:
    path = zipped(world, a='text' * 100)
    path.write_bytes(path.read_bytes().replace(b'texttext', b'textTEXT'))
    return ['dataset/unpack.py', path, world.tmp / 'out']


def _no_tar(world: World) -> List[Any]:
    return ['dataset/unpack.py', world.file('VIPSeg.tar', 'quota exceeded'), world.tmp / 'out']


def _leading_out(world: World) -> List[Any]:
    path = zipped(world, **{'data/../../beside.txt': 'text'})
    return ['dataset/unpack.py', path, world.tmp / 'out' / 'folder']


def _kept(world: World, result: str) -> None:
    assert '1 files of archive.zip written, 1 were there already' in result
    assert (world.tmp / 'out/a').read_text() == 'same' and (world.tmp / 'out/b').read_text() == 'new'


def _partly_there(world: World) -> List[Any]:
    (world.tmp / 'out').mkdir()
    world.file('out/a', 'same')
    world.file('out/b', 'cut off')
    return ['dataset/unpack.py', zipped(world, a='same', b='new'), world.tmp / 'out']


def _only(world: World, name: str) -> None:
    assert [path.name for path in (world.tmp / 'out').iterdir()] == [name]


def reproduce(*words: Any) -> Callable[[World], List[Any]]:
    """Return a call of the kit that writes below ``out``."""
    return lambda world: ['reproduce.py', *words, '--work-dir', world.tmp / 'out']


def _damaged_download(world: World) -> List[Any]:
    folder = world.tmp / 'archives'
    folder.mkdir()
    (folder / 'VSPW_480p.zip').write_bytes(b'PK\x03\x04 cut off')
    return ['reproduce.py', 'vspw', '--archives', folder, '--work-dir', world.tmp / 'out']


def merge(spoil: Callable[[Path], Any]) -> Callable[[World], List[Any]]:
    """Return a call that merges a spoiled release of Cityscapes-VPS."""

    def make(world: World) -> List[Any]:
        archives, release = world.tmp / 'archives', world.tmp / 'release'
        write_archives(archives, 'cityscapes-vps', ToySpec(train=1, val=1, frames=1, height=32, width=64))
        for name in ('cityscapes-vps-dataset-1.0', 'leftImg8bit_sequence_trainvaltest', 'gtFine_trainvaltest'):
            with zipfile.ZipFile(str(archives / f'{name}.zip')) as archive:
                archive.extractall(str(release))
        spoil(release)
        words = ['--src', release / 'cityscapes_vps', '--sequences', release / 'leftImg8bit_sequence/val']
        return ['dataset/cityscapes_vps_merge.py', *words, '--gt-path', release / 'gtFine/val', '-o', world.tmp / 'out']

    return make


def _first(release: Path, pattern: str) -> Path:
    return min(release.glob(pattern))


def _other_clip(release: Path) -> None:
    path = release / 'cityscapes_vps/im_all_info_val_city_vps.json'
    document = read_json(path)
    document['images'].append(dict(id=99, file_name='toystreet_000007_000001_leftImg8bit.png'))
    write_json_atomic(path, document)


def _resize(release: Path) -> None:
    write_png_atomic(_first(release, 'cityscapes_vps/val/cls/*.png'), np.zeros((4, 4, 3), np.uint8))


def _gray(release: Path) -> None:
    write_png_atomic(_first(release, 'cityscapes_vps/train/cls/*.png'), np.zeros((32, 64), np.uint8))


def _missing_list(release: Path) -> None:
    (release / 'cityscapes_vps/panoptic_im_val_city_vps.json').unlink()


def _mark(world: World) -> List[Any]:
    folder = world.tmp / 'archives'
    folder.mkdir()
    zipped(world, **{'train.txt': ''}).rename(folder / 'VSPW_480p.zip')
    mark = world.tmp / 'out/steps/01-unpack-VSPW_480p.tar.json'
    mark.parent.mkdir(parents=True)
    mark.write_text(json.dumps(dict(inputs=dict(archive='other.zip', bytes='1'))))
    return ['reproduce.py', 'vspw', '--archives', folder, '--work-dir', world.tmp / 'out']


ROWS = [
    Row('a download that was cut off', _cut_off, 'archive.zip: truncated or damaged archive .* download it again'),
    Row('a download with a damaged file', _changed_inside, 'archive.zip: truncated or damaged archive .*CRC'),
    Row('an error page in place of an archive', _no_tar, 'VIPSeg.tar: truncated or damaged archive'),
    Row('a name that leads out of the folder', _leading_out, r'beside.txt. leads out of its folder'),
    Row(
        'an archive of something else', unpack('--parts', 'imgs', a='text'), r'holds nothing that is asked for \(imgs\)'
    ),
    Row(
        'files that macOS adds',
        unpack(**{'__MACOSX/._b': 'x', 'c/._b': 'x', 'b': 'text'}),
        expect=lambda w, r: _only(w, 'b'),
    ),
    Row('an archive that was unpacked in part', _partly_there, expect=_kept),
    Row('no folder of archives', reproduce('vspw', '--archives', 'nowhere'), 'nowhere is no folder'),
    Row('no archives', reproduce('vspw', '--archives', '.'), 'archives are missing in .*nothing was changed'),
    Row('a benchmark that is unknown', reproduce('davis', '--archives', '.'), "invalid choice: 'davis'"),
    Row(
        'an override without value',
        reproduce('vspw', '--archives', '.', '--cfg-options', 'runner'),
        'runner: expected KEY=VALUE',
    ),
    Row('an archive of a benchmark that was cut off', _damaged_download, 'cut off or damaged.*download it again'),
    Row('another archive than the one that was unpacked', _mark, 'other inputs .*archive: other.zip then'),
    Row(
        'a picture that is missing',
        merge(lambda r: _first(r, 'leftImg8bit_sequence/val/*/*_000034_*').unlink()),
        'incomplete',
    ),
    Row('a label that is missing', merge(lambda r: _first(r, 'gtFine/val/*/*_color.png').unlink()), 'incomplete'),
    Row('a picture of another clip', merge(_other_clip), 'lies in no clip with labelled frames'),
    Row('labels of other sizes', merge(_resize), 'expected colours and ids of one size'),
    Row('gray labels in place of colours', merge(_gray), 'expected colours and ids of one size'),
    Row('a release without its lists', merge(_missing_list), 'panoptic_im_val_city_vps.json'),
]
