"""Options that several programs share. Nothing here loads PyTorch, so that ``--help`` answers at once."""

import argparse
import sys
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from knet.utils.cli import UsageError, add_debug_option

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: Minutes without progress of a process after which a job ends.
TIMEOUT = 10.0


class KeyValueAction(argparse.Action):
    """mmcv's ``KEY=VALUE`` options, with an error that says what does not fit."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: Optional[str] = None,
    ) -> None:
        """Read all values of one option."""
        from mmcv import DictAction

        read = DictAction(self.option_strings, self.dest)
        try:
            read(parser, namespace, values, option_string)
        except (ValueError, AssertionError):
            parser.error(f'{option_string} {" ".join(values)}: must be KEY=VALUE, with brackets in pairs')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options`` and its old spelling ``--options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='override config values, e.g. data.samples_per_gpu=2 model.test_cfg.rcnn.max_per_img=50',
    )
    parser.add_argument(
        '--options', nargs='+', action=KeyValueAction, metavar='KEY=VALUE', help='old name of --cfg-options'
    )


def read_options(words: Sequence[str]) -> Dict[str, Any]:
    """Return ``KEY=VALUE`` overrides as command lines read them."""
    parser = argparse.ArgumentParser()
    parser.add_argument('options', nargs='*', action=KeyValueAction)
    return parser.parse_args(list(words)).options if words else {}


def merge_options(cfg_options: Optional[Dict], options: Optional[Dict]) -> Optional[Dict]:
    """Return the overrides given under either name.

    Raises:
        UsageError: If both were given.
    """
    if cfg_options and options:
        raise UsageError('--options is the old name of --cfg-options; give only one of them')
    return cfg_options or options


def add_launcher_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher`` and the rank option in both spellings that launchers use."""
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='who started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by old launchers')
    parser.add_argument(
        '--timeout',
        type=float,
        default=TIMEOUT,
        metavar='MINUTES',
        help='of several processes: end the job when one makes no progress for so long (default: %(default)g)',
    )


class _Note(argparse.Action):
    """Accept an option of mmdet that has no effect, and say so."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        """Print why the option has no effect."""
        print(f'{option_string} has no effect: {self.const}', file=sys.stderr)


#: Options of mmdet's test programs: number of values, and why they have no effect.
_WITHOUT_EFFECT = {
    '--fuse-conv-bn': (0, 'batch norms are always folded into convolutions'),
    '--gpu-collect': (0, 'results are gathered on the CPU'),
    '--tmpdir': (1, 'results are gathered without temporary files'),
}


def add_options_without_effect(
    parser: argparse.ArgumentParser, options: Mapping[str, Tuple[int, str]] = _WITHOUT_EFFECT
) -> None:
    """Accept options that old commands give.

    Args:
        parser: Command line.
        options: Number of values and reason by option.
    """
    for name, (values, why) in options.items():
        parser.add_argument(name, nargs=values, action=_Note, const=why, help=f'accepted for old commands: {why}')


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


def add_test_options(parser: argparse.ArgumentParser) -> None:
    """Add what all programs that test a model share: precision, trust, config overrides, launcher, tracebacks."""
    add_precision_option(parser)
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    add_options_without_effect(parser)
    add_config_options(parser)
    add_launcher_options(parser)
    add_debug_option(parser)
