"""Options of command lines that say how the network computes; without torch, so that ``--help`` is quick."""

import argparse


def add_precision_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--amp``, whose value is a :data:`knet.utils.precision.Half`."""
    parser.add_argument(
        '--amp',
        nargs='?',
        const=True,
        default=False,
        choices=['fp16', 'bf16'],
        help='half precision; without a value fp16 on a GPU and bf16 on a CPU',
    )


def add_speed_options(parser: argparse.ArgumentParser, graph: bool = False) -> None:
    """Add options of which one at most sets ``optimize``, a :data:`knet.apis.optimize.Way`.

    Args:
        parser: Command line.
        graph: Whether the program runs video models, whose network can be a CUDA graph.
    """
    ways = parser.add_mutually_exclusive_group()

    def add(option: str, way: str, help: str) -> None:
        ways.add_argument(option, dest='optimize', action='store_const', const=way, default=False, help=help)

    add('--optimize', 'freeze', 'freeze the backbone for speed')
    add('--compile', 'compile', 'compile the network: the first frame of a size takes minutes; needs a C++ compiler')
    if graph:
        add(
            '--cuda-graph', 'graph', 'replay the network as a CUDA graph: panoptic video models on a GPU, twice as fast'
        )
