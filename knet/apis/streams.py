"""Running stream models over videos: frame by frame, into a store that can be continued."""

from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

from mmcv.runner import get_dist_info

from knet.apis.distributed import barrier, tick
from knet.apis.drawing import draw_overlay
from knet.apis.loader import build_test_loader
from knet.apis.running import device_of, inference_context, progress_bar, unpack_sample
from knet.det.protocols import StreamModel
from knet.labels import LabelSpace
from knet.results.panoptic_store import PredictionWriter
from knet.structures import PanopticPrediction
from knet.utils.background import BackgroundWriter
from knet.utils.lock import lock_folder, unlock_folder
from knet.utils.precision import Half
from knet.utils.shards import WHOLE, Shard, shard_name, shard_videos
from knet.utils.stopping import check_stop, obey_signals


def stream_videos(
    model: StreamModel,
    dataset: Any,
    writer: PredictionWriter,
    draw_dir: Optional[Path] = None,
    workers: int = 1,
    amp: Half = False,
    show_progress: bool = True,
    shard: Shard = WHOLE,
) -> int:
    """Predict this rank's videos that the writer does not have yet.

    Reading (loader process), network (this thread) and writing (another
    thread, which waits for the maps of a frame, too) overlap. Call
    :meth:`PredictionWriter.close` on rank 0 afterwards.

    Args:
        model: Stream model (a module) in eval mode.
        dataset: Video data set in test mode.
        writer: Store that predictions go to.
        draw_dir: Folder for overlays; None draws nothing.
        workers: Number of loader processes.
        amp: Half precision, see :data:`knet.utils.precision.Half`.
        show_progress: Whether rank 0 shows a bar.
        shard: Number of this job from 0, and the number of jobs that share the videos out among themselves.

    Returns:
        Number of frames predicted now by this rank.

    Raises:
        Stopped: If a signal asked for it; what is predicted is written, and the next run continues.
    """
    videos = dataset.video_indices()
    rank, world_size = get_dist_info()
    own = shard_videos(videos, shard[0] * world_size + rank, shard[1] * world_size)
    todo = [video for video in own if not writer.is_complete(video, len(videos[video]))]
    indices = [index for video in todo for index in videos[video]]
    total = sum(len(videos[video]) for video in own)
    device = device_of(model)
    memory, seen = model.new_stream(), 0
    bar = progress_bar(total, total - len(indices), 'frames', show_progress)
    with obey_signals(), bar, BackgroundWriter() as background:
        for data in build_test_loader(dataset, indices, workers) if indices else ():
            check_stop()
            with inference_context(device, amp):
                image, meta = unpack_sample(data, device)
                finish = model.begin_step(image, meta, memory)
            video, frame = int(meta['video_id']), int(meta['frame_id'])
            name = None if draw_dir is None else Path(draw_dir) / str(video) / f'{video:06d}_{frame:06d}.jpg'
            background.submit(_write, finish, writer, meta, dataset.label_space, name)
            seen += 1
            if seen == len(videos[video]):
                background.submit(writer.finish_video, video, seen)
                seen = 0
            bar.update()
            tick(f'video {video}, frame {frame} done')
        check_stop()
    return len(indices)


def _write(
    finish: Callable[[], PanopticPrediction],
    writer: PredictionWriter,
    meta: Dict[str, Any],
    label_space: LabelSpace,
    drawing: Optional[Path],
) -> None:
    """Wait for a prediction, write it, and draw it if ``drawing`` names a file."""
    prediction = finish()
    writer.write(int(meta['video_id']), int(meta['frame_id']), prediction.semantic, prediction.instance)
    if drawing is not None:
        draw_overlay(meta, prediction, label_space, drawing)


def open_store(
    out_dir: Union[str, Path],
    meta: Dict[str, Any],
    fresh: bool = False,
    final: bool = False,
    names: Optional[Dict[int, str]] = None,
    label_space: Optional[LabelSpace] = None,
    shard: Shard = WHOLE,
) -> PredictionWriter:
    """Open a prediction folder on all ranks: rank 0 checks or clears it before the others write.

    Args:
        out_dir: Result folder.
        meta: What makes the predictions what they are, see :class:`PredictionWriter`.
        fresh: Whether to remove what an earlier run left.
        final: Whether to write the files of the KITTI-STEP server as well.
        names: Names of the videos by number.
        label_space: Classes of the predictions, which the manifest stores.
        shard: See :func:`stream_videos`; jobs that share the videos share the folder, too.

    Returns:
        The store, to be closed by :func:`close_store`.

    Raises:
        UsageError: If another run writes into the folder.
        ValueError: As :class:`PredictionWriter`.
    """
    if get_dist_info()[0] == 0:
        lock_folder(out_dir, shard_name(shard))
        writer = PredictionWriter(out_dir, meta, resume=not fresh, final=final, names=names, label_space=label_space)
        barrier()
    else:
        barrier()
        writer = PredictionWriter(out_dir, meta, final=final, names=names, label_space=label_space)
    return writer


def close_store(writer: PredictionWriter, shard: Shard = WHOLE) -> None:
    """Wait for all ranks and let rank 0 write the manifest."""
    barrier()
    if get_dist_info()[0] == 0:
        writer.close()
        unlock_folder(writer.out_dir, shard_name(shard))
    barrier()
