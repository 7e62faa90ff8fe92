"""How every command line ends: a result, or one readable error.

Imports nothing heavy, so that tools without torch can use it as well.
"""
import argparse
import os
import sys
import traceback
from typing import Callable, Optional

#: What a user can cause by wrong paths, files, options or configs.
USER_ERRORS = (OSError, ValueError, KeyError, ImportError, AttributeError, TypeError, RuntimeError, SyntaxError)


class UsageError(ValueError):
    """Something the user asked for cannot be done; the message says what to change."""


def debug_requested() -> bool:
    """Whether tracebacks are wanted (``KNET_DEBUG=1`` or ``--debug``)."""
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
    parser.add_argument('-o', '--dst', '--out-dir', help='where new files go (default: the same folder)')
    parser.add_argument('--nproc', type=int, default=os.cpu_count(), help='processes (default: %(default)s)')
    parser.add_argument('--dry-run', action='store_true', help='report, change nothing')
    add_debug_option(parser)


def error_text(error: BaseException) -> str:
    """The message of an exception as a sentence.

    Args:
        error: Any exception.

    Returns:
        str: The message; names the type where the message alone says little.
    """
    # str(KeyError('text')) puts quotes around the text.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, (UsageError, FileNotFoundError, PermissionError, ValueError)) and text:
        return text
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def run_tool(main: Callable[[], Optional[int]]) -> None:
    """Run a command line and leave the process with its exit code.

    Errors a user can cause are printed as ``error: ...`` and end with code 1;
    with ``--debug`` or ``KNET_DEBUG=1`` the traceback is printed as well.

    Args:
        main: The command; its return value is the exit code (None = 0).
    """
    if '--debug' in sys.argv[1:]:
        os.environ['KNET_DEBUG'] = '1'
    try:
        code = main() or 0
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        code = 130
    except USER_ERRORS as error:
        if debug_requested():
            traceback.print_exc()
        print(f'error: {error_text(error)}', file=sys.stderr)
        if not debug_requested() and not isinstance(error, (UsageError, OSError, ValueError)):
            print('(KNET_DEBUG=1 shows where)', file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
