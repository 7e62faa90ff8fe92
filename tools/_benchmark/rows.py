"""One row of the table of modes: a model in a mode, measured until its time is over."""

import dataclasses
import gc
import time
from statistics import median
from typing import Any, Callable, Dict, List, Sequence

import torch
from torch import Tensor

from knet.apis.config import load_config
from knet.apis.train import build_fused_optimizer
from knet.video.trackers import TRACKERS

from .inputs import add_street, frame_and_meta, pair_batch, panoptic_batch
from .modes import Mode
from .networks import YARDSTICK_OPTIMIZER, inference_model, training_model, yardstick

#: Measured runs per row at least and at most.
_RUNS = (3, 300)
Row = Dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all rows have in common.

    Attributes:
        device: Where models run.
        seconds: Time to measure one number for, after the warm-up.
        things: Number of things in a frame.
    """

    device: torch.device
    seconds: float
    things: int

    def wait(self) -> None:
        """Wait until the device has nothing left to do."""
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)

    def time(self, work: Callable[[], Any], warm_up: int = 3) -> List[float]:
        """Return the seconds of repeated runs of ``work``, each waited for."""
        for _ in range(warm_up):
            work()
        self.wait()
        if self.device.type == 'cuda':
            # The warm-up tries convolution algorithms with large workspaces that are not used later.
            torch.cuda.reset_peak_memory_stats(self.device)
        runs: List[float] = []
        end = time.perf_counter() + self.seconds
        while len(runs) < _RUNS[0] or (time.perf_counter() < end and len(runs) < _RUNS[1]):
            start = time.perf_counter()
            work()
            self.wait()
            runs.append(time.perf_counter() - start)
        return runs

    def move(self, value: Any) -> Any:
        """Copy the tensors in nested lists and dicts to the device."""
        if torch.is_tensor(value):
            return value.to(self.device, non_blocking=True)
        if isinstance(value, dict):
            return {key: self.move(item) for key, item in value.items()}
        return [self.move(item) for item in value] if isinstance(value, list) else value


def stream_row(config: str, size: Sequence[int], mode: Mode, setting: Setting) -> Row:
    """Measure frames of a stream: the network, and all from the frame in host memory to the arrays of its prediction.

    The network has random weights, so its output is replaced by that of a street with things before fusion and
    tracking. ``reference`` of the row are class scores (Q, K) and masks (Q, h, w) of the first frame.
    """
    model = mode.prepare(inference_model(config, device=str(setting.device)))
    host, meta = frame_and_meta(size)
    if setting.device.type == 'cuda':
        host = host.pin_memory()
    device = setting.device
    with torch.inference_mode(), mode.precision(device):
        image = mode.image(host.to(device))
        memory = model.new_stream()
        with mode.cast(device):
            first = model.forward_network(image, dict(meta, is_first_frame=True), memory)
        street = dataclasses.replace(
            first.stage, masks=first.stage.masks.clone(), cls_logits=first.stage.cls_logits.clone()
        )
        add_street(street, model.label_space.num_things, setting.things)
        memory.tracker = TRACKERS.build(dict(model.tracker_cfg))
        state: Dict[str, Any] = dict(frame=0)

        def network() -> Any:
            state['frame'] += 1
            return model.forward_network(image, dict(meta, frame_id=state['frame'], is_first_frame=False), memory)

        def only_network() -> None:
            with mode.cast(device):
                network()

        def whole() -> None:
            with mode.cast(device):
                image.copy_(host, non_blocking=True)
                output = network()
                memory.frame_id = state['frame']
                stage = dataclasses.replace(output.stage, masks=street.masks, cls_logits=street.cls_logits)
                state['result'] = model.begin_frame(output._replace(stage=stage), meta, memory)()

        networks, frames = setting.time(only_network), setting.time(whole)
        reference = dict(
            scores=first.stage.cls_logits[0].float().sigmoid().cpu(), masks=first.stage.masks[0].float().cpu()
        )
    return dict(
        rate=1 / median(frames),
        milliseconds=1000 * median(frames),
        network_milliseconds=1000 * median(networks),
        things=sum(segment.is_thing for segment in state['result'].segments),
        runs=len(frames),
        reference=reference,
    )


def yardstick_row(name: str, size: Sequence[int], mode: Mode, setting: Setting) -> Row:
    """Measure one of mmdet's models on single frames, from host memory to its prediction."""
    model = mode.prepare(yardstick(name).to(setting.device).eval())
    host, meta = frame_and_meta(size)
    if setting.device.type == 'cuda':
        host = host.pin_memory()

    def whole() -> None:
        with mode.cast(setting.device):
            image = mode.image(host.to(setting.device, non_blocking=True))
            model(return_loss=False, rescale=True, img=[image], img_metas=[[meta]])

    with torch.inference_mode(), mode.precision(setting.device):
        frames = setting.time(whole)
    return dict(rate=1 / median(frames), milliseconds=1000 * median(frames), runs=len(frames))


def _train_row(model: Any, optimizer_settings: dict, batch: Dict[str, Any], mode: Mode, setting: Setting) -> Row:
    device = setting.device
    model = mode.prepare(model.to(device).train())
    optimizer = build_fused_optimizer(model, optimizer_settings)
    scaler = torch.amp.GradScaler(device.type, enabled='amp' in mode.words and device.type == 'cuda')

    def step() -> None:
        moved = setting.move(batch)
        moved['img'] = mode.image(moved['img'])
        with mode.cast(device):
            loss = model.train_step(moved, optimizer)['loss']
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)

    with mode.precision(device):
        steps = setting.time(step)
    return dict(rate=1 / median(steps), milliseconds=1000 * median(steps), runs=len(steps))


def pair_row(config: str, size: Sequence[int], mode: Mode, setting: Setting) -> Row:
    """Measure training steps of one pair of frames: copies to the device, losses, gradients, clipping, update."""
    batch = pair_batch(size, min(setting.things, 12))
    return _train_row(training_model(config), load_config(config).optimizer, batch, mode, setting)


def yardstick_train_row(name: str, size: Sequence[int], mode: Mode, setting: Setting) -> Row:
    """Measure training steps of mmdet's PanopticFPN on as many frames as a pair has, two."""
    batch = panoptic_batch(size, min(setting.things, 12))
    return _train_row(yardstick(name), YARDSTICK_OPTIMIZER, batch, mode, setting)


#: Kind of a row -> its function.
KINDS: Dict[str, Callable[..., Row]] = dict(
    stream=stream_row, yardstick=yardstick_row, pair=pair_row, yardstick_train=yardstick_train_row
)


def measure(kind: str, subject: str, size: Sequence[int], mode: Mode, setting: Setting) -> Row:
    """Return a row with its peak of device memory in GiB; one that fails has ``error`` instead of numbers."""
    cuda = setting.device.type == 'cuda'
    gc.collect()
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(setting.device)
    begun = time.perf_counter()
    try:
        row = KINDS[kind](subject, size, mode, setting)
    except Exception as error:  # a mode that does not work is a result as well
        row = dict(error=f'{type(error).__name__}: {error}'.splitlines()[0][:300])
    if cuda:
        row['peak_gib'] = torch.cuda.max_memory_allocated(setting.device) / 2**30
    return dict(row, total_seconds=time.perf_counter() - begun)


def deviation(row: Row, plain: Dict[str, Tensor]) -> Dict[str, float]:
    """Return the largest score difference to plain float32, and the share of mask pixels that changed sides."""
    scores, masks = row['reference']['scores'], row['reference']['masks']
    return dict(
        score_difference=float((scores - plain['scores']).abs().max()),
        mask_pixels_changed=float(((masks > 0) != (plain['masks'] > 0)).float().mean()),
    )
