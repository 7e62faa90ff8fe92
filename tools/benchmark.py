"""Measure speed and memory against yardsticks that run on the same machine.

    python tools/benchmark.py inference train loader stq vpq vis --json benchmark.json
    python tools/benchmark.py inference train vipseg --device cuda --out benchmark

On a CPU measurements and yardsticks take turns: ``inference`` and ``vis`` compare a frame with mmdet's PanopticFPN R50
on the same picture, ``train`` a pair of frames with a PanopticFPN training step on as many; these ratios carry over
from processor to processor. Everything else is compared with a 2048^3 float32 matrix product, whose ratios do not.

On a GPU, or with ``--modes``, the table has a row per model and way to compute (float32, TF32, half precision,
``channels_last``, compiled, CUDA graph), with mmdet's PanopticFPN R50 and Mask2Former R50 as yardsticks.

Models have random weights; the data are generated.
"""

import argparse
import platform
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Tuple

import _root  # noqa: F401  puts the repository on the path
from _benchmark.evaluation_data import make_evaluation_fixture
from _benchmark.process import Job

from knet.toy import ToySpec, make_toy_videos
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.io import write_json_atomic

_CONFIG = (
    'configs/det/video_knet_kitti_step/'
    'video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py'
)
_VIPSEG_CONFIG = 'configs/det/video_knet_vipseg/video_knet_s3_r50_rpn_vipseg_mask_embed_link_ffn_joint_train.py'
_VIS_CONFIG = 'configs/video_knet_vis/video_knet_vis/knet_track_r50_1x_youtubevis.py'
#: Measurement -> (its job, its yardstick's job).
_PAIRS = dict(
    inference=('video_frame', 'panoptic_fpn'),
    train=('train_step', 'panoptic_fpn_train'),
    loader=('loader', 'matmul'),
    stq=('stq', 'matmul'),
    vpq=('vpq', 'matmul'),
    vis=('whole_video', 'panoptic_fpn'),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser('Measure speed and memory against yardsticks.')
    parser.add_argument('what', nargs='+', choices=[*_PAIRS, 'vipseg'], help='what to measure; vipseg: in modes only')
    root = Path(__file__).resolve().parents[1]
    parser.add_argument('--config', default=str(root / _CONFIG), help='video model')
    parser.add_argument('--vis-config', default=str(root / _VIS_CONFIG), help='clip model')
    parser.add_argument('--size', type=int, nargs=2, default=[375, 1242], metavar=('H', 'W'), help='of a frame')
    parser.add_argument(
        '--vis-size', type=int, nargs=2, default=[360, 640], metavar=('H', 'W'), help='of a frame of the clip model'
    )
    parser.add_argument('--vis-frames', type=int, default=10, help='length of its video')
    parser.add_argument('--things', type=int, default=15, help='things that survive per frame (training: 12)')
    parser.add_argument('--videos', type=int, default=2, help='of the evaluators')
    parser.add_argument('--frames', type=int, default=100, help='per video of the evaluators')
    parser.add_argument('--nproc', type=int, default=1, help='evaluator processes')
    parser.add_argument('--optimize', action='store_true', help='frozen backbone for inference')
    parser.add_argument('--repeat', type=int, default=5, help='measured runs, after one that warms up')
    parser.add_argument('--json', help='file for all numbers')
    modes = parser.add_argument_group('modes', 'inference, train and vipseg in several ways to compute')
    modes.add_argument('--device', choices=['cpu', 'cuda'], default='cpu', help='cuda measures modes')
    modes.add_argument('--modes', nargs='+', metavar='MODE', help='such as fp32 amp+channels_last; default: all')
    modes.add_argument('--seconds', type=float, default=3, help='measured time per number')
    modes.add_argument('--limit', type=float, default=600, help='seconds after which no further row is begun')
    modes.add_argument(
        '--out-dir', '--out', dest='out', help='folder for benchmark.json, benchmark.csv and benchmark.md'
    )
    modes.add_argument('--vipseg-config', default=str(root / _VIPSEG_CONFIG), help='video model of vipseg')
    modes.add_argument('--vipseg-size', type=int, nargs=2, default=[720, 1280], metavar=('H', 'W'), help='of its frame')
    add_debug_option(parser)
    return parser.parse_args()


def loader_data(folder: Path, size: List[int]) -> Path:
    """Make street videos of the given size in the KITTI-STEP layout."""
    make_toy_videos(folder, 'kitti-step', ToySpec(train=2, val=1, frames=6, height=size[0], width=size[1]))
    return folder


def evaluation_data(folder: Path, args: argparse.Namespace) -> Dict[str, str]:
    """Make ground truth and imperfect predictions, once."""
    predictions, ground_truth = folder / 'predictions', folder / 'ground_truth'
    if not folder.is_dir():
        make_evaluation_fixture(folder, args.videos, args.frames, args.size[0], args.size[1])
    return dict(predictions=str(predictions), ground_truth=str(ground_truth))


def job_options(what: str, args: argparse.Namespace, folder: Path) -> Dict[str, Any]:
    """Options of a measurement's job; generates the data that it needs."""
    options = dict(config=args.config, size=args.size, things=args.things, optimize=args.optimize, nproc=args.nproc)
    if what == 'train':
        options['things'] = min(args.things, 12)
    if what == 'vis':
        options.update(config=args.vis_config, size=args.vis_size, frames=args.vis_frames)
    if what == 'loader':
        options['data_root'] = str(loader_data(folder / 'loader', args.size))
    if what in ('stq', 'vpq'):
        options.update(evaluation_data(folder / 'evaluation', args))
    return options


def measure(what: str, args: argparse.Namespace, folder: Path) -> Dict[str, Any]:
    """Let a job and its yardstick take turns.

    Args:
        what: Name of the measurement.
        args: Command line.
        folder: For generated data.

    Returns:
        Numbers of both, and their ratio.
    """
    options = job_options(what, args, folder)
    ours, yardstick = (Job(name, options) for name in _PAIRS[what])
    # These do the same work in every run and are long.
    repeat = min(args.repeat, 2) if what in ('stq', 'vpq', 'vis') else args.repeat
    for turn in range(-1, repeat):
        for job in (ours, yardstick):
            job.run(keep=turn >= 0)
        print(f'\r{what}: run {turn + 1} of {repeat}', end='', file=sys.stderr, flush=True)
    print(file=sys.stderr)
    # Turn by turn, because the machine may be slower in some turns than in others.
    ratio = median(a['seconds'] / b['seconds'] for a, b in zip(ours.runs, yardstick.runs))
    result: Dict[str, Any] = dict(
        ours=ours.finish(), yardstick=yardstick.finish(), yardstick_name=_PAIRS[what][1], ratio=ratio
    )
    if what == 'inference':
        result['after_to_network'] = result['ours']['after']['median'] / result['ours']['network']['median']
    return result


def table(results: Dict[str, Dict[str, Any]]) -> str:
    """Return the measurements as text."""
    rows: List[Tuple[str, ...]] = [
        ('what', 'median s', 'min', 'max', 'CPU s', 'peak GiB', 'yardstick', 'median s', 'ratio')
    ]
    for what, result in results.items():
        ours, seconds = result['ours'], result['ours']['seconds']
        rows.append(
            (
                what,
                f'{seconds["median"]:.3f}',
                f'{seconds["min"]:.3f}',
                f'{seconds["max"]:.3f}',
                f'{ours["cpu"]["median"]:.2f}' if 'cpu' in ours else '',
                f'{ours["peak_rss_gib"]:.2f}',
                result['yardstick_name'],
                f'{result["yardstick"]["seconds"]["median"]:.3f}',
                f'{result["ratio"]:.2f}',
            )
        )
        for part in ('network', 'after', 'after_random'):
            if part in ours:
                numbers = [f'{ours[part][key]:.3f}' for key in ('median', 'min', 'max')]
                rows.append((f'  {part}', *numbers, '', '', '', '', ''))
        if 'after_to_network' in result:
            rows.append(('  after / network', f'{result["after_to_network"]:.3f}', *[''] * 7))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def machine() -> Dict[str, Any]:
    """Return what the numbers depend on."""
    import torch

    return dict(
        processor=processor_name(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        python=platform.python_version(),
        command=' '.join(['python', *sys.argv]),
    )


def processor_name() -> str:
    """Model name of the processor, as far as the system tells."""
    info = Path('/proc/cpuinfo')
    names: List[str] = (
        [line.split(':', 1)[1].strip() for line in info.read_text().splitlines() if line.startswith('model name')]
        if info.is_file()
        else []
    )
    return names[0] if names else platform.processor() or platform.machine()


def measure_modes(args: argparse.Namespace) -> None:
    """Measure ways to compute instead of taking turns with yardsticks."""
    others = sorted(set(args.what) - {'inference', 'train', 'vipseg'})
    if others:
        raise UsageError(f'{", ".join(others)}: not measured in modes; leave --device and --modes out')
    import torch

    if args.device == 'cuda' and not torch.cuda.is_available():
        raise UsageError('--device cuda: torch sees no GPU; leave it out, or see "python -m torch.utils.collect_env"')
    from _benchmark import mode_table

    import knet.plugin  # noqa: F401  registers the models

    mode_table.run(args.what, args)


def main() -> None:
    """Measure and print."""
    args = parse_args()
    if args.repeat < 1:
        raise UsageError('--repeat must be at least 1')
    if args.device == 'cuda' or args.modes:
        measure_modes(args)
        return
    if 'vipseg' in args.what:
        raise UsageError('vipseg is measured in modes: add --device cuda or --modes fp32')
    with tempfile.TemporaryDirectory() as folder:
        results = {what: measure(what, args, Path(folder)) for what in args.what}
    facts = machine()
    print(table(results))
    print(', '.join(f'{key}: {value}' for key, value in facts.items()))
    if args.json:
        write_json_atomic(args.json, dict(machine=facts, results=results))


if __name__ == '__main__':
    run_tool(main)
