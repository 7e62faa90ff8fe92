"""What the tests of tools/reproduce.sh share: its modules, small fake archives, and settings."""

import importlib
import sys
from pathlib import Path
from typing import Any

from knet.toy import ToySpec
from knet.toy.archives import write_archives

from .conftest import ROOT

if str(ROOT / 'tools') not in sys.path:
    sys.path.append(str(ROOT / 'tools'))

BENCHMARKS = ('kitti-step', 'vipseg', 'cityscapes-vps', 'youtube-vis', 'vspw')
#: Few, small and close up, so that every video has things.
SPEC = ToySpec(train=2, val=1, frames=2, height=96, width=160, zoom=1.8)


def kit(name: str) -> Any:
    """Return a module of the kit."""
    return importlib.import_module(f'_reproduce.{name}')


def archives_of(benchmark: str, folder: Path, spec: ToySpec = SPEC) -> Path:
    """Write the archives of a benchmark into a folder."""
    write_archives(folder / 'archives', benchmark, spec)
    return folder / 'archives'


def settings_of(benchmark: str, folder: Path, **more: Any) -> Any:
    """Return the settings of a reproduction of toy size in a folder."""
    plan = kit('benchmarks').BENCHMARKS[benchmark]
    values = dict(archives=folder / 'archives', work_dir=folder / 'work', toy=True, **more)
    return kit('settings').Settings(plan, **values)
