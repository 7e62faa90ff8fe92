"""Running trained models over data sets: videos as streams, images one by one."""

import sys
from collections import OrderedDict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import cv2
import torch
from mmcv.parallel import DataContainer
from mmcv.runner import get_dist_info
from torch import nn
from torch.utils.data import Dataset
from tqdm import tqdm

from knet.apis.distributed import barrier, gather_objects
from knet.apis.loader import build_test_loader
from knet.evaluation.stq import STQResult, evaluate_stq
from knet.evaluation.vpq import VPQResult, evaluate_vpq
from knet.evaluation.vss import VSSResult, evaluate_vss
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.structures import InstancePrediction, PanopticPrediction
from knet.utils.cli import UsageError
from knet.utils.io import atomic_path
from knet.visualization import flat_maps, overlay

Frames = 'OrderedDict[int, List[int]]'
Prediction = Union[PanopticPrediction, InstancePrediction]
#: Called with (data set index, meta, prediction) for every frame or image.
OnPrediction = Callable[[int, Dict[str, Any], Prediction], None]
#: Metrics of videos, and the result that each is part of.
VIDEO_METRICS = dict(stq='stq', vpq='vpq', miou='vss', vc='vss')
_PENDING_WRITES = 8


def shard_videos(videos: Frames, rank: int, world_size: int) -> List[int]:
    """Choose this rank's videos so that all ranks have about the same number of frames.

    Args:
        videos: Data set indices by video.
        rank: Of this process.
        world_size: Number of processes.

    Returns:
        list[int]: Video ids in their original order.
    """
    loads = [0] * world_size
    owner = {}
    for video in sorted(videos, key=lambda v: (-len(videos[v]), v)):
        owner[video] = loads.index(min(loads))
        loads[owner[video]] += len(videos[video])
    return [video for video in videos if owner[video] == rank]


def unpack_sample(data: Dict[str, Any], device: torch.device) -> Tuple[torch.Tensor, Dict[str, Any]]:
    """Take image and meta out of a collated test batch.

    Args:
        data: ``dict(img=[(1, 3, H, W)], img_metas=[[meta]])``, containers allowed.
        device: Where the image goes.

    Returns:
        tuple: (1, 3, H, W) float32 and the meta dict.
    """
    image, metas = data['img'][0], data['img_metas'][0]
    if isinstance(image, DataContainer):
        image = image.data[0]
    if isinstance(metas, DataContainer):
        metas = metas.data[0]
    return image.to(device, non_blocking=True), metas[0]


@contextmanager
def inference_context(device: torch.device, amp: bool = False) -> Iterator[None]:
    """No gradients; with ``amp`` half precision (float16 on GPUs, bfloat16 on CPUs)."""
    dtype = torch.float16 if device.type == 'cuda' else torch.bfloat16
    with torch.inference_mode(), torch.autocast(device.type, dtype=dtype, enabled=amp):
        yield


class BackgroundWriter:
    """Does file work in one thread, in order, while the network computes.

    At most :data:`_PENDING_WRITES` jobs wait; an error of a job is raised by
    the next call.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pending: Deque[Future] = deque()

    def submit(self, job: Callable[..., Any], *args: Any) -> None:
        """Queue ``job(*args)``; waits while too many jobs are queued."""
        while self._pending and (self._pending[0].done() or len(self._pending) >= _PENDING_WRITES):
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(job, *args))

    def __enter__(self) -> 'BackgroundWriter':
        return self

    def __exit__(self, error_type: Any, *_: Any) -> None:
        for job in self._pending:
            if error_type is None:
                job.result()
            else:
                job.cancel()
        self._pool.shutdown(wait=True)


def draw_overlay(
    meta: Dict[str, Any], prediction: Prediction, label_space: Any, path: Path, score_thr: float = 0.3
) -> None:
    """Write the picture with the prediction over it.

    Args:
        meta: Frame meta; ``filename`` is the picture.
        prediction: At the picture's size.
        label_space: Colours.
        path: Output, ``.jpg`` or ``.png``.
        score_thr: Least score of instances; panoptic maps have none to drop.
    """
    picture = cv2.imread(str(meta['filename']), cv2.IMREAD_COLOR)
    if picture is None:
        raise UsageError(f'cannot read image {meta["filename"]}')
    drawn = overlay(picture[..., ::-1], *flat_maps(prediction, label_space, score_thr), label_space)
    ok, code = cv2.imencode(path.suffix, drawn[..., ::-1])
    if not ok:
        raise UsageError(f'cannot encode {path}')
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        Path(partial).write_bytes(code.tobytes())


def progress_bar(total: int, done: int, unit: str, show: bool = True) -> tqdm:
    """Bar with rate and remaining time; one line per 10 s where output is no terminal."""
    rank, world_size = get_dist_info()
    title = f'rank 0 of {world_size}' if world_size > 1 else ''
    return tqdm(
        total=total,
        initial=done,
        unit=f' {unit}',
        desc=title,
        file=sys.stdout,
        dynamic_ncols=True,
        disable=not show or rank != 0,
        mininterval=0.5 if sys.stdout.isatty() else 10,
    )


def stream_videos(
    model: nn.Module,
    dataset: Dataset,
    writer: PredictionWriter,
    draw_dir: Optional[Path] = None,
    workers: int = 1,
    amp: bool = False,
    show_progress: bool = True,
) -> int:
    """Predict this rank's videos that the writer does not have yet.

    Reading (loader process), network (this thread) and writing (another
    thread) overlap. Call :meth:`PredictionWriter.close` on rank 0 afterwards.

    Args:
        model: Video model in eval mode (``new_stream``, ``step``).
        dataset: Video data set in test mode.
        writer: Where predictions go.
        draw_dir: Folder for overlays; None draws nothing.
        workers: Loader processes.
        amp: Half precision.
        show_progress: Whether rank 0 shows a bar.

    Returns:
        int: Number of frames predicted now by this rank.
    """
    videos = dataset.video_indices()
    own = shard_videos(videos, *get_dist_info())
    todo = [video for video in own if not writer.is_complete(video, len(videos[video]))]
    indices = [index for video in todo for index in videos[video]]
    total = sum(len(videos[video]) for video in own)
    device = next(model.parameters()).device
    memory, seen = model.new_stream(), 0
    with progress_bar(total, total - len(indices), 'frames', show_progress) as bar, BackgroundWriter() as background:
        for data in build_test_loader(dataset, indices, workers) if indices else ():
            with inference_context(device, amp):
                image, meta = unpack_sample(data, device)
                prediction = model.step(image, meta, memory)
            video, frame = int(meta['video_id']), int(meta['frame_id'])
            background.submit(writer.write, video, frame, prediction.semantic, prediction.instance)
            if draw_dir is not None:
                name = Path(draw_dir) / str(video) / f'{video:06d}_{frame:06d}.jpg'
                background.submit(draw_overlay, meta, prediction, dataset.label_space, name)
            seen += 1
            if seen == len(videos[video]):
                background.submit(writer.finish_video, video, seen)
                seen = 0
            bar.update()
    return len(indices)


def run_images(
    model: nn.Module,
    dataset: Dataset,
    on_prediction: Optional[OnPrediction] = None,
    workers: int = 1,
    amp: bool = False,
    show_progress: bool = True,
) -> Optional[List[Any]]:
    """Predict all images and reduce every prediction to its counts at once.

    Args:
        model: Image model in eval mode.
        dataset: Data set with ``pre_eval``, in test mode.
        on_prediction: Also called for every image, in a background thread.
        workers: Loader processes.
        amp: Half precision.
        show_progress: Whether rank 0 shows a bar.

    Returns:
        list | None: On rank 0 what ``dataset.pre_eval`` returned, in data set
        order; None on other ranks.
    """
    rank, world_size = get_dist_info()
    indices = list(range(rank, len(dataset), world_size))
    device = next(model.parameters()).device
    counts = OrderedDict()
    with progress_bar(len(indices), 0, 'images', show_progress) as bar, BackgroundWriter() as background:
        for index, data in zip(indices, build_test_loader(dataset, indices, workers)):
            with inference_context(device, amp):
                image, meta = unpack_sample(data, device)
                prediction = model(return_loss=False, rescale=True, img=[image], img_metas=[[meta]])[0]
            counts[index] = dataset.pre_eval(prediction, index)
            if on_prediction is not None:
                background.submit(on_prediction, index, meta, prediction)
            bar.update()
    merged = {index: value for part in gather_objects(counts) for index, value in part.items()}
    return [merged[index] for index in sorted(merged)] if rank == 0 else None


def score_videos(
    result_dir: Union[str, Path],
    dataset: Dataset,
    metrics: Sequence[str],
    protocol: str = 'official',
    nproc: int = 1,
    allow_missing: bool = False,
) -> Dict[str, Union[STQResult, VPQResult, VSSResult]]:
    """Score stored predictions against the data set's ground truth.

    Args:
        result_dir: Prediction folder.
        dataset: Gives ``ground_truth()`` and ``label_space``.
        metrics: Keys of :data:`VIDEO_METRICS`; ``'miou'`` and ``'vc'`` are
            computed together.
        protocol: ``'official'`` or ``'paper-repo'``, of STQ and VPQ.
        nproc: Evaluator processes.
        allow_missing: Whether absent frames are tolerated.

    Returns:
        dict: Result by its name, a value of :data:`VIDEO_METRICS`.
    """
    evaluators = dict(
        stq=partial(evaluate_stq, protocol=protocol), vpq=partial(evaluate_vpq, protocol=protocol), vss=evaluate_vss
    )
    unknown = [metric for metric in metrics if metric not in VIDEO_METRICS]
    if unknown:
        raise UsageError(f'unknown metric {unknown[0]!r} for videos; known: {", ".join(VIDEO_METRICS)}')
    return {
        name: evaluators[name](
            PredictionReader(result_dir),
            dataset.ground_truth(),
            dataset.label_space,
            nproc=nproc,
            allow_missing=allow_missing,
        )
        for name in dict.fromkeys(VIDEO_METRICS[metric] for metric in metrics)
    }


def open_store(
    out_dir: Union[str, Path],
    meta: Dict[str, Any],
    fresh: bool = False,
    final: bool = False,
    names: Optional[Dict[int, str]] = None,
) -> PredictionWriter:
    """Open a prediction folder on all ranks: rank 0 checks or clears it before the others write.

    Args:
        out_dir, meta, final, names: See :class:`PredictionWriter`.
        fresh: Remove what an earlier run left.

    Returns:
        PredictionWriter: To be closed by :func:`close_store`.

    Raises:
        ValueError: As :class:`PredictionWriter`.
    """
    if get_dist_info()[0] == 0:
        writer = PredictionWriter(out_dir, meta, resume=not fresh, final=final, names=names)
        barrier()
    else:
        barrier()
        writer = PredictionWriter(out_dir, meta, final=final, names=names)
    return writer


def close_store(writer: PredictionWriter) -> None:
    """Wait for all ranks and let rank 0 write the manifest."""
    barrier()
    if get_dist_info()[0] == 0:
        writer.close()
    barrier()
