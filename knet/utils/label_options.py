"""The option ``--label-space``, which all programs that need classes share."""

import argparse
from typing import Optional

from knet.labels import LABEL_SPACES, LabelSpace, get_label_space
from knet.utils.cli import UsageError, add_import_option


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
        raise UsageError(f'--label-space {args.label_space}: {error.args[0]}') from error
