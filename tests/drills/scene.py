"""The scene of the drills: a tiny street, a tiny model, undisturbed runs, and runs that are disturbed."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch

from knet.toy import ToySpec, make_toy_videos
from tests.tools.conftest import CONFIG, ENVIRONMENT, ROOT, command

#: Seconds that a run may take; the drills end even if a run does not.
LIMIT = 240


@dataclass
class Outcome:
    """What a drill came to.

    Attributes:
        seconds: From the disturbance to the end of the job.
        processes: Number of processes of the job that were left.
        files: Half-written files and locks that are left after the next start.
        equal: Whether the continued run has the result of an undisturbed one; None where there is none to compare.
        note: Exit code, or why the drill was skipped.
    """

    seconds: float = 0.0
    processes: int = 0
    files: List[str] = field(default_factory=list)
    equal: Optional[bool] = None
    note: str = ''

    @property
    def holds(self) -> bool:
        """Whether all is as it should be."""
        return not self.processes and not self.files and self.equal is not False


def table(rows: List[Tuple[str, Outcome]]) -> str:
    """Return the outcomes as a Markdown table."""
    lines = ['| drill | seconds until the job ended | processes left | files left | result equal | note |']
    lines.append('|---|---|---|---|---|---|')
    words = {None: '-', True: 'yes', False: '**no**'}
    for name, outcome in rows:
        cells = [name, f'{outcome.seconds:.1f}', outcome.processes, len(outcome.files), words[outcome.equal]]
        lines.append('| ' + ' | '.join(map(str, [*cells, outcome.note])) + ' |')
    return '\n'.join(lines)


class TooLate(Exception):
    """A run ended before it was disturbed, so that the drill shows nothing."""


class Run:
    """A command in a session of its own, whose processes are found by a mark in their environment.

    Args:
        words: The command.
        log: File for its output.
        **env: More environment variables.
    """

    def __init__(self, words: List[Any], log: Path, **env: str) -> None:
        self.mark = f'KNET_DRILL={random.getrandbits(64):x}'
        self.log = log
        name, value = self.mark.split('=')
        with log.open('w') as file:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                env=dict(ENVIRONMENT, PYTHONPATH=str(ROOT), **{name: value}, **env),
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=str(log.parent),
            )

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait until something is true; False if the run ends before."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.01)
        return condition()

    def send(self, name: str, condition: Callable[[], bool]) -> None:
        """Send the run a signal as soon as something is true.

        Raises:
            TooLate: If the run ends before.
        """
        if not self.wait_until(condition) or self.process.poll() is not None:
            raise TooLate(f'{name} found the run ended, see {self.log}')
        os.kill(self.process.pid, getattr(signal, name))

    def processes(self) -> List[int]:
        """Return the living processes of this run."""
        found = []
        for path in Path('/proc').glob('[0-9]*'):
            try:
                state = (path / 'stat').read_text().rpartition(')')[2].split()[0]
                if state != 'Z' and f'{self.mark}\0'.encode() in (path / 'environ').read_bytes():
                    found.append(int(path.name))
            except OSError:
                continue
        return found

    def rank(self, number: int) -> int:
        """Return the process of a rank."""
        for process in self.processes():
            environment = Path(f'/proc/{process}/environ').read_bytes().split(b'\0')
            words = Path(f'/proc/{process}/cmdline').read_bytes()
            if f'RANK={number}'.encode() in environment and b'_torchrun' not in words:
                return process
        raise LookupError(f'no process is rank {number}')

    def end(self, patience: float = 8.0) -> Tuple[float, int, int]:
        """Wait for the end; seconds that it took, processes that were left, and the exit code."""
        began = time.monotonic()
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            code = -999
        seconds = time.monotonic() - began
        deadline = time.monotonic() + patience
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        left = self.processes()
        for process in left:
            os.kill(process, signal.SIGKILL)
        return seconds, len(left), code


class Scene:
    """A street, a config, and undisturbed runs, each made when a drill asks for it.

    Args:
        folder: Where everything lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs = 0
        self._made: Dict[str, Path] = {}
        make_toy_videos(folder / 'street', 'kitti-step', ToySpec(train=2, val=3, frames=4, height=64, width=160))
        self.config = folder / 'drill.py'
        self.config.write_text(CONFIG.format(root=ROOT, data=folder / 'street'))

    def new(self, name: str) -> Path:
        """Return a path that does not exist yet."""
        self._runs += 1
        return self.folder / f'{self._runs:03d}_{name}'

    def run(self, words: List[Any], **env: str) -> Run:
        """Start a command."""
        return Run(words, self.new('log'), **env)

    def train_words(self, work_dir: Path, ranks: int = 1, *more: Any) -> List[Any]:
        """Return the command of a training with two loader processes on each rank."""
        options = ['--seed', 3, '--auto-resume', *more, '--cfg-options', 'runner.max_epochs=3']
        options += ['data.workers_per_gpu=2', f'data.samples_per_gpu={2 // ranks}', 'evaluation.save_best=STQ']
        if ranks == 1:
            return [*command('train.py', self.config, '--work-dir', work_dir), *options]
        return ['sh', ROOT / 'tools/dist_train.sh', 'job', self.config, ranks, work_dir, *options]

    def test_words(self, out: Path, ranks: int = 1, *more: Any) -> List[Any]:
        """Return the command of a streaming test."""
        trained = self.trained(1)
        if ranks == 1:
            return command('test_step.py', self.config, trained, '--out-dir', out, *more)
        return ['sh', ROOT / 'tools/dist_step_test.sh', self.config, trained, ranks, '--out-dir', out, *more]

    def trained(self, ranks: int) -> Path:
        """Return the work directory of an undisturbed training."""
        return self._once(f'trained{ranks}', lambda path: self.train_words(path, ranks))

    def predicted(self) -> Path:
        """Return the folder of an undisturbed test."""
        return self._once('predicted', self.test_words)

    def _once(self, name: str, words: Callable[[Path], List[Any]]) -> Path:
        if name not in self._made:
            path = self.new(name)
            done = self.run(words(path))
            _, _, code = done.end()
            if code != 0:
                sys.exit(f'the undisturbed run {name} failed:\n{done.log.read_text()[-3000:]}')
            self._made[name] = path
        return self._made[name]


def leftovers(folder: Path) -> List[str]:
    """Return half-written files and locks below a folder."""
    return [
        str(path.relative_to(folder)) for path in folder.rglob('.*') if path.is_file() and path.parent.name != '.done'
    ]


def weights_of(work_dir: Path) -> str:
    """Return a hash of the weights that a training ended with."""
    content = torch.load(str(work_dir / 'latest.pth'), map_location='cpu', weights_only=False)
    digest = hashlib.sha256()
    for name, tensor in content['state_dict'].items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def files_of(folder: Path) -> Dict[str, bytes]:
    """Return the predictions below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in (folder / 'panoptic').rglob('*.png')}
