"""VideoSegmenter with models of every kind, and what it reads frames from."""

from pathlib import Path
from typing import Any, Dict, Iterator, List

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import LoadImageFromFile

from knet.apis import VideoSegmenter, build_data, load_config
from knet.apis.clips import open_video_store, predict_videos
from knet.apis.sources import FrameSource, FrameSpool, Salvage, open_source
from knet.structures import InstancePrediction, PanopticPrediction
from knet.toy import ToySpec, make_toy_videos
from knet.utils.cli import UsageError
from knet.utils.io import read_json
from tests.tools.conftest import ROOT, call

pytestmark = pytest.mark.slow

#: Kind and prediction of toy models.
MODELS = {
    'video_knet_toy_kitti_step': ('stream', PanopticPrediction),
    'video_knet_toy_vspw': ('stream', PanopticPrediction),
    'knet_track_toy_youtubevis': ('clip', InstancePrediction),
    'knet_toy_coco_instance': ('image', InstancePrediction),
}


def make(name: str, **options: object) -> VideoSegmenter:
    torch.manual_seed(0)
    return VideoSegmenter(str(ROOT / f'configs/toy/{name}.py'), device='cpu', **options)


@pytest.fixture(scope='module')
def frames() -> List[np.ndarray]:
    random = np.random.RandomState(0)
    return [random.randint(0, 256, (64, 96, 3)).astype(np.uint8) for _ in range(3)]


@pytest.mark.parametrize('name', MODELS)
def test_every_kind_of_model_streams(name: str, frames: List[np.ndarray]) -> None:
    segmenter = make(name)
    kind, prediction_type = MODELS[name]
    assert repr(segmenter).startswith(f'VideoSegmenter({type(segmenter.model).__name__}, kind={kind!r}')
    assert segmenter.class_names == segmenter.label_space.names
    seen = list(segmenter.stream(iter(frames)))
    assert len(seen) == 3
    for frame, (given, prediction) in zip(frames, seen):
        assert np.array_equal(frame, given) and isinstance(prediction, prediction_type)
        assert segmenter.draw(frame, prediction, score_thr=0).shape == frame.shape
    pictures = [segmenter.draw(frame, prediction, legend=True, score_thr=0) for frame, prediction in seen]
    assert len({picture.shape for picture in pictures}) == 1 and pictures[0].shape[1] > 640


class LoadAsMMDetection(LoadImageFromFile):
    """A loader of a user's own, which gives BGR as its base class does."""


@pytest.mark.parametrize(
    'loader, rgb',
    [
        (dict(type='LoadImgDirect'), True),
        (dict(type='LoadAsMMDetection'), False),
        (dict(type='LoadAsMMDetection', channel_order='rgb'), True),
    ],
)
def test_frames_come_in_the_order_of_the_loader(
    frames: List[np.ndarray], loader: Dict[str, str], rgb: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PIPELINES.module_dict, 'LoadAsMMDetection', LoadAsMMDetection)
    cfg = load_config(str(ROOT / 'configs/toy/video_knet_toy_kitti_step.py'))
    cfg.data.test.pipeline[0] = loader
    fed = VideoSegmenter(cfg, device='cpu')._sample(frames[0], 0)['img']
    assert np.array_equal(fed, frames[0][..., ::-1] if rgb else frames[0])


def test_classes_are_chosen(frames: List[np.ndarray]) -> None:
    segmenter = make('video_knet_toy_kitti_step')
    chosen = make('video_knet_toy_kitti_step', classes=['Car', 'road'])
    assert chosen.class_names == ('road', 'car') and "classes=('road', 'car')" in repr(chosen)
    for (_, every), (_, some) in zip(segmenter.stream(frames), chosen.stream(frames)):
        inside = np.isin(every.semantic, [0, 13])
        assert np.array_equal(some.semantic, np.where(inside, every.semantic, 255))
        assert np.array_equal(some.instance, np.where(inside, every.instance, 0))
        assert some.segments == [segment for segment in every.segments if segment.category in (0, 13)]
    with pytest.raises(UsageError, match="did you mean 'person'"):
        make('video_knet_toy_kitti_step', classes=['persn'])


def test_tracks_of_classes_are_chosen(frames: List[np.ndarray]) -> None:
    every = make('knet_track_toy_youtubevis').segment_clip(frames)
    label = int(every.labels[0])
    chosen = make('knet_track_toy_youtubevis')
    name = chosen.label_space.things[label].name
    some = make('knet_track_toy_youtubevis', classes=[name]).segment_clip(frames)
    rows = np.flatnonzero(every.labels == label)
    assert np.array_equal(some.scores, every.scores[rows])
    assert some.segmentations == [every.segmentations[row] for row in rows]


def test_frames_without_tracks_are_kept(frames: List[np.ndarray]) -> None:
    every = make('knet_track_toy_youtubevis').segment_clip(frames)
    things = make('knet_track_toy_youtubevis').label_space.things
    absent = next(info.name for label, info in enumerate(things) if label not in every.labels)
    chosen = make('knet_track_toy_youtubevis', classes=[absent])
    seen = list(chosen.stream(iter(frames)))
    assert [np.array_equal(frame, given) for frame, (given, _) in zip(frames, seen)] == [True] * 3
    for frame, prediction in seen:
        assert prediction.masks.shape == (0, 64, 96) and prediction.masks.dtype == bool
        assert len(prediction.scores) == len(prediction.labels) == 0
        assert chosen.draw(frame, prediction, legend=True).ndim == 3
    with pytest.raises(ValueError, match='use VideoSegmenter.instances.tracks, frames'):
        list(chosen.instances(chosen.segment_clip(frames)))


@pytest.mark.parametrize('name', ['knet_track_toy_youtubevis', 'knet_toy_coco_instance'])
@pytest.mark.parametrize('to_float32', [False, True])
def test_frames_may_be_read_into_one_array(frames: List[np.ndarray], name: str, to_float32: bool) -> None:
    def reused() -> Iterator[np.ndarray]:
        array = np.empty_like(frames[0])
        for frame in frames:
            array[:] = frame
            yield array

    cfg = load_config(str(ROOT / f'configs/toy/{name}.py'))
    cfg.data.test.pipeline[0].to_float32 = to_float32
    torch.manual_seed(0)
    segmenter = VideoSegmenter(cfg, device='cpu')
    for (_, expected), (_, found) in zip(segmenter.stream(frames), segmenter.stream(reused())):
        assert np.array_equal(found.scores, expected.scores) and np.array_equal(found.masks, expected.masks)


def test_a_config_may_be_a_path() -> None:
    path = ROOT / 'configs/toy/knet_toy_coco_instance.py'
    assert VideoSegmenter(path, device='cpu').kind == VideoSegmenter(str(path), device='cpu').kind == 'image'


@pytest.mark.parametrize('name', ['knet_track_toy_youtubevis', 'knet_toy_coco_instance'])
@pytest.mark.parametrize(
    'given, found',
    [
        ('film.mp4', 'got str'),
        ([Path('1.png')], 'got PosixPath'),
        ([np.zeros((8, 8), np.uint8)], r'got uint8 \(8, 8\)'),
        ([np.zeros((8, 8, 3))], r'got float64 \(8, 8, 3\)'),
    ],
)
def test_what_is_no_frame_is_named(name: str, given: Any, found: str) -> None:
    with pytest.raises(ValueError, match=f'a frame is a uint8 array .H, W, 3., {found}; .*open_source.path'):
        list(make(name).stream(given))


def test_a_model_is_asked_for_what_it_can(frames: List[np.ndarray]) -> None:
    clip, stream = make('knet_track_toy_youtubevis'), make('video_knet_toy_kitti_step')
    with pytest.raises(UsageError, match='needs the whole video'):
        clip.step(frames[0], clip.init_state())
    with pytest.raises(UsageError, match='is no clip model'):
        stream.segment_clip(frames)
    with pytest.raises(ValueError, match='without frames'):
        list(clip.stream([]))
    with pytest.raises(ValueError, match='frame 1 is 80x64, those before are 96x64'):
        clip.segment_clip([frames[0], frames[1][:, :80]])
    assert list(stream.stream([])) == []


def test_images_may_differ_in_size(frames: List[np.ndarray]) -> None:
    sizes = [
        prediction.masks.shape[1:]
        for _, prediction in make('knet_toy_coco_instance').stream([frames[0], frames[1][:32]])
    ]
    assert sizes == [(64, 96), (32, 96)]


@pytest.fixture(scope='module')
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one toy video in the layout of YouTube-VIS, and a checkpoint of random weights in it."""
    root = tmp_path_factory.mktemp('clips')
    make_toy_videos(root, 'youtube-vis', ToySpec(train=1, val=1, frames=9, height=64, width=96))
    assert call('dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')[0] == 0
    torch.save(make('knet_track_toy_youtubevis').model.state_dict(), str(root / 'weights.pth'))
    return root


def test_a_clip_has_the_tracks_of_the_test_tool(clips: Path, tmp_path: Path) -> None:
    config = ROOT / 'configs/toy/knet_track_toy_youtubevis.py'
    cfg = load_config(str(config), {'data.test.data_root': str(clips)})
    dataset = build_data(cfg, 'test')
    segmenter = make('knet_track_toy_youtubevis')
    store = open_video_store(tmp_path / 'tested', {}, label_space=dataset.label_space)
    results = predict_videos(segmenter.model, dataset, store, workers=0, show_progress=False)
    files = [Path(dataset.img_prefix) / frame.file_name for frame in dataset.videos[0].frames]
    tracks = segmenter.segment_clip(cv2.imread(str(file)) for file in files)
    assert results is not None and dataset.records(tracks, 0) == results[0] and len(files) == 9


def test_the_demo_of_a_clip_is_what_evaluators_read(clips: Path, tmp_path: Path) -> None:
    folder = next((clips / 'valid/JPEGImages').iterdir())
    config, out = ROOT / 'configs/toy/knet_track_toy_youtubevis.py', tmp_path / 'out'
    code, text, err = call(
        'demo_video.py',
        folder,
        config,
        clips / 'weights.pth',
        '--out-dir',
        out,
        '--out',
        out / 'x.mp4',
        '--max-frames',
        4,
        '--show-score-thr',
        0,
        '--device',
        'cpu',
    )
    assert code == 0 and 'clip model' in text, err
    assert len(list(open_source(str(out / 'x.mp4')))) == 4
    assert (out / 'submission_file.zip').is_file() and (out / 'videos/0.json').is_file()


def test_the_demo_of_a_clip_without_tracks_shows_its_frames(clips: Path, tmp_path: Path) -> None:
    folder = next((clips / 'valid/JPEGImages').iterdir())
    found = make('knet_track_toy_youtubevis').segment_clip(open_source(str(folder)))
    things = make('knet_track_toy_youtubevis').label_space.things
    absent = next(info.name for label, info in enumerate(things) if label not in found.labels)
    config = ROOT / 'configs/toy/knet_track_toy_youtubevis.py'
    options = ('--out-dir', tmp_path / 'out', '--out', tmp_path / 'x.mp4', '--classes', absent, '--device', 'cpu')
    code, text, err = call('demo_video.py', folder, config, clips / 'weights.pth', *options)
    assert code == 0 and '9 frames: ' in text, err
    assert len(list(open_source(str(tmp_path / 'x.mp4')))) == 9
    assert read_json(tmp_path / 'out/videos/0.json')['tracks'] == []


def test_instances_of_images_do_not_fit_into_maps(frames: List[np.ndarray], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), frames[0])
    torch.save(make('knet_toy_coco_instance').model.state_dict(), str(tmp_path / 'weights.pth'))
    config = ROOT / 'configs/toy/knet_toy_coco_instance.py'
    code, _, err = call(
        'demo_video.py', tmp_path / 'a.png', config, tmp_path / 'weights.pth', '--out-dir', tmp_path / 'o'
    )
    assert code == 1 and 'leave out --out-dir' in err and not (tmp_path / 'o').exists()


def test_a_live_source_ends_when_it_is_stopped(frames: List[np.ndarray]) -> None:
    source = FrameSource('camera 0', lambda: iter(frames * 100), 10, is_live=True)
    seen = 0
    for _ in source:
        seen += 1
        if seen == 5:
            source.stop()
    assert seen == 5


def test_a_limit_shortens_the_source(frames: List[np.ndarray]) -> None:
    source = FrameSource('film', lambda: iter(frames), 10, length=3)
    source.limit(2)
    assert source.length == 2 and len(list(source)) == 2


def test_the_frames_before_a_fault_are_salvaged(frames: List[np.ndarray]) -> None:
    source = Salvage(FrameSource('film', lambda: iter([*frames, frames[0][:8]]), 10))
    assert len(list(source)) == source.count == 3 and 'frame 3 is 96x8' in str(source.fault)
    with pytest.raises(OSError, match='gone'):
        list(Salvage(frame for frame in [open_source] for _ in [failing()]))


def failing() -> None:
    raise OSError('gone')


def test_a_spool_gives_the_frames_again(frames: List[np.ndarray]) -> None:
    with FrameSpool() as spool:
        assert len(list(spool.record(frames))) == 3
        for _ in range(2):
            assert np.array_equal(np.stack(list(spool)), np.stack(frames))
    with FrameSpool() as spool:
        assert list(spool) == []
