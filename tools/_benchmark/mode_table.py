"""The table of modes: which rows it has, how it is measured within a time, and how it is written."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch

from knet.utils.io import atomic_path, write_json_atomic

from .modes import Mode
from .rows import Row, Setting, deviation, measure

#: Modes in the order in which they are measured: what is compiled comes last, because compiling takes long.
STREAM_MODES = (
    'fp32',
    'tf32',
    'amp',
    'amp+held',
    'amp+channels_last',
    'amp+held+channels_last',
    'amp+graph',
    'amp+channels_last+graph',
    'bf16+channels_last',
    'amp+compile',
    'amp+channels_last+compile+graph',
)
TRAIN_MODES = ('fp32', 'tf32', 'amp', 'amp+channels_last', 'bf16', 'amp+compile')
YARDSTICK_MODES = ('fp32', 'tf32', 'amp')
#: Keys of a row in the order of the columns; a heading that differs from its key stands in :data:`_HEADINGS`.
_COLUMNS = (
    *('what', 'subject', 'size', 'mode', 'rate', 'milliseconds', 'network_milliseconds', 'peak_gib', 'things'),
    *('score_difference', 'mask_pixels_changed', 'runs', 'error'),
)
_HEADINGS = dict(
    subject='model', rate='per second', milliseconds='ms', network_milliseconds='network ms', peak_gib='peak GiB'
)


class Work(NamedTuple):
    """A row that is to be measured.

    Attributes:
        what: What ``per second`` counts.
        kind: One of :data:`.rows.KINDS`.
        name: Name of the model in the table.
        subject: Config file, or name of the yardstick.
        size: (h, w) of a frame.
        mode: Name of the :class:`.Mode`.
    """

    what: str
    kind: str
    name: str
    subject: str
    size: Tuple[int, int]
    mode: str


def plan(what: Sequence[str], args: Any) -> List[Work]:
    """Return the rows for the measurements ``what``, first those that matter most; ``args`` is the command line."""

    def rows(
        modes: Sequence[str], what: str, kind: str, name: str, subject: str, size: Tuple[int, int]
    ) -> Iterator[Work]:
        wanted = (mode for mode in modes if args.modes is None or mode in args.modes)
        return (Work(what, kind, name, subject, size, mode) for mode in wanted)

    size, large = tuple(args.size), tuple(args.vipseg_size)
    work: List[Work] = []
    if 'inference' in what:
        work += rows(args.modes or STREAM_MODES, 'frames', 'stream', 'Video K-Net R-50', args.config, size)
        work += rows(YARDSTICK_MODES, 'frames', 'yardstick', 'PanopticFPN R-50', 'panoptic_fpn', size)
        work += rows(YARDSTICK_MODES, 'frames', 'yardstick', 'Mask2Former R-50', 'mask2former', size)
    if 'train' in what:
        work += rows(args.modes or TRAIN_MODES, 'pairs', 'pair', 'Video K-Net R-50', args.config, size)
        work += rows(YARDSTICK_MODES, 'pairs', 'yardstick_train', 'PanopticFPN R-50', 'panoptic_fpn', size)
    if 'vipseg' in what:
        head = ('frames', 'stream', 'Video K-Net R-50 VIPSeg', args.vipseg_config, large)
        work += rows(args.modes or ('tf32', 'amp', *STREAM_MODES[5:8], STREAM_MODES[-1]), *head)
    # Graphs can fail in ways that disturb what follows, and compiling is slow: all other rows are there by then.
    return sorted(work, key=lambda row: ('compile' in row.mode, 'graph' in row.mode))


def measure_all(work: Sequence[Work], setting: Setting, limit: float) -> Iterator[Row]:
    """Yield the rows one after another; those that cannot begin in time are reported as left out.

    The time is ``limit`` seconds; half of that for what is compiled.
    """
    begun = time.perf_counter()
    plain: Dict[Tuple[str, Tuple[int, int]], Dict[str, torch.Tensor]] = {}
    for row in work:
        facts = dict(what=row.what, subject=row.name, size='x'.join(map(str, row.size)), mode=row.mode)
        # Compiling a network takes as long as many other rows.
        if time.perf_counter() - begun > (limit / 2 if 'compile' in row.mode else limit):
            result: Row = dict(facts, error='left out: the time was over')
        else:
            result = dict(facts, **measure(row.kind, row.subject, row.size, Mode(row.mode), setting))
        if 'reference' in result:
            first = plain.setdefault((row.subject, row.size), result['reference'])
            result.update(deviation(result, first))
            del result['reference']
        numbers = ', '.join(f'{key} {result[key]:.4g}' for key in ('rate', 'milliseconds') if key in result)
        print(
            f'{row.what} {row.name} {facts["size"]} {row.mode}: {numbers or result["error"]}'
            f' ({result.get("total_seconds", 0):.0f} s)',
            file=sys.stderr,
            flush=True,
        )
        yield result


def machine(device: torch.device) -> Dict[str, str]:
    """Return what the numbers depend on: card, driver and versions."""
    facts = dict(torch=torch.__version__, python=sys.version.split()[0])
    if device.type == 'cuda':
        facts.update(card=torch.cuda.get_device_name(device), cuda=str(torch.version.cuda))
        facts['cudnn'] = str(torch.backends.cudnn.version())
        facts['driver'] = _driver() or 'unknown'
    return dict(facts, command=' '.join(['python', *sys.argv]))


def _driver() -> Optional[str]:
    try:
        query = ['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader']
        return subprocess.run(query, stdout=subprocess.PIPE, check=True, timeout=30).stdout.decode().split('\n')[0]
    except (OSError, subprocess.SubprocessError):
        return None


def _cell(value: Any) -> str:
    return (
        f'{value:.3g}'
        if isinstance(value, float) and value < 100
        else f'{value:.0f}'
        if isinstance(value, float)
        else str(value)
    )


def markdown(results: Sequence[Row], facts: Dict[str, str]) -> str:
    """Return the rows as a markdown table, with what they depend on above it."""
    used = [key for key in _COLUMNS if any(key in row for row in results)]
    lines = [
        ', '.join(f'{key} {value}' for key, value in facts.items() if key != 'command') + '.',
        '',
        '| ' + ' | '.join(_HEADINGS.get(key, key.replace('_', ' ')) for key in used) + ' |',
        '|' + '---|' * len(used),
    ]
    lines += ['| ' + ' | '.join(_cell(row.get(key, '')) for key in used) + ' |' for row in results]
    return '\n'.join(lines) + '\n'


def write(folder: Path, results: Sequence[Row], facts: Dict[str, str]) -> None:
    """Write ``benchmark.json``, ``benchmark.csv`` and ``benchmark.md`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # JSON knows no NaN, which is what a mode that overflows yields.
    finite = [{key: None if value != value else value for key, value in row.items()} for row in results]
    write_json_atomic(folder / 'benchmark.json', dict(machine=facts, rows=finite))
    with atomic_path(folder / 'benchmark.csv') as partial, partial.open('w', newline='', encoding='utf-8') as file:
        table = csv.DictWriter(file, list(_COLUMNS), extrasaction='ignore')
        table.writeheader()
        table.writerows(results)
    with atomic_path(folder / 'benchmark.md') as partial:
        partial.write_text(markdown(results, facts), encoding='utf-8')


def run(what: Sequence[str], args: Any) -> None:
    """Measure, print and write the table that the command line asks for."""
    device = torch.device(args.device)
    setting = Setting(device, args.seconds, args.things)
    facts, results = machine(device), []
    for row in measure_all(plan(what, args), setting, args.limit):
        results.append(row)
        if args.out:  # written after every row: a killed benchmark leaves what it measured
            write(Path(args.out), results, facts)
    print(markdown(results, facts))
