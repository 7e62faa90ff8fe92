"""Running clip models over whole videos: frames come in chunks, tracks go out one video at a time."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from mmcv.parallel import DataContainer
from mmcv.runner import get_dist_info
from torch.utils.data import Dataset
from tqdm import tqdm

from knet.apis.distributed import barrier, tick
from knet.apis.loader import quiet_worker
from knet.apis.loader_errors import PlainErrorLoader
from knet.apis.running import device_of, inference_context, progress_bar
from knet.det.kernel_net import with_batch_shape
from knet.det.protocols import ClipModel
from knet.labels import LabelSpace
from knet.results.track_store import VideoResultStore
from knet.utils.background import BackgroundWriter
from knet.utils.lock import lock_folder
from knet.utils.precision import Half
from knet.utils.shards import WHOLE, Shard, shard_name, shard_videos
from knet.utils.stopping import check_stop, obey_signals

#: Frames that are read and passed to the network at once.
CHUNK = 8
#: Called with (position of the video, its records) for every video.
OnVideo = Callable[[int, List[Dict[str, Any]]], None]


class VideoChunks(Dataset):
    """Videos as consecutive chunks of frames.

    Args:
        dataset: Data set with ``video_lengths`` and ``load_frames``, in test mode.
        videos: Positions of the videos, in the order in which they are wanted.
        size: Frames per chunk; the last of a video may be shorter.
    """

    def __init__(self, dataset: Any, videos: List[int], size: int) -> None:
        self.dataset = dataset
        lengths = dataset.video_lengths()
        self.chunks = [
            (video, range(start, min(start + size, lengths[video])))
            for video in videos
            for start in range(0, lengths[video], size)
        ]

    def __len__(self) -> int:
        return len(self.chunks)

    def __getitem__(self, index: int) -> Dict[str, Any]:
        """Output of the test pipeline for one chunk."""
        return self.dataset.load_frames(*self.chunks[index])


def _as_is(sample: Any) -> Any:
    return sample


def _content(value: Any) -> Any:
    """Without the list of one and the container that test pipelines add."""
    value = value[0] if isinstance(value, list) else value
    return value.data if isinstance(value, DataContainer) else value


def unpack_clip(sample: Dict[str, Any]) -> Tuple[torch.Tensor, Dict[str, Any]]:
    """Return the (f, 3, H, W) frames in the output of a test pipeline of clips, and the meta of the first of them."""
    frames, meta = _content(sample['ref_img']), _content(sample['img_metas'])
    return frames, with_batch_shape(frames, [meta])[0]


def _frames_of(
    first: torch.Tensor, samples: Iterator[Any], length: int, device: torch.device, bar: tqdm, name: str
) -> Iterator[torch.Tensor]:
    """Yield the frames of a video in chunks (f, 3, H, W) on a device, and say what is done.

    Args:
        first: The first chunk.
        samples: Where the other ones come from.
        length: Number of frames of the video.
        device: Device that they go to.
        bar: Bar that counts frames.
        name: Term for the video when processes wait for each other.
    """
    frames, seen = first, 0
    while True:
        yield frames.to(device, non_blocking=True)
        seen += len(frames)
        bar.update(len(frames))
        tick(f'{name}, frame {seen} done')
        check_stop()
        if seen == length:
            return
        frames = unpack_clip(next(samples))[0]


def predict_videos(
    model: ClipModel,
    dataset: Any,
    store: VideoResultStore,
    on_video: Optional[OnVideo] = None,
    workers: int = 1,
    amp: Half = False,
    show_progress: bool = True,
    shard: Shard = WHOLE,
) -> Optional[List[List[Dict[str, Any]]]]:
    """Predict this rank's videos that the store does not have yet.

    A loader process reads ahead while the network computes; another thread
    writes. Memory does not grow with the length of a video, except for what
    the model keeps.

    Args:
        model: Clip model (a module) in eval mode.
        dataset: Video data set in test mode.
        store: Store that results go to.
        on_video: Also called for every video of this rank, in the writing
            thread; for those that were there already as well.
        workers: Number of loader processes.
        amp: Half precision, see :data:`knet.utils.precision.Half`.
        show_progress: Whether rank 0 shows a bar.
        shard: Number of this job from 0, and the number of jobs that share the videos out among themselves.

    Returns:
        On rank 0, when all ranks are done, the records of every video; None on
        other ranks, and in a job that has a part of the videos only.

    Raises:
        Stopped: If a signal asked for it; finished videos are written, and the next run continues.
    """
    lengths, (rank, world_size) = dataset.video_lengths(), get_dist_info()
    ids = [video.id for video in dataset.videos]
    frames_of = {i: range(length) for i, length in enumerate(lengths)}
    own = shard_videos(frames_of, shard[0] * world_size + rank, shard[1] * world_size)
    todo = [i for i in own if not store.is_complete(ids[i], lengths[i])]
    loader = PlainErrorLoader(
        VideoChunks(dataset, todo, CHUNK),
        batch_size=None,
        collate_fn=_as_is,
        num_workers=min(workers, len(todo)),
        worker_init_fn=quiet_worker,
    )
    device = device_of(model)
    total = sum(lengths[i] for i in own)
    done = total - sum(lengths[i] for i in todo)
    bar = progress_bar(total, done, 'frames', show_progress)
    with obey_signals(), bar, BackgroundWriter() as background:
        if on_video is not None:
            for i in sorted(set(own) - set(todo)):
                background.submit(on_video, i, store.read(ids[i]))
        samples = iter(loader)
        for i in todo:
            first, meta = unpack_clip(next(samples))
            stream = _frames_of(first, samples, lengths[i], device, bar, f'video {ids[i]}')
            with inference_context(device, amp):
                prediction = model.predict_video(stream, meta)
            for _ in stream:  # a model that stops early must not shift the next video
                pass
            records = dataset.records(prediction, i)
            background.submit(store.write, ids[i], lengths[i], records)
            if on_video is not None:
                background.submit(on_video, i, records)
        check_stop()
    barrier()
    return [store.read(number) for number in ids] if rank == 0 and shard[1] == 1 else None


def open_video_store(
    folder: Path,
    meta: Dict[str, Any],
    fresh: bool = False,
    label_space: Optional[LabelSpace] = None,
    shard: Shard = WHOLE,
) -> VideoResultStore:
    """Open a result folder on all ranks: rank 0 checks or clears it before the others write.

    Args:
        folder: Result folder.
        meta: What makes the results what they are.
        fresh: Whether to start over.
        label_space: Classes of the tracks, for the manifest.
        shard: See :func:`predict_videos`; jobs that share the videos share the folder, too.

    Raises:
        UsageError: If another run writes into the folder.
        ValueError: As :class:`VideoResultStore`.
    """
    if get_dist_info()[0] == 0:
        lock_folder(folder, shard_name(shard))
        store = VideoResultStore(folder, meta, not fresh, label_space)
        barrier()
        return store
    barrier()
    return VideoResultStore(folder, meta, label_space=label_space)
