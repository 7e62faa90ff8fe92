"""The command lines of a plan, as a user would type them in the root of the repository."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from _reproduce.configs import ROOT, data_roots
from _reproduce.plan import Archive, Conversion, Score, Stage, Test
from _reproduce.settings import Settings


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        words: Program and arguments; ``python`` stands for the interpreter of the environment.
        environment: Further variables.
        folder: Folder that it runs in; None for the root of the repository.
    """

    words: Tuple[str, ...]
    environment: Tuple[Tuple[str, str], ...] = ()
    folder: Optional[Path] = None

    @property
    def text(self) -> str:
        """The line to type."""
        words = [f'{name}={value}' for name, value in self.environment] + [shlex.quote(word) for word in self.words]
        line = ' '.join(words)
        return f'(cd {shlex.quote(str(self.folder))} && {line})' if self.folder else line


def python(*words: Any) -> Command:
    """Return a command line of a Python program."""
    return Command(('python', *map(str, words)))


def filled(template: str, values: Dict[str, str]) -> List[str]:
    """Return the words of a template; values with spaces stay one word."""
    return [word.format(**values) for word in shlex.split(template)]


def archive_folder(settings: Settings, archive: Archive) -> Path:
    """Return the folder that an archive is unpacked into."""
    return Path(archive.into.format(**settings.folders()))


def unpacking(settings: Settings, archive: Archive, path: Path) -> Command:
    """Return the command that unpacks an archive."""
    only = ['--only', *archive.only] if archive.only else []
    folder = archive_folder(settings, archive)
    return python('tools/dataset/unpack.py', path, folder, '--parts', *archive.parts, *only)


def conversion(settings: Settings, step: Conversion) -> Command:
    """Return the command that converts data."""
    template = f'{step.command} {step.toy}' if settings.toy else step.command
    return python(*filled(template, settings.folders()))


def check(settings: Settings, stage: Stage) -> Command:
    """Return the command that checks the data of a stage: always with the real config, which has to find them."""
    roots = data_roots(stage.config, stage.data.format(**settings.folders()))
    return python('tools/check_dataset.py', stage.config, '--nproc', settings.nproc, '--cfg-options', *roots)


def _started(settings: Settings, alone: Sequence[Any], several: Sequence[Any], cluster: Sequence[Any]) -> Command:
    """Return the way to start a network that the user asks for.

    Args:
        settings: The arguments.
        alone: Python program and arguments, for one process.
        several: Shell script and arguments, for several processes.
        cluster: Shell script and arguments after the partition, for Slurm.
    """
    if settings.partition:
        script, *words = map(str, cluster)
        return Command(('sh', script, settings.partition, *words), (('GPUS', str(settings.gpus)),))
    if settings.gpus > 1:
        return Command(('sh', *map(str, several)))
    return python(*alone)


def training(settings: Settings, stage: Stage) -> Command:
    """Return the command that trains a stage, or continues it."""
    config, folder = settings.config(stage), settings.training(stage.name)
    start = ['--load-from', settings.training(stage.start)] if stage.start else []
    roots = data_roots(config, stage.data.format(**settings.folders()))
    options = [
        *('--seed', settings.seed, '--auto-resume', '--no-validate', *start),
        *('--cfg-options', *roots, *settings.options(stage)),
    ]
    job = f'{settings.benchmark.name}-{stage.name}'
    return _started(
        settings,
        ['tools/train.py', config, '--work-dir', folder, *options],
        ['./tools/dist_train.sh', job, config, settings.gpus, folder, *options],
        ['./tools/slurm_train.sh', job, config, folder, *options],
    )


def prediction(settings: Settings, test: Test) -> Command:
    """Return the command that predicts the test videos."""
    stage = settings.benchmark.stage(test.stage)
    config, weights, values = settings.config(stage), settings.training(stage.name), settings.folders(test.stage)
    roots = data_roots(config, stage.data.format(**values), ['test'])
    options = ['--out-dir', values['out'], *filled(test.options, values), '--cfg-options', *roots]
    options += settings.options(stage)
    job = f'{settings.benchmark.name}-test-{test.stage}'
    if test.tool == 'test_step.py':
        return _started(
            settings,
            ['tools/test_step.py', config, weights, *options],
            ['./tools/dist_step_test.sh', config, weights, settings.gpus, *options],
            ['./tools/slurm_test_step.sh', job, config, weights, *options],
        )
    # This tool writes the files for the server into the current folder, too.
    tool, script = ROOT / 'tools_vis/test_whole_video.py', ROOT / 'tools_vis/dist_test_whole_video.sh'
    command = _started(
        settings,
        [tool, ROOT / config, weights, *options],
        [script, ROOT / config, weights, settings.gpus, *options],
        [script, job, ROOT / config, weights, *options],
    )
    return Command(command.words, command.environment, Path(values['out']))


def scorings(settings: Settings, test: Test, score: Score) -> List[Command]:
    """Return the commands of a score, one per protocol."""
    values = settings.folders(test.stage)
    return [python(*filled(score.command, dict(values, protocol=protocol))) for protocol in score.protocols]
