"""Share videos out among processes and among jobs."""

import argparse
from typing import List, Mapping, Sequence, Tuple

#: Number of a job from 0, and the number of jobs that share the videos out among themselves.
Shard = Tuple[int, int]
#: The job that does everything.
WHOLE: Shard = (0, 1)


def shard_videos(videos: Mapping[int, Sequence[int]], rank: int, world_size: int) -> List[int]:
    """Choose this rank's videos so that all ranks have about the same number of frames.

    Args:
        videos: Data set indices by video.
        rank: Rank of this process.
        world_size: Number of processes.

    Returns:
        Video ids in their original order.
    """
    loads = [0] * world_size
    owner = {}
    for video in sorted(videos, key=lambda v: (-len(videos[v]), v)):
        owner[video] = loads.index(min(loads))
        loads[owner[video]] += len(videos[video])
    return [video for video in videos if owner[video] == rank]


def parse_shard(text: str) -> Shard:
    """Parse ``i/n`` of a command line, part i of n counted from 1, as (i - 1, n).

    >>> parse_shard('2/4')
    (1, 4)
    """
    part, _, parts = text.partition('/')
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f'must be i/n with 1 <= i <= n, such as 2/4, not {text!r}')
    return int(part) - 1, int(parts)


def shard_name(shard: Shard) -> str:
    """Return what the names of a job's own files end with; empty for the job that does everything.

    >>> shard_name((1, 4))
    '.2-of-4'
    """
    return f'.{shard[0] + 1}-of-{shard[1]}' if shard[1] > 1 else ''


def add_shard_option(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add ``--shard I/N`` of the programs that predict.

    Args:
        parser: Command line.
        help_text: What a job with the option does.
    """
    parser.add_argument('--shard', type=parse_shard, default=WHOLE, metavar='I/N', help=help_text)
