"""The jobs of the CPU benchmark; each prepares its work and returns a function that does it once and measures it.

Jobs import what they need themselves, because the memory of a job is measured as well.
"""

import os
import time
from typing import Any, Callable, Dict

import torch

#: One measured run; returns seconds (and counts) by name.
Run = Callable[[], Dict[str, float]]
Options = Dict[str, Any]


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def matmul(_: Options) -> Run:
    """Measure the yardstick that anyone has: a 2048^3 float32 matrix product."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    return lambda: dict(seconds=min(_seconds(lambda: a @ b) for _ in range(3)))


def panoptic_fpn(options: Options) -> Run:
    """Measure mmdet's PanopticFPN R50 with random weights on one frame."""
    from .inputs import frame_and_meta
    from .networks import yardstick

    model = yardstick('panoptic_fpn').eval()
    image, meta = frame_and_meta(options['size'])

    def run() -> Dict[str, float]:
        with torch.inference_mode():
            inputs = dict(img=[image], img_metas=[[meta]])
            return dict(seconds=_seconds(lambda: model(return_loss=False, rescale=True, **inputs)))

    return run


def _begun(model: Any, meta: Dict[str, Any]) -> Any:
    """Return the memory of a stream that has just begun at the frame of ``meta``."""
    from knet.video.trackers import TRACKERS

    memory = model.new_stream()
    memory.tracker, memory.video_id, memory.frame_id = TRACKERS.build(dict(model.tracker_cfg)), 0, meta['frame_id']
    return memory


def video_frame(options: Options) -> Run:
    """Measure a streaming frame of the config's video model with random weights.

    ``after`` is the part after the network for a street with things, see
    :func:`.inputs.add_street`; ``after_random`` the same for what random weights produce.
    """
    from .inputs import add_street, frame_and_meta
    from .networks import inference_model

    model = inference_model(options['config'], optimize=options['optimize'])
    image, meta = frame_and_meta(options['size'])
    memory, state = model.new_stream(), dict(frame=0)

    @torch.inference_mode()
    def run() -> Dict[str, float]:
        now = dict(meta, frame_id=state['frame'], is_first_frame=state['frame'] == 0)
        state['frame'] += 1
        result: Dict[str, Any] = {}
        network = _seconds(lambda: result.update(output=model.forward_network(image, now, memory)))
        random = _seconds(lambda: model.begin_frame(result['output'], now, _begun(model, now))())
        add_street(result['output'].stage, model.label_space.num_things, options['things'])
        after = _seconds(lambda: result.update(frame=model.begin_frame(result['output'], now, memory)()))
        things = sum(segment.is_thing for segment in result['frame'].segments)
        return dict(seconds=network + after, network=network, after=after, after_random=random, things=things)

    return run


def whole_video(options: Options) -> Run:
    """Measure a frame of a video that the config's clip model, with random weights, sees as a whole.

    The masks of random weights are ragged and their run lengths therefore long.
    """
    from .inputs import frame_and_meta
    from .networks import inference_model

    model = inference_model(options['config'])
    image, meta = frame_and_meta(options['size'])
    number = options['frames']

    def run() -> Dict[str, float]:
        frames = (image.roll(8 * frame, dims=3) for frame in range(number))
        return dict(seconds=_seconds(lambda: model.predict_video(frames, meta)) / number)

    return run


def train_step(options: Options) -> Run:
    """Measure a training step of the config's model, batch 1: forward, backward, clip, update."""
    from knet.apis.config import load_config

    from .inputs import pair_batch
    from .networks import training_model

    settings = load_config(options['config']).optimizer
    return _training(training_model(options['config']), settings, pair_batch(options['size'], options['things']))


def panoptic_fpn_train(options: Options) -> Run:
    """Measure a training step of mmdet's PanopticFPN R50 on as many frames as a pair has, two."""
    from .inputs import panoptic_batch
    from .networks import YARDSTICK_OPTIMIZER, yardstick

    batch = panoptic_batch(options['size'], options['things'])
    return _training(yardstick('panoptic_fpn').train(), YARDSTICK_OPTIMIZER, batch)


def _training(model: Any, optimizer_settings: Dict[str, Any], batch: Dict[str, Any]) -> Run:
    from knet.apis.train import build_fused_optimizer

    optimizer = build_fused_optimizer(model, optimizer_settings)

    def step() -> None:
        loss = model.train_step(batch, optimizer)['loss']
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return lambda: dict(seconds=_seconds(step))


def loader(options: Options) -> Run:
    """Measure one training sample (key and reference) of the config's data set, in this process."""
    from knet.apis.config import build_data, load_config
    from knet.utils.seeding import seed_all

    dataset = build_data(load_config(options['config'], {'data.train': _with_root(options)}), 'train')
    state, length = dict(index=0), len(dataset)

    def run() -> Dict[str, float]:
        start = state['index']
        state['index'] += 4

        def samples() -> None:
            for index in range(start, start + 4):
                seed_all(index)
                dataset[index % length]

        return dict(seconds=_seconds(samples) / 4)

    return run


def _with_root(options: Options) -> Dict[str, Any]:
    """Return the config's training data set, reading from ``options['data_root']``."""
    from knet.apis.config import load_config

    settings = load_config(options['config']).data.train
    (settings.dataset if 'dataset' in settings else settings).data_root = options['data_root']
    return settings


def _evaluation(options: Options, name: str) -> Run:
    from knet.apis.test import score_videos
    from knet.labels import get_label_space
    from knet.layouts.kitti_step import KittiStepGroundTruth

    class Stored:
        """The part of a data set that scoring asks for."""

        label_space = get_label_space('kitti_step')

        @staticmethod
        def ground_truth() -> KittiStepGroundTruth:
            """Return that of the generated data."""
            return KittiStepGroundTruth(options['ground_truth'])

    stored: Any = Stored

    def run() -> Dict[str, float]:
        before = os.times()
        seconds = _seconds(lambda: score_videos(options['predictions'], stored, [name], nproc=options['nproc']))
        after = os.times()
        return dict(seconds=seconds, cpu=sum(after[:4]) - sum(before[:4]))

    return run


def stq(options: Options) -> Run:
    """Measure STQ of generated predictions, in CPU seconds."""
    return _evaluation(options, 'stq')


def vpq(options: Options) -> Run:
    """Measure VPQ(1, 2, 3, 4) of generated predictions, in CPU seconds."""
    return _evaluation(options, 'vpq')


JOBS: Dict[str, Callable[[Options], Run]] = dict(
    matmul=matmul,
    panoptic_fpn=panoptic_fpn,
    panoptic_fpn_train=panoptic_fpn_train,
    video_frame=video_frame,
    train_step=train_step,
    loader=loader,
    stq=stq,
    vpq=vpq,
    whole_video=whole_video,
)
