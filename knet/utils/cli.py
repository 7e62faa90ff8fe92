"""What command lines share: common options, and an end with either a result or one readable error.

Imports nothing heavy, so that tools without torch can use it as well.
"""

import argparse
import difflib
import errno
import importlib
import os
import re
import sys
import time
import traceback
from itertools import takewhile
from pathlib import Path
from typing import Any, Callable, List, NoReturn, Optional

from knet.labels import LABEL_SPACES, LabelSpace, get_label_space
from knet.utils.paths import check_argument
from knet.utils.stopping import EXIT_RESUME, Stopped

#: Errors that a user can cause by wrong paths, files, options or configs.
USER_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    ImportError,
    AttributeError,
    TypeError,
    RuntimeError,
    SyntaxError,
    AssertionError,
)
_REMEDIES = {
    errno.ENOSPC: 'the disk is full; free some space and run the same command again, complete files are kept',
    errno.EDQUOT: 'your disk quota is used up; free some space and run the same command again, complete files are kept',
    errno.EFBIG: 'the file system or a limit of your shell (ulimit -f) allows no file of that size',
    errno.EROFS: 'the file system is read-only; choose another output folder',
    errno.ENOTDIR: 'a part of this path is a file, not a folder; choose another one',
    errno.EEXIST: 'a file is in the way where a folder is needed; choose another one',
    errno.EISDIR: 'a folder is in the way where a file is needed; choose another one',
    errno.EACCES: 'you may not do that; check the permissions or choose another path',
}
#: Folder where the configs and pages look for toy data of a layout.
_TOY_DATA = re.compile(r'[^\s\'":,;]*data/toy/((?:cityscapes|semantic|kitti|youtube)-\w+|coco|vipseg|vspw)\b')
#: Seconds by which other ranks wait before they print an error, so that rank 0 prints one that all of them meet.
_HEAD_START = 3


class UsageError(ValueError):
    """A request of the user that cannot be fulfilled; the message says what to change."""


class ToolParser(argparse.ArgumentParser):
    """The command line of a tool: keeps the lines of its description, and names the option that was probably meant.

    Args:
        description: What the tool does.
        **options: As of :class:`argparse.ArgumentParser`.
    """

    def __init__(self, description: Optional[str] = None, **options: Any) -> None:
        options.setdefault('formatter_class', argparse.RawDescriptionHelpFormatter)
        super().__init__(description=description, **options)
        self._given: List[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Remember the arguments for :meth:`error`."""
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print usage, the message and near misses among the given options, and exit with code 2."""
        super().error('; '.join([message, *self._near_misses()]))

    def _near_misses(self) -> List[str]:
        """Return a sentence for each given option that does not exist and resembles one."""
        known = {option for action in self._actions for option in action.option_strings if option[:2] == '--'}
        public = [o for action in self._actions if action.help != argparse.SUPPRESS for o in action.option_strings]
        sentences = []
        for word in takewhile(lambda word: word != '--', self._given):
            given = word.partition('=')[0]
            if not given.startswith('--') or any(option.startswith(given) for option in known):
                continue
            asked = given.replace('_', '-').lower()
            meant = difflib.get_close_matches(asked, public, n=1, cutoff=0.7)
            sentences += [f'{given}: did you mean {option}?' for option in meant]
        return sentences


def debug_requested() -> bool:
    """Return whether tracebacks are wanted (``KNET_DEBUG=1`` or ``--debug``)."""
    return os.environ.get('KNET_DEBUG', '0') not in ('', '0')


def add_debug_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--debug`` to a command line; :func:`run_tool` obeys it."""
    parser.add_argument('--debug', action='store_true', help='show the traceback of errors (also KNET_DEBUG=1)')


def add_converter_options(parser: argparse.ArgumentParser, src: str) -> None:
    """Add what all converters of data sets have in common.

    Args:
        parser: Their command line.
        src: Default folder of the data set.
    """
    parser.add_argument('--src', default=src, help='folder of the data set (default: %(default)s)')
    parser.add_argument('--out-dir', '-o', '--dst', dest='dst', help='where new files go (default: the same folder)')
    parser.add_argument('--nproc', type=int, default=os.cpu_count(), help='processes (default: %(default)s)')
    parser.add_argument('--dry-run', action='store_true', help='report, change nothing')
    add_debug_option(parser)


def add_splits_option(parser: argparse.ArgumentParser, default: List[str], meaning: str = 'what to convert') -> None:
    """Add ``--split`` of a converter, which takes several.

    Args:
        parser: Command line.
        default: Splits without the option.
        meaning: Help text, without the default.
    """
    parser.add_argument(
        '--split',
        '--splits',
        dest='splits',
        nargs='+',
        default=default,
        metavar='SPLIT',
        help=f'{meaning} (default: {" ".join(default)})',
    )


def find_modules_here() -> None:
    """Let Python find the modules of the current folder, after all others."""
    if '' not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))


class _ImportAction(argparse.Action):
    """Import modules when their option is read."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        """Import every module; those of the current folder are found."""
        find_modules_here()
        for name in values:
            try:
                importlib.import_module(name)
            except ImportError as error:
                parser.error(f'--import {name}: {error}; give the name of a module in this folder or on PYTHONPATH')


def add_import_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--import``, for layouts, label spaces and metrics that are registered outside of this project."""
    parser.add_argument(
        '--import',
        dest='imports',
        nargs='+',
        action=_ImportAction,
        default=[],
        metavar='MODULE',
        help='modules that register a layout, a label space or a metric of your own',
    )


def add_label_space_option(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--label-space``, and ``--import`` for modules that declare one.

    Args:
        parser: Command line of a program that needs classes.
        default: The classes without the option, in words.
    """
    parser.add_argument(
        '--label-space',
        metavar='NAME|FILE.json',
        help=f'classes: {", ".join(sorted(LABEL_SPACES))}, one of --import, or a JSON file that describes them, '
        f"which may be one with COCO's categories (default: {default})",
    )
    add_import_option(parser)


def asked_label_space(args: argparse.Namespace) -> Optional[LabelSpace]:
    """Return the label space of ``--label-space``, None without the option.

    Raises:
        UsageError: If there is no such label space.
    """
    if args.label_space is None:
        return None
    try:
        return get_label_space(args.label_space)
    except (KeyError, ValueError, OSError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) else error_text(error)
        where = '' if args.label_space in text else f' {args.label_space}:'
        raise UsageError(f'--label-space{where} {text}') from error


def check_outputs(args: argparse.Namespace, choices: str, unlabelled: str) -> None:
    """Refuse a test without any result, and options that exclude each other.

    Args:
        args: Arguments with ``eval``, ``out``, ``show_dir``, ``format_only`` and ``json``.
        choices: Options that ask for a result, for the message.
        unlabelled: What ``--format-only`` is for, for the message.

    Raises:
        UsageError: Naming the option to change.
    """
    if not (args.eval or args.out or args.show_dir or args.format_only):
        raise UsageError(f'nothing to do: give at least one of {choices}')
    if args.eval and args.format_only:
        raise UsageError(f'--format-only is for {unlabelled} without annotations; leave out --eval or --format-only')
    if args.json and not args.eval:
        raise UsageError('--json needs --eval')


def error_text(error: BaseException) -> str:
    """Return the message of an exception as a sentence.

    Args:
        error: Any exception.

    Returns:
        The message; it names the type where the message alone says little.
    """
    # str(KeyError('text')) puts quotes around the text.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        where = f'{error.filename}: ' if error.filename else ''
        return f'{where}{error.strerror}: {_REMEDIES[error.errno]}'
    if isinstance(error, (UsageError, FileNotFoundError, PermissionError, ValueError)) and text:
        return text
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def _toy_hint(text: str) -> str:
    """Return how to make the toy data that a message finds missing; nothing if it is about something else."""
    found = _TOY_DATA.search(text)
    if found is None or Path(found.group()).exists():
        return ''
    command = f'python tools/dataset/make_toy_videos.py --layout {found.group(1)} --out-dir {found.group()}'
    return f'\nThe toy data are not there; make them with: {command}'


def job_rank() -> Optional[int]:
    """Return the number of this process among those that a launcher started; None if it is alone."""
    if '--launcher' in sys.argv[1:]:
        for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
            if os.environ.get(name, '').isdigit():
                return int(os.environ[name])
    return None


def _report_error(error: BaseException) -> None:
    rank = job_rank()
    if rank:
        # Mostly rank 0 meets the same error and prints it, and its end makes the launcher stop this process.
        sys.stdout.flush()
        time.sleep(_HEAD_START)
    if debug_requested():
        traceback.print_exception(type(error), error, error.__traceback__)
    text = error_text(error)
    print(f'error: {f"rank {rank}: " if rank else ""}{text}{_toy_hint(text)}', file=sys.stderr)
    if not debug_requested() and not isinstance(error, (UsageError, OSError, ValueError)):
        print('(KNET_DEBUG=1 shows where)', file=sys.stderr)


def run_tool(main: Callable[[], Optional[int]]) -> None:
    """Run a command line and leave the process with its exit code.

    Errors a user can cause are printed as ``error: ...`` and end with code 1;
    with ``--debug`` or ``KNET_DEBUG=1`` the traceback is printed as well. Work
    that was ended on request and can be continued ends with
    :data:`~knet.utils.stopping.EXIT_RESUME`.

    Args:
        main: The command; its return value is the exit code (None = 0).
    """
    if '--debug' in sys.argv[1:]:
        os.environ['KNET_DEBUG'] = '1'
    try:
        for argument in sys.argv[1:]:
            check_argument(argument)
        code = main() or 0
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        code = 130
    except Stopped as stop:
        if not job_rank():
            print(stop, file=sys.stderr)
        code = EXIT_RESUME
    except USER_ERRORS as error:
        _report_error(error)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if code and job_rank() is not None:
        # Taking down the libraries may take seconds, or wait for a process that waits for this one.
        os._exit(code)
    sys.exit(code)
