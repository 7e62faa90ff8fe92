"""Carry the steps out: each leaves a log and a mark, and what has a mark is not done again."""

import datetime
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List, Optional

from _reproduce.commands import Command
from _reproduce.configs import ROOT
from _reproduce.steps import Step, digest
from knet.utils.cli import UsageError
from knet.utils.io import read_json, write_json_atomic
from knet.utils.lifetime import end_with_parent
from knet.utils.stopping import EXIT_RESUME, Stopped


class Marks:
    """The marks of finished steps.

    Args:
        folder: Where they lie.
        steps: All steps, in order.
    """

    def __init__(self, folder: Path, steps: List[Step]) -> None:
        self._folder = folder
        self._digests: Dict[str, str] = {}
        self._facts: Dict[str, Dict[str, str]] = {}
        for step in steps:
            # An archive may be removed once it is unpacked.
            inputs = step.inputs or (self._known(step) or {} if '-unpack-' in step.name else {})
            before = {name: self._digests[name] for name in step.needs}
            self._facts[step.name] = {**inputs, **before}
            self._digests[step.name] = digest(self._facts[step.name])

    def path(self, step: Step) -> Path:
        """Return the file of a mark."""
        return self._folder / f'{step.name}.json'

    def _known(self, step: Step) -> Optional[Dict[str, str]]:
        path = self.path(step)
        if not path.is_file():
            return None
        return read_json(path, 'inputs', what='mark of a step', remedy='Remove it to do the step again.')['inputs']

    def is_done(self, step: Step) -> bool:
        """Return whether a step was finished with the inputs that it has now.

        Raises:
            UsageError: If it was finished with others.
        """
        known, now = self._known(step), self._facts[step.name]
        if known is None:
            return False
        differing = sorted(name for name in {*known, *now} if known.get(name) != now.get(name))
        if differing:
            changes = '; '.join(f'{name}: {known.get(name)} then, {now.get(name)} now' for name in differing)
            raise UsageError(
                f'{self.path(step)}: this step was done with other inputs ({changes}). Choose another --work-dir; '
                'or, to do it and what follows again, remove the marks from here on and what these steps have made'
            )
        return True

    def set(self, step: Step, lines: List[str], seconds: float) -> None:
        """Mark a step as finished."""
        write_json_atomic(
            self.path(step),
            dict(
                inputs=self._facts[step.name],
                about=step.about,
                commands=lines,
                seconds=round(seconds, 1),
                finished=datetime.datetime.now().isoformat(timespec='seconds'),
            ),
        )


def run_command(command: Command, log: IO[bytes]) -> int:
    """Run a command in a process of its own; what it prints is shown and logged.

    Returns:
        Its exit code; 128 + N after signal N.

    Raises:
        Stopped: If this process got a signal. The signal is handed on once, since the command knows how to stop.
    """
    log.write(f'$ {command.text}\n'.encode())
    log.flush()
    words = [sys.executable if word == 'python' else word for word in command.words]
    environment = {**os.environ, **dict(command.environment), 'PYTHON': sys.executable}
    folder = command.folder or ROOT
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        words,
        cwd=str(folder),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        # A terminal signals all processes of its session; two signals would end a training at once.
        start_new_session=True,
        preexec_fn=partial(end_with_parent, os.getpid()),
    )
    with _handing_on(process) as handed:
        for chunk in iter(partial(_read, process.stdout), b''):
            for stream in (log, sys.stdout.buffer):
                stream.write(chunk)
                stream.flush()
        code = process.wait()
    if handed and code:
        raise Stopped(f'stopped by {handed[0]}; the same command goes on with this step')
    return code if code >= 0 else 128 - code


def _read(stream: Optional[IO[bytes]]) -> bytes:
    return stream.read(1 << 16) if stream is not None else b''


@contextmanager
def _handing_on(process: 'subprocess.Popen[bytes]') -> Iterator[List[str]]:
    """Hand signals on to a process; gives the names of those that came."""
    handed: List[str] = []

    def hand_on(number: int, _: Any) -> None:
        handed.append(signal.Signals(number).name)
        process.send_signal(number)

    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield handed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_step(step: Step, marks: Marks, log_path: Path) -> None:
    """Carry a step out and mark it.

    Raises:
        Stopped: If a command was asked to stop and can be continued.
        UsageError: If a command failed; names the log.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    started, lines, position = time.time(), [], 0
    with log_path.open('ab') as log:
        while True:
            # The commands of a step may depend on what those before them have made.
            commands = step.commands()
            if position >= len(commands):
                break
            command, position = commands[position], position + 1
            print(f'$ {command.text}', flush=True)
            code = run_command(command, log)
            if code == EXIT_RESUME:
                raise Stopped(f'step {step.name} was stopped; the same command continues it')
            if code:
                raise UsageError(
                    f'step {step.name} failed with exit code {code}: {log_path} has its output. Fix what it names; '
                    'the same command goes on with this step'
                )
            lines.append(command.text)
    if step.finish is not None:
        step.finish()
    marks.set(step, lines, time.time() - started)
