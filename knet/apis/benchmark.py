"""Measuring: each job lives in a process of its own and runs when it is told to.

The parent lets jobs and yardsticks take turns, so that all of them see the
same machine, and asks each process for its peak memory at the end. Run as
``python -m knet.apis.benchmark JOB OPTIONS`` this module is such a process.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import torch
from mmcv import Config

from knet.utils.cli import UsageError

#: One measured run; returns seconds (and counts) by name.
Run = Callable[[], Dict[str, float]]
Options = Dict[str, Any]


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _frame(options: Options) -> Tuple[torch.Tensor, Dict[str, Any]]:
    """A picture of the given size, padded to a multiple of 32, and its meta."""
    height, width = options['size']
    padded = [-(-side // 32) * 32 for side in (height, width)]
    image = torch.zeros(1, 3, *padded)
    image[..., :height, :width] = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    meta = dict(
        img_shape=(height, width, 3),
        ori_shape=(height, width, 3),
        pad_shape=(*padded, 3),
        scale_factor=np.ones(4, dtype=np.float32),
        flip=False,
        flip_direction=None,
        filename='',
        ori_filename='',
        batch_input_shape=tuple(padded),
        video_id=0,
        frame_id=0,
        is_first_frame=True,
    )
    return image, meta


def matmul(_: Options) -> Run:
    """The yardstick anyone has: a 2048^3 float32 matrix product."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    return lambda: dict(seconds=min(_seconds(lambda: a @ b) for _ in range(3)))


def panoptic_fpn(options: Options) -> Run:
    """mmdet's PanopticFPN R50 with random weights on one frame."""
    import mmdet
    from mmdet.models import build_detector

    from knet.apis.inference import without_pretrained
    from knet.apis.train import initialise_weights

    path = Path(mmdet.__file__).parent / '.mim/configs/panoptic_fpn/panoptic_fpn_r50_fpn_1x_coco.py'
    if not path.is_file():
        raise UsageError(f'mmdet was installed without its configs: {path}')
    model = build_detector(without_pretrained(Config.fromfile(str(path)).model)).eval()
    initialise_weights(model)
    image, meta = _frame(options)

    def run() -> Dict[str, float]:
        with torch.inference_mode():
            inputs = dict(img=[image], img_metas=[[meta]])
            return dict(seconds=_seconds(lambda: model(return_loss=False, rescale=True, **inputs)))

    return run


def _plant(output: Any, num_things: int, number: int) -> None:
    """Overwrite part of a network's output by what a trained one would say about a street.

    Random weights leave hardly a segment. So the first ``number`` queries become
    boxes with clear scores and three stuff queries bands behind them; all other
    queries stay as they are.

    Args:
        output: Of ``forward_network``; changed in place.
        num_things: Number of thing classes.
        number: Of things.
    """
    masks, logits = output.masks[0], output.cls_logits[0]
    height, width = masks.shape[-2:]
    queries = len(masks) - (logits.shape[1] - num_things)
    chosen = list(range(number)) + [queries + stuff for stuff in range(3)]
    masks[chosen] = -6
    logits[:number] = -6
    for n in range(number):
        masks[
            n,
            height // 3 + n % 3 * 4 : height // 3 + n % 3 * 4 + height // 3,
            n * width // number : (n + 1) * width // number - 2,
        ] = 6
        logits[n, n % num_things] = 1 + n / number
    for band in range(3):
        masks[queries + band, band * height // 3 : (band + 1) * height // 3] = 6
        logits[queries + band, num_things + band] = 0.5


def _begun(model: Any, meta: Dict[str, Any]) -> Any:
    """Memory of a stream that has just begun at the frame of ``meta``."""
    from knet.video.trackers import TRACKERS

    memory = model.new_stream()
    memory.tracker, memory.video_id, memory.frame_id = TRACKERS.build(dict(model.tracker_cfg)), 0, meta['frame_id']
    return memory


def video_frame(options: Options) -> Run:
    """A streaming frame of the config's video model with random weights.

    ``after`` is the part after the network for a planted street, see
    :func:`_plant`; ``after_random`` the same for what random weights produce.
    """
    from knet.apis.config import load_config
    from knet.apis.inference import init_model
    from knet.apis.train import initialise_weights

    torch.manual_seed(0)
    model = init_model(load_config(options['config']))
    initialise_weights(model)
    model.eval()
    if options['optimize']:
        from knet.apis.optimize import optimize_model

        optimize_model(model)
    device = next(model.parameters()).device
    image, meta = _frame(options)
    image, memory, state = image.to(device), model.new_stream(), dict(frame=0)

    @torch.inference_mode()
    def run() -> Dict[str, float]:
        now = dict(meta, frame_id=state['frame'], is_first_frame=state['frame'] == 0)
        state['frame'] += 1
        result = {}
        network = _seconds(lambda: result.update(output=model.forward_network(image, now, memory)))
        random = _seconds(lambda: model.predict_frame(*result['output'], now, _begun(model, now)))
        _plant(result['output'][1], model.label_space.num_things, options['things'])
        after = _seconds(lambda: result.update(frame=model.predict_frame(*result['output'], now, memory)))
        things = sum(segment.is_thing for segment in result['frame'].segments)
        return dict(seconds=network + after, network=network, after=after, after_random=random, things=things)

    return run


def whole_video(options: Options) -> Run:
    """A frame of a video that the config's clip model, with random weights, sees as a whole.

    The masks of random weights are ragged and their run lengths therefore long.
    """
    from knet.apis.config import load_config
    from knet.apis.inference import init_model
    from knet.apis.train import initialise_weights

    torch.manual_seed(0)
    model = init_model(load_config(options['config']))
    initialise_weights(model)
    model.eval()
    image, meta = _frame(options)
    number = options['frames']

    def run() -> Dict[str, float]:
        frames = (image.roll(8 * frame, dims=3) for frame in range(number))
        return dict(seconds=_seconds(lambda: model.predict_video(frames, meta)) / number)

    return run


def _objects(number: int, size: Tuple[int, int], shift: int) -> Tuple[np.ndarray, np.ndarray]:
    """Rectangles as masks (N, H, W) uint8, and a semantic map of road, building, sky and the objects."""
    height, width = size
    masks = np.zeros((number, height, width), dtype=np.uint8)
    semantic = np.zeros((height, width), dtype=np.int64)
    semantic[: height // 3], semantic[height // 3 : height // 2] = 10, 2
    for n in range(number):
        top, left = height // 3 + 7 * n % (height // 3), (n * width // number + shift) % (width - 90)
        masks[n, top : top + 60, left : left + 80] = 1
        semantic[top : top + 60, left : left + 80] = (11, 13)[n % 2]
    return masks, semantic


def _training_batch(options: Options) -> Dict[str, Any]:
    """A batch of one key frame and one reference, as the loader delivers it."""
    from mmdet.core import BitmapMasks

    image, meta = _frame(options)
    size, number = tuple(image.shape[-2:]), options['things']
    # Training crops fill the padded size.
    meta.update(img_shape=(*size, 3), ori_shape=(*size, 3))
    labels, ids, boxes = torch.arange(number) % 2, torch.arange(number) + 1, torch.zeros(number, 4)
    batch = dict(img=image, img_metas=[meta], ref_img=image[:, None] * 0.9, ref_img_metas=[[dict(meta, frame_id=1)]])
    for prefix, shift in (('', 0), ('ref_', 12)):
        masks, semantic = _objects(number, size, shift)
        bitmaps, semantic = BitmapMasks(masks, *size), torch.from_numpy(semantic)[None, None]
        column = torch.zeros(number, 1)
        batch.update(
            {
                f'{prefix}gt_masks': [[bitmaps]] if prefix else [bitmaps],
                f'{prefix}gt_semantic_seg': semantic[:, None] if prefix else semantic,
                f'{prefix}gt_bboxes': [torch.cat([column, boxes], 1) if prefix else boxes],
                f'{prefix}gt_labels': [torch.stack([column[:, 0], labels.float()], 1) if prefix else labels],
                f'{prefix}gt_instance_ids': [torch.stack([column[:, 0], ids.float()], 1) if prefix else ids],
            }
        )
    return batch


def train_step(options: Options) -> Run:
    """A training step of the config's model, batch 1: forward, backward, clip, update."""
    from knet.apis.config import build_model, load_config
    from knet.apis.inference import without_pretrained
    from knet.apis.train import build_fused_optimizer, initialise_weights

    torch.manual_seed(0)
    cfg = load_config(options['config'])
    cfg.model = without_pretrained(cfg.model)
    model = build_model(cfg)
    initialise_weights(model)
    model.train()
    optimizer = build_fused_optimizer(model, cfg.optimizer)
    batch = _training_batch(options)

    def step() -> None:
        loss = model.train_step(batch, optimizer)['loss']
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return lambda: dict(seconds=_seconds(step))


def loader(options: Options) -> Run:
    """One training sample (key and reference) of the config's data set, in this process."""
    from knet.apis.config import build_data, load_config
    from knet.apis.loader import plant_seed

    dataset = build_data(load_config(options['config'], {'data.train': _with_root(options)}), 'train')
    state = dict(index=0)

    def run() -> Dict[str, float]:
        start = state['index']
        state['index'] += 4

        def samples() -> None:
            for index in range(start, start + 4):
                plant_seed(index)
                dataset[index % len(dataset)]

        return dict(seconds=_seconds(samples) / 4)

    return run


def _with_root(options: Options) -> Dict[str, Any]:
    """The config's training data set, reading from ``options['data_root']``."""
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
            """Of the generated data."""
            return KittiStepGroundTruth(options['ground_truth'])

    def run() -> Dict[str, float]:
        before = os.times()
        seconds = _seconds(lambda: score_videos(options['predictions'], Stored, [name], nproc=options['nproc']))
        after = os.times()
        return dict(seconds=seconds, cpu=sum(after[:4]) - sum(before[:4]))

    return run


def stq(options: Options) -> Run:
    """STQ of generated predictions, in CPU seconds."""
    return _evaluation(options, 'stq')


def vpq(options: Options) -> Run:
    """VPQ(1, 2, 3, 4) of generated predictions, in CPU seconds."""
    return _evaluation(options, 'vpq')


JOBS: Dict[str, Callable[[Options], Run]] = dict(
    matmul=matmul,
    panoptic_fpn=panoptic_fpn,
    video_frame=video_frame,
    train_step=train_step,
    loader=loader,
    stq=stq,
    vpq=vpq,
    whole_video=whole_video,
)


class Job:
    """A job in its own process.

    Args:
        name: One of :data:`JOBS`.
        options: Of the job; plain values.
    """

    def __init__(self, name: str, options: Options) -> None:
        root = str(Path(__file__).resolve().parents[2])
        env = dict(os.environ, PYTHONPATH=os.pathsep.join([root, os.environ.get('PYTHONPATH', '')]))
        self.name = name
        self.runs: List[Dict[str, float]] = []
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'knet.apis.benchmark', name, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            text=True,
        )
        self._ask(None)

    def _ask(self, request: Any) -> Dict[str, float]:
        if request is not None:
            self._process.stdin.write(request + '\n')
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise UsageError(f'benchmark job {self.name} failed; its message is above')
        return json.loads(answer)

    def run(self, keep: bool = True) -> None:
        """Run once; the first runs warm up and are not kept."""
        result = self._ask('run')
        if keep:
            self.runs.append(result)

    def finish(self) -> Dict[str, Any]:
        """End the process.

        Returns:
            dict: Median, minimum and maximum of every number, and ``peak_rss_gib``.
        """
        summary = self._ask('finish')
        self._process.communicate()
        for key in self.runs[0]:
            values = [run[key] for run in self.runs]
            summary[key] = dict(median=statistics.median(values), min=min(values), max=max(values))
        return summary


def serve(name: str, options: Options) -> None:
    """Obey ``run`` and ``finish`` on standard input; answer in JSON lines."""
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print
    run = JOBS[name](options)
    print('{}', file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() == 'finish':
            usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            print(json.dumps(dict(peak_rss_gib=max(usage) / 2**20)), file=answers, flush=True)
            return
        print(json.dumps(run()), file=answers, flush=True)


if __name__ == '__main__':
    serve(sys.argv[1], json.loads(sys.argv[2]))
