"""Toy videos in the archives of the official downloads: their names, folders, encodings and json files, at toy size.

So everything that happens to a download, from unpacking to the table of scores, can be tried without it.
"""

import re
import shutil
import tarfile
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Tuple

from knet.labels import VSPW
from knet.layouts.kitti_step import SEQUENCES, encode_rgb_panoptic
from knet.layouts.youtube_vis import official_file
from knet.toy.layouts import write_cityscapes_panoptic, write_coco, write_vipseg, write_vspw, write_youtube_vis
from knet.toy.layouts.cityscapes_vps_release import CLIP_FRAMES, write_release
from knet.toy.writers import ToySpec
from knet.utils.io import PathLike, atomic_path, write_png_atomic

_SPLITS = ('train', 'val')
#: A file on disk, and its name in the archive.
_Entry = Tuple[Path, str]


def _entries(root: Path, *parts: str, below: str = '') -> Iterator[_Entry]:
    """Yield the files and folders of a root that are named, with their names below a folder of the archive."""
    for part in parts:
        path = root / part
        for file in sorted(path.rglob('*')) if path.is_dir() else [path]:
            if file.is_file():
                yield file, below + file.relative_to(root).as_posix()


def _pack(path: Path, entries: Iterable[_Entry]) -> None:
    """Write an archive of the kind that its name says: zip, tar or tar.gz."""
    with atomic_path(path) as temporary:
        if path.suffix == '.zip':
            with zipfile.ZipFile(temporary, 'w') as zipped:
                for file, name in entries:
                    zipped.write(file, name)
            return
        with tarfile.open(str(temporary), 'w:gz' if path.suffix == '.gz' else 'w') as tarred:
            for file, name in entries:
                tarred.add(str(file), name)


def _write_cityscapes(folder: Path, root: Path) -> None:
    """Pack the two archives of Cityscapes from a folder in its layout."""
    for kind in ('leftImg8bit', 'gtFine'):
        _pack(folder / f'{kind}_trainvaltest.zip', _entries(root, kind, 'license.txt'))


def _kitti_step(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archives for KITTI-STEP: pictures of KITTI tracking, labels, and Cityscapes."""
    for split in _SPLITS:
        for index, sequence in enumerate(SEQUENCES[split]):
            for number, frame in enumerate(spec.street(split, index)):
                name = f'{sequence:04d}/{number:06d}.png'
                labels = encode_rgb_panoptic(frame.semantic, frame.instance)
                write_png_atomic(scratch / 'training/image_02' / name, frame.image)
                write_png_atomic(scratch / 'panoptic_maps' / split / name, labels)
    picture = next(iter(spec.street('val', len(SEQUENCES['val'])))).image
    for sequence in SEQUENCES['test']:
        write_png_atomic(scratch / f'testing/image_02/{sequence:04d}/000000.png', picture)
    _pack(folder / 'data_tracking_image_2.zip', _entries(scratch, 'training', 'testing'))
    _pack(folder / 'kitti-step.tar.gz', _entries(scratch, 'panoptic_maps', below='kitti-step/'))
    for split in _SPLITS:
        write_cityscapes_panoptic(scratch / 'city', split, spec.videos(split))
    _write_cityscapes(folder, scratch / 'city')


def _write_coco(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archives of COCO's pictures, instances and panoptic maps."""
    for split in _SPLITS:
        write_coco(scratch, split, spec.videos(split))
        _pack(folder / f'{split}2017.zip', _entries(scratch, f'{split}2017'))
        # The archive of the panoptic annotations holds archives of the maps.
        name = f'panoptic_{split}2017'
        _pack(scratch / 'annotations' / f'{name}.zip', _entries(scratch, name))
    for kind, archive in (('instances', 'annotations'), ('panoptic', 'panoptic_annotations')):
        files = [path.name for path in sorted((scratch / 'annotations').iterdir()) if path.name.startswith(kind)]
        _pack(folder / f'{archive}_trainval2017.zip', _entries(scratch / 'annotations', *files, below='annotations/'))


def _vipseg(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archives for VIPSeg: the release, whose folder of pictures is called imgs, and COCO."""
    root = scratch / 'VIPSeg'
    for split in _SPLITS:
        write_vipseg(root, split, spec.videos(split))
    (root / 'images').rename(root / 'imgs')
    _pack(folder / 'VIPSeg.tar', _entries(scratch, 'VIPSeg'))
    _write_coco(folder, spec, scratch / 'coco')


def _cityscapes_vps(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archives for Cityscapes-VPS: the labels, and the sequences, pictures and labels of Cityscapes."""
    clips = replace(spec, frames=CLIP_FRAMES)
    streets = [(split, clips.street(split, index)) for split in _SPLITS for index in range(getattr(spec, split))]
    own = write_release(scratch, streets)
    release = [path.name for path in scratch.glob('*.json')]
    _pack(folder / 'cityscapes-vps-dataset-1.0.zip', _entries(scratch, *release, *_SPLITS, below='cityscapes_vps/'))
    _pack(folder / 'leftImg8bit_sequence_trainvaltest.zip', _entries(scratch, 'leftImg8bit_sequence'))
    # The clips surround the validation pictures of Cityscapes, whose frames count through the sequences.
    city = scratch / 'city'
    write_cityscapes_panoptic(city, 'val', ((number, [frame]) for number, frame in own))
    for path in [*city.rglob('*.png'), *city.rglob('*.json')]:
        path.rename(path.with_name(re.sub(r'_(\d{6})_000000_', r'_000000_\1_', path.name)))
    for path in sorted((scratch / 'own').iterdir()):
        shutil.copy(str(path), str(city / 'gtFine' / 'val' / 'toystreet' / path.name))
    write_cityscapes_panoptic(city, 'train', spec.videos('train'))
    _write_cityscapes(folder, city)


def _youtube_vis(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archives for YouTube-VIS 2019 and COCO; unlike the official one, the validation json has tracks."""
    for split, subset in zip(_SPLITS, ('train', 'valid')):
        write_youtube_vis(scratch, split, spec.videos(split))
        _pack(folder / f'{subset}.zip', _entries(scratch, subset))
        shutil.copy(official_file(scratch, '2019', subset), str(folder / f'{subset}.json'))
    _write_coco(folder, spec, scratch / 'coco')


def _vspw(folder: Path, spec: ToySpec, scratch: Path) -> None:
    """Write the archive of VSPW."""
    root = scratch / 'VSPW_480p'
    for split in _SPLITS:
        write_vspw(root, split, spec.videos(split), VSPW)
    _pack(folder / 'VSPW_480p.tar', _entries(scratch, 'VSPW_480p'))


#: Writer of the archives of a benchmark.
ARCHIVES: Dict[str, Callable[[Path, ToySpec, Path], None]] = {
    'kitti-step': _kitti_step,
    'vipseg': _vipseg,
    'cityscapes-vps': _cityscapes_vps,
    'youtube-vis': _youtube_vis,
    'vspw': _vspw,
}


def write_archives(folder: PathLike, benchmark: str, spec: ToySpec) -> List[Path]:
    """Write the archives that the official downloads of a benchmark consist of, with toy videos in them.

    Args:
        folder: Folder of the archives, created if missing.
        benchmark: Key of :data:`ARCHIVES`.
        spec: Number, size and content of the videos. KITTI-STEP has its 21 sequences whatever it says, and clips of
            Cityscapes-VPS have 30 frames.

    Returns:
        The files.

    Raises:
        ValueError: If the benchmark is unknown.
    """
    if benchmark not in ARCHIVES:
        raise ValueError(f'unknown benchmark {benchmark!r}; known: {", ".join(ARCHIVES)}')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(folder), prefix='.toy') as scratch:
        ARCHIVES[benchmark](folder, spec, Path(scratch))
    return sorted(path for path in folder.iterdir() if not path.name.startswith('.'))
