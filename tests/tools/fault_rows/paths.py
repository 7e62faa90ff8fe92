"""Names from data that lead out of the output folder, files that unpack to far more than they are, markup in pages."""

import json
import struct
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import numpy as np

from knet.apis import build_model, load_config
from knet.datasets.coco import CocoInstanceDataset
from knet.layouts.files import read_video_list
from knet.results.exports.cityscapes_vps import write_cityscapes_vps
from knet.results.track_store import read_results
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import decode_png, read_jpeg
from knet.utils.paths import check_targets
from knet.visualization.report import write_report
from tests.tools.world import World

from .row import Action, Row

MARKUP = '<script>alert("x")</script>'


def listed(line: str) -> Callable[[World], Action]:
    """A list of videos with one bad line."""

    def make(world: World) -> Action:
        (world.tmp / 'val.txt').write_text(f'0001\n{line}\n', encoding='utf-8', errors='surrogateescape')
        return lambda: read_video_list(world.tmp, 'val')

    return make


def resized(world: World) -> Action:
    """A data set of VIPSeg whose list leads out of the folder to a real video."""
    make_toy_videos(world.tmp / 'data', 'vipseg', ToySpec(train=1, val=1, frames=1, height=32, width=48))
    (world.tmp / 'data/val.txt').write_text('../../data/images\n')
    return ['dataset/vipseg_resize_720p.py', '--src', world.tmp / 'data', '--dst', world.tmp / 'out']


def coco(option: str, rename: Callable[[str], str]) -> Callable[[World], Action]:
    """An image test on pictures of COCO whose names are changed in the json file."""

    def make(world: World) -> Action:
        kind = 'panoptic' if option == '--out' else 'instance'
        data, config = world.tmp / 'data', world.tmp / 'coco.py'
        make_toy_videos(data, 'coco', ToySpec(train=1, val=1, frames=2, height=32, width=48))
        base = Path(__file__).resolve().parents[3] / f'configs/toy/knet_toy_coco_{kind}.py'
        config.write_text(
            f'_base_ = {str(base)!r}\ndata = dict(workers_per_gpu=0, test=dict(data_root={str(data)!r}))\n'
        )
        weights = world.weights('random.pth', build_model(load_config(str(config))).state_dict())
        for path in (data / 'annotations').glob('*.json'):
            document = json.loads(path.read_text())
            for image in document.get('images', []) if 'val' in path.name else []:
                image['file_name'] = rename(str(next(data.rglob(image['file_name']))))
            path.write_text(json.dumps(document))
        return ['test.py', config, weights, option, world.tmp / 'out']

    return make


def video_names(*names: str) -> Callable[[World], Action]:
    """The videos that a whole-video test is to draw."""
    return lambda world: lambda: check_targets([f'{name}.mp4' for name in names], 'videos.json')


def exported(world: World) -> Action:
    """An image id of Cityscapes-VPS that leads elsewhere."""
    stored = SimpleNamespace(
        frames=lambda video: [0], read=lambda video, frame: (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.int32))
    )
    truth = SimpleNamespace(
        root=world.tmp / 'labels',
        videos=lambda: [1],
        frames=lambda video: [0],
        categories={0: 0},
        annotations={1: {0: dict(file_name='a.png', image_id='../../../a')}},
    )
    return lambda: write_cityscapes_vps(stored, truth, world.tmp / 'out')


def png_bomb(side: int) -> bytes:
    """A PNG of white pixels that unpacks to far more than it is; its pixels are left out."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(b'\0')) + chunk(b'IEND', b'')


def jpeg_bomb(world: World) -> Action:
    """A JPEG file whose frame header says 60000x60000."""
    start = b'\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x11\x08' + struct.pack('>HH', 60000, 60000)
    (world.tmp / 'big.jpg').write_bytes(start + bytes(30) + b'\xff\xd9')
    return lambda: read_jpeg(world.tmp / 'big.jpg')


def coco_bomb(world: World) -> Action:
    """A picture of COCO that mmcv is to read."""
    path = world.tmp / 'big.png'
    path.write_bytes(png_bomb(60000))
    images = SimpleNamespace(img_prefix=str(world.tmp), data_infos=[dict(filename='big.png')])

    def prepare(index: int) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'shape'")

    return lambda: CocoInstanceDataset._name_damaged_image(images, prepare, 0)  # type: ignore[arg-type]


def zip_bomb(world: World) -> Action:
    """An archive of 100 kB that unpacks to 100 MB."""
    with zipfile.ZipFile(world.tmp / 'bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('results.json', '[' + ' ' * 100_000_000 + ']')
    return lambda: read_results(world.tmp / 'bomb.zip')


def large_zip(world: World) -> Action:
    """An archive that packs as well as results do."""
    with zipfile.ZipFile(world.tmp / 'results.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('results.json', json.dumps([dict(video_id=number) for number in range(20000)]))
    return lambda: len(read_results(world.tmp / 'results.zip'))


def hostile_report(world: World) -> Action:
    """A report of scores, facts, captions and a log full of markup."""
    (world.tmp / 'log.json').write_text(json.dumps({'mode': 'train', 'iter': 1, MARKUP: 1.0}))
    scores = {MARKUP: 0.5, 'frames': MARKUP, 'STQ': 0.5, 'AQ': 0.5, 'SQ': 0.5}
    stq = dict(scores, protocol=MARKUP, per_class={MARKUP: dict(name=MARKUP, iou=0.5)}, per_video={MARKUP: scores})

    def write() -> str:
        picture = np.zeros((4, 4, 3), np.uint8)
        write_report(
            world.tmp / 'out/report.html',
            MARKUP,
            {MARKUP: MARKUP, 'bytes': 'a\udcffb'},
            stq,
            log_json=world.tmp / 'log.json',
            worst_frames=[(MARKUP, picture)],
        )
        return (world.tmp / 'out/report.html').read_text()

    return write


def no_markup(world: World, page: Any) -> None:
    assert '<script' not in page and page.count('&lt;script') >= 8 and 'a\\udcffb' in page


def all_read(world: World, count: Any) -> None:
    assert count == 20000


LINE = r'val\.txt: .*'
ROWS = [
    Row('a list of videos that climbs out of its folder', listed('../../x'), error=LINE + r'\.\./\.\./x'),
    Row('a list of videos with an absolute path', listed('/etc'), error=LINE + '/etc'),
    Row('a list of videos with a control character', listed('a\x07b'), error=LINE + r'a\\x07b'),
    Row('a list of videos with a zero byte', listed('a\x00b'), error=LINE + r'a\\x00b'),
    Row('a list of VIPSeg that leads to other videos', resized, error=LINE + r'\.\./\.\./data/images'),
    Row(
        'label maps of a COCO picture that lies elsewhere',
        coco('--out', lambda path: path),
        error=r'json: the name .* is absolute',
    ),
    Row(
        'overlays of a COCO picture that climbs out of its folder',
        coco('--show-dir', lambda path: f'../{Path(path).parent.name}/{Path(path).name}'),
        error=r'json: the name .* leads out of its folder',
    ),
    Row('a drawn video that climbs out', video_names('a', '../../b'), error="'../../b.mp4' leads out of its folder"),
    Row('a drawn video with a line break', video_names('a\nb'), error='control character'),
    Row('a drawn video with bytes that are no UTF-8', video_names('a\udcff'), error='no UTF-8'),
    Row(
        'two drawn videos of one name',
        video_names('a', 'b', 'a'),
        error="'a.mp4' and 'a.mp4' would be written to one file",
    ),
    Row('an export whose image id leads elsewhere', exported, error="labels: the name '../../../a.png' leads out"),
    Row(
        'an output folder with bytes that are no UTF-8',
        lambda w: ['test_step.py', w.config, w.trained, '--out-dir', str(w.tmp / 'out/a\udcff')],
        error=r'argument .*a\\udcff.* no UTF-8',
    ),
    Row(
        'a clip with bytes that are no UTF-8',
        lambda w: ['demo_video.py', w.street, w.config, w.trained, '--out', str(w.tmp / 'out/a\udcff.gif')],
        error='no UTF-8',
    ),
    Row(
        'a PNG of 60000x60000',
        lambda w: lambda: decode_png(png_bomb(60000), 'big.png'),
        error='big.png: a picture of 60000x60000 pixels',
    ),
    Row('a JPEG of 60000x60000', jpeg_bomb, error='big.jpg: a picture of 60000x60000 pixels'),
    Row('a picture of COCO of 60000x60000', coco_bomb, error='big.png: a picture of 60000x60000 pixels'),
    Row('an archive that unpacks to a thousand times its size', zip_bomb, error='bomb.zip: .*fill the memory'),
    Row('an archive of results', large_zip, expect=all_read),
    Row('a report full of markup', hostile_report, expect=no_markup),
]
