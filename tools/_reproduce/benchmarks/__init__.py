"""The benchmarks, one short file each."""

from typing import Dict

from _reproduce.benchmarks import cityscapes_vps, kitti_step, vipseg, vspw, youtube_vis
from _reproduce.plan import Benchmark

BENCHMARKS: Dict[str, Benchmark] = {
    module.BENCHMARK.name: module.BENCHMARK for module in (kitti_step, vipseg, cityscapes_vps, youtube_vis, vspw)
}
