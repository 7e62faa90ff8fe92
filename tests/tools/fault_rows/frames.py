"""Faults of the frames of a video: their order, names, endings, orientation and sizes; lists of videos."""

import importlib.util
import json
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List

import numpy as np
from mmdet.datasets.pipelines import Compose
from PIL import Image

from knet.apis import VideoSegmenter, load_config
from knet.apis.sources import open_source
from knet.labels import KITTI_STEP
from knet.layouts.coco_video import index_videos, per_frame
from knet.layouts.files import read_video_list
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.vipseg import VIPSegGroundTruth
from knet.structures import PanopticPrediction
from knet.utils.io import read_json, write_jpeg_atomic, write_png_atomic
from knet.utils.paths import check_targets
from tests.tools.conftest import ROOT
from tests.tools.world import FRAME, World, cut

from .row import Row

_ORIENTATION = 0x0112


def _picture(path: Path, value: int, size: Any = (16, 24)) -> Path:
    """Write a gray picture in the format of its suffix."""
    picture = np.full((*size, 3), value, dtype=np.uint8)
    is_png = path.suffix.lower() == '.png'
    (write_png_atomic if is_png else write_jpeg_atomic)(path, picture)
    return path


def _turned(path: Path) -> Path:
    """Write a picture of 16x24 pixels with the note that it lies on its side."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((16, 24, 3), np.uint8)).save(str(path), exif=exif)
    return path


def _values(folder: Path) -> List[int]:
    """Return the gray value of every frame, to the nearest ten."""
    return [round(float(frame.mean()) / 10) * 10 for frame in open_source(str(folder))]


def _unpadded(w: World) -> Path:
    """Write frames whose text order is 1, 10, 2."""
    for number in (1, 2, 10):
        _picture(w.tmp / f'in/frame{number}.png', 10 * number)
    return w.tmp / 'in'


def _littered(w: World) -> Path:
    folder = _unpadded(w)
    for name in ('._frame1.png', '.DS_Store', 'notes.txt'):
        (folder / name).write_bytes(b'no picture')
    return folder


def _endings(w: World) -> Path:
    for number, suffix in enumerate(('.JPG', '.jpeg', '.PNG', '.jpg'), 1):
        _picture(w.tmp / f'in/{number}{suffix}', 10 * number)
    return w.tmp / 'in'


def _demo(w: World, spoil: Any) -> List[Any]:
    """Return the command of a demo on three frames, of which something spoils the last."""
    for number in range(3):
        _picture(w.tmp / f'in/{number}.png', 90, (64, 96))
    spoil(w.tmp / 'in/2.png')
    return [
        'demo_video.py',
        w.tmp / 'in',
        w.config,
        w.trained,
        '--out-dir',
        w.tmp / 'out',
        '--out',
        w.tmp / 'out/x.gif',
    ]


def _two_frames_are_kept(w: World, _: str) -> None:
    with Image.open(w.tmp / 'out/x.gif') as clip:
        assert clip.n_frames <= 2
    assert len(list((w.tmp / 'out/panoptic/0').glob('*_cat.png'))) == 2
    assert json.loads((w.tmp / 'out/manifest.json').read_text())['videos'] == {}


def _vipseg(w: World, names: List[str], masks: List[str], content: bytes = b'video\n') -> Path:
    """Write a video in the layout of VIPSeg; the size of a frame is its position."""
    root = w.tmp / 'vipseg'
    for position, name in enumerate(names):
        _picture(root / 'images/video' / name, 90, (16, 16 + position))
    for position, name in enumerate(masks):
        write_png_atomic(root / 'panomasks/video' / name, np.zeros((16, 16 + position), np.uint16))
    (root / 'val.txt').write_bytes(content)
    return root


def _vipseg_order(w: World) -> Any:
    names = [f'frame{number}' for number in (1, 2, 10)]
    root = _vipseg(w, [f'{name}.jpg' for name in names], [f'{name}.png' for name in names])
    return lambda: (VIPSegGroundTruth.list_frames(root, 'val'), VIPSegGroundTruth(root, 'val'))


def _check_vipseg_order(_: World, result: Any) -> None:
    records, truth = result
    assert [Path(record.image).stem for record in records] == ['frame1', 'frame2', 'frame10']
    assert [truth.read(0, frame)[0].shape[1] for frame in truth.frames(0)] == [16, 17, 18]


def _list_of(content: bytes) -> Any:
    def make(w: World) -> Any:
        (w.tmp / 'val.txt').write_bytes(content)
        return lambda: read_video_list(w.tmp, 'val')

    return make


def _stored_sizes(w: World) -> Dict[str, Any]:
    """Return the size of a turned picture in every loader of data with labels."""
    path = _turned(w.tmp / 'out/turned.jpg')
    info = dict(img_prefix='', img_info=dict(filename=str(path), height=16, width=24), filename=str(path))
    clips = load_config(str(ROOT / 'configs/toy/knet_track_toy_youtubevis.py')).data.test.pipeline[0]
    images = load_config(str(ROOT / 'configs/toy/knet_toy_coco_panoptic.py')).data.test.pipeline[0]
    frames = load_config(str(ROOT / 'configs/toy/video_knet_toy_kitti_step.py')).data.test.pipeline[0]
    return dict(
        clips=Compose([clips])([dict(info)])[0]['img'].shape,
        images=Compose([images])(dict(info))['img'].shape,
        frames=Compose([frames])(dict(info))['img'].shape,
    )


def _tool(name: str) -> ModuleType:
    """Load a command line as a module."""
    with_root = importlib.util.spec_from_file_location('tool_' + name, str(ROOT / f'tools/{name}.py'))
    assert with_root is not None and with_root.loader is not None
    module = importlib.util.module_from_spec(with_root)
    with_root.loader.exec_module(module)
    return module


def _dotted_names(w: World) -> Any:
    empty = np.zeros((16, 24), dtype=np.int32)
    prediction = PanopticPrediction(empty.astype(np.uint8), empty, empty)
    files = [_picture(w.tmp / f'in/clip.{number}.jpg', 90) for number in range(6)]
    args = Namespace(out=str(w.tmp / 'out/maps'), show_dir=str(w.tmp / 'out/show'), show_score_thr=0.3)

    def run() -> List[str]:
        write = _tool('test').output_writer(args, KITTI_STEP)
        for file in files:
            write(0, dict(filename=str(file), ori_filename=f'val/{file.name}'), prediction)
        return sorted(str(path.relative_to(w.tmp / 'out')) for path in (w.tmp / 'out').rglob('*.*'))

    return run


def _six_of_each(_: World, names: List[str]) -> None:
    expected = [f'maps/val/clip.{n}_{kind}.png' for n in range(6) for kind in ('cat', 'ins')]
    assert names == sorted(expected + [f'show/val/clip.{n}.jpg' for n in range(6)])


def _nested(names: List[str]) -> Any:
    """Return a json of two videos with one frame in each of some folders, and the names of its videos."""
    videos = [dict(id=number, file_names=[name], height=4, width=4, length=1) for number, name in enumerate(names, 1)]
    return lambda w: (
        lambda: [
            video.name
            for video in index_videos(dict(per_frame(dict(videos=videos, categories=[])), annotations=[]), [], 'x')
        ]
    )


def _old_json(w: World) -> Any:
    """Return the names of videos of a json that calls both of them by their first folder."""
    data: Dict[str, Any] = dict(videos=[dict(id=1, name='clips'), dict(id=2, name='clips')], annotations=[])
    data['images'] = [
        dict(id=n, video_id=n, frame_id=0, height=4, width=4, file_name=f'clips/{n}/0.jpg') for n in (1, 2)
    ]
    return lambda: [video.name for video in index_videos(data, [], 'x')]


def _equals(expected: Any) -> Any:
    def check(_: World, value: Any) -> None:
        assert value == expected, value

    return check


def _spoilt_street(w: World) -> Path:
    return w.data('val', lambda folder: (folder / '._005002_000001_leftImg8bit.png').write_bytes(b'x'))


def _mixed_steps(w: World) -> Any:
    def run() -> None:
        segmenter = VideoSegmenter(str(w.config), w.trained, 'cpu')
        state = segmenter.init_state()
        segmenter.step(np.zeros((64, 96, 3), np.uint8), state)
        segmenter.step(np.zeros((64, 100, 3), np.uint8), state)

    return run


def nothing_predicted(w: World) -> None:
    """Assert that the fault was found before the first frame was predicted."""
    assert not list(w.tmp.glob('out/panoptic/*'))


ROWS = [
    Row(
        'a folder without pictures',
        lambda w: ['demo_video.py', w.tmp, w.config, w.trained, '--out', w.tmp / 'out/x.gif'],
        error='no picture|pictures',
    ),
    Row(
        'frames numbered without leading zeros',
        lambda w: lambda folder=_unpadded(w): _values(folder),
        expect=_equals([10, 20, 100]),
    ),
    Row(
        'hidden files between frames',
        lambda w: lambda folder=_littered(w): _values(folder),
        expect=_equals([10, 20, 100]),
    ),
    Row(
        'endings in capitals and jpeg',
        lambda w: lambda folder=_endings(w): _values(folder),
        expect=_equals([10, 20, 30, 40]),
    ),
    Row(
        'a picture by itself that lies on its side',
        lambda w: lambda file=_turned(w.tmp / 'in/turned.jpg'): [f.shape[:2] for f in open_source(str(file))],
        expect=_equals([(24, 16)]),
    ),
    Row(
        'a picture with labels that lies on its side',
        lambda w: lambda: _stored_sizes(w),
        expect=_equals(dict.fromkeys(('clips', 'images', 'frames'), (16, 24, 3))),
    ),
    Row(
        'a damaged frame in the middle of a folder',
        lambda w: _demo(w, cut),
        error='2.png: truncated',
        expect=_two_frames_are_kept,
    ),
    Row(
        'a frame of another size',
        lambda w: _demo(w, lambda path: _picture(path, 90, (64, 128))),
        error='frame 2 is 128x64, those before are 96x64',
        expect=_two_frames_are_kept,
    ),
    Row('a stream whose frames change their size', _mixed_steps, error='frame 1 is 100x64, those before are 96x64'),
    Row('frames of VIPSeg without leading zeros', _vipseg_order, expect=_check_vipseg_order),
    Row(
        'a frame of VIPSeg twice',
        lambda w: lambda root=_vipseg(w, ['1.jpg', '1.jpeg'], ['1.png']): VIPSegGroundTruth.list_frames(root, 'val'),
        error='the same frame as',
    ),
    Row(
        'VIPSeg with endings in capitals and hidden files',
        lambda w: (
            lambda root=_vipseg(w, ['1.JPG', '._1.JPG'], ['1.PNG', '._1.PNG']): [
                Path(name).name
                for record in VIPSegGroundTruth.list_frames(root, 'val')
                for name in (record.image, *record.annotation)
            ]
        ),
        expect=_equals(['1.JPG', '1.PNG']),
    ),
    Row(
        'hidden files in KITTI-STEP',
        lambda w: lambda root=_spoilt_street(w): len(KittiStepGroundTruth.list_frames(root, 'val')),
        expect=_equals(12),
    ),
    Row(
        'a label map whose image is missing, at test',
        lambda w: w.step_on(lambda folder: (folder / f'{FRAME}_leftImg8bit.png').unlink()),
        error=rf'{FRAME}_panoptic\.png: there is no \S*{FRAME}_leftImg8bit\.png',
        expect=lambda w, _: nothing_predicted(w),
    ),
    Row('a list of videos with a byte-order mark', _list_of(b'\xef\xbb\xbfa\r\nb\r\n'), expect=_equals(['a', 'b'])),
    Row('a list of videos in UTF-16', _list_of('a\r\nb\r\n'.encode('utf-16')), expect=_equals(['a', 'b'])),
    Row('a list of videos that is no text', _list_of(b'\x89PNG\xff\xfe'), error='val.txt: damaged'),
    Row('a list of videos outside of the data', _list_of(b'a\n../../b\n'), error='val.txt: the name .* leads out'),
    Row('a video that is listed under two spellings', _list_of(b'a\na/\n'), error='video a is named 2 times'),
    Row(
        'a json with a byte-order mark',
        lambda w: lambda path=w.file('x.json', '\ufeff{"a": 1}'): read_json(path, 'a'),
        expect=_equals(dict(a=1)),
    ),
    Row('images whose names have dots', _dotted_names, expect=_six_of_each),
    Row(
        'images whose names differ in the ending only',
        lambda w: lambda: check_targets(['a/1.jpg', 'a/1.png'], 'x.json'),
        error='a/1.jpg.*a/1.png.* would be written to one file',
    ),
    Row(
        'videos in nested folders', _nested(['clips/a/0.jpg', 'clips/b/0.jpg']), expect=_equals(['clips/a', 'clips/b'])
    ),
    Row('videos without folders', _nested(['0.jpg', '1.jpg']), expect=_equals(['1', '2'])),
    Row('videos of one name', _old_json, expect=_equals(['clips/1', 'clips/2'])),
]
