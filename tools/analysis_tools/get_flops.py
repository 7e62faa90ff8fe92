"""Count multiply-accumulates and parameters of a model's network.

python tools/analysis_tools/get_flops.py CONFIG --shape 384 1248
"""

import argparse
import sys
from pathlib import Path
from typing import Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.options import add_config_options, merge_options


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser('Count multiply-accumulates and parameters of a network.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        default=[1280, 800],
        metavar='N',
        help='height and width of the input; one number: a square',
    )
    parser.add_argument('--size-divisor', type=int, default=32, help='sides are rounded up to its multiple; -1: not')
    add_config_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def input_size(shape: list, divisor: int) -> Tuple[int, int]:
    """Height and width of the network's input.

    Raises:
        UsageError: If ``shape`` has neither one nor two positive numbers.
    """
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise UsageError(f'--shape takes one or two positive numbers, got {shape}')
    height, width = (shape * 2)[:2]
    if divisor > 0:
        height, width = (-(-side // divisor) * divisor for side in (height, width))
    return height, width


def main() -> None:
    """Count and print."""
    args = parse_args()
    import torch

    from knet.apis import init_model, load_config

    try:
        from torch.utils.flop_counter import FlopCounterMode
    except ImportError as error:
        raise UsageError(f'counting operations needs torch >= 2.1, this is {torch.__version__}') from error
    height, width = input_size(args.shape, args.size_divisor)
    model = init_model(load_config(args.config, merge_options(args.cfg_options, args.options)))
    image = torch.zeros(1, 3, height, width, device=next(model.parameters()).device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.forward_dummy(image)  # type: ignore[operator]  # every detector of ours has it
    # The counter counts a multiply-accumulate as two operations.
    macs = {name: sum(counts.values()) / 2 for name, counts in counter.get_flop_counts().items()}
    print(f'input: 3 x {height} x {width}')
    print(f'multiply-accumulates: {counter.get_total_flops() / 2e9:.2f} G (matrix products and convolutions)')
    for name, count in macs.items():
        if '.' not in name and name != 'Global':
            print(f'  {name:24s} {count / 1e9:9.2f} G')
    print(f'parameters: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M')


if __name__ == '__main__':
    run_tool(main)
