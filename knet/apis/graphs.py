"""Replaying the network of a video model as a CUDA graph, which spares the host the launch of every operation."""

from dataclasses import replace
from typing import Any, Callable, Dict, Tuple

import torch
from torch import Tensor

from knet.video.embeddings import NetworkOutput
from knet.video.memory import StreamMemory

#: Runs on a side stream before a graph is recorded, in which libraries choose their algorithms.
_WARM_UP = 3
Network = Callable[[Tensor, Dict[str, Any], StreamMemory], NetworkOutput]


def capture(run: Callable[[], Any]) -> Tuple[Callable[[], None], Any]:
    """Record what a function does on the GPU.

    Args:
        run: Reads and writes tensors that stay where they are; waits for nothing.

    Returns:
        A function that does it again, and the output, which every replay overwrites.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UP):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # Other threads wait for their copies meanwhile, which must not count as a part of the graph.
    with torch.cuda.graph(graph, capture_error_mode='thread_local'):
        output = run()
    return graph.replay, output


class GraphedNetwork:
    """The method ``forward_network`` of a video model, recorded once per size of frames, and replayed.

    The first frame of a video, which is linked to none, runs as usual. The output for a frame is overwritten by that
    for the next one.

    Args:
        network: The method as it is.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._replays: Dict[Tuple, _Replay] = {}

    def __call__(self, img: Tensor, img_meta: Dict[str, Any], memory: StreamMemory) -> NetworkOutput:
        """Link a frame (1, 3, H, W) to ``memory`` and update ``memory``."""
        if memory.starts_anew(img_meta) or memory.kernels is None:
            return self._network(img, img_meta, memory)
        half = torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None
        key = (tuple(img.shape), img.dtype, half)
        if key not in self._replays:
            self._replays[key] = _Replay(self._network, img, img_meta, memory)
        output = self._replays[key](img, memory.kernels)
        assert output.stage is not None, 'test frames run through all stages'
        memory.advance(img_meta, output.stage.kernels)
        return output


class _Replay:
    """The recorded network for frames of one size; it reads the frame and the previous kernels from fixed places."""

    def __init__(self, network: Network, img: Tensor, img_meta: Dict[str, Any], memory: StreamMemory) -> None:
        assert memory.kernels is not None, 'the first frame of a video is not recorded'
        others = [name for name, value in vars(memory).items() if torch.is_tensor(value) and name != 'kernels']
        if others:
            raise ValueError(f'a CUDA graph links frames by kernels only, but the memory holds {others[0]!r}, too')
        self.img, self.kernels = img.clone(), memory.kernels.clone()
        meta = dict(img_meta, is_first_frame=False)
        past = replace(memory, kernels=self.kernels, tracker=None)

        def run() -> NetworkOutput:
            # Weights that autocast has cast outside of the graph are gone when it is replayed.
            with torch.autocast(img.device.type, enabled=torch.is_autocast_enabled(), cache_enabled=False):
                return network(self.img, meta, replace(past))  # which the network advances

        self._replay, self._output = capture(run)

    def __call__(self, img: Tensor, kernels: Tensor) -> NetworkOutput:
        self.img.copy_(img)
        self.kernels.copy_(kernels)
        self._replay()
        return self._output
