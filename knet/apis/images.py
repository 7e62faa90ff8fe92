"""Running image models: one image after another, each reduced to its counts at once."""

from typing import Any, Callable, Dict, List, Optional

from mmcv.runner import get_dist_info
from torch import nn

from knet.apis.distributed import gather_objects, tick
from knet.apis.loader import build_test_loader
from knet.apis.running import device_of, inference_context, progress_bar, unpack_sample
from knet.det.protocols import Prediction
from knet.utils.background import BackgroundWriter
from knet.utils.precision import Half
from knet.utils.stopping import check_stop, obey_signals

#: Function that is called with (data set index, meta, prediction) for every image.
OnPrediction = Callable[[int, Dict[str, Any], Prediction], None]


def run_images(
    model: nn.Module,
    dataset: Any,
    on_prediction: Optional[OnPrediction] = None,
    workers: int = 1,
    amp: Half = False,
    show_progress: bool = True,
) -> Optional[List[Any]]:
    """Predict all images and reduce every prediction to its counts at once.

    Args:
        model: Image model in eval mode; it is called through the entry that all models of mmdet have.
        dataset: Data set with ``pre_eval``, in test mode.
        on_prediction: Also called for every image, in a background thread.
        workers: Number of loader processes.
        amp: Half precision, see :data:`knet.utils.precision.Half`.
        show_progress: Whether rank 0 shows a bar.

    Returns:
        On rank 0 what ``dataset.pre_eval`` returned, in data set
        order; None on other ranks.

    Raises:
        Stopped: If a signal asked for it; what is predicted is written.
    """
    rank, world_size = get_dist_info()
    indices = list(range(rank, len(dataset), world_size))
    device = device_of(model)
    counts: Dict[int, Any] = {}
    bar = progress_bar(len(indices), 0, 'images', show_progress)
    with obey_signals(), bar, BackgroundWriter() as background:
        for index, data in zip(indices, build_test_loader(dataset, indices, workers)):
            with inference_context(device, amp):
                image, meta = unpack_sample(data, device)
                prediction = model(return_loss=False, rescale=True, img=[image], img_metas=[[meta]])[0]
            counts[index] = dataset.pre_eval(prediction, index)
            if on_prediction is not None:
                background.submit(on_prediction, index, meta, prediction)
            bar.update()
            tick(f'image {index} done')
            check_stop()
    merged = {index: value for part in gather_objects(counts) for index, value in part.items()}
    return [merged[index] for index in sorted(merged)] if rank == 0 else None
