"""The steps of a plan: what each runs, what its result depends on, and how long it takes."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from _reproduce import commands
from _reproduce.archives import check_counts, facts_of, find_archive
from _reproduce.commands import Command, archive_folder
from _reproduce.configs import digest_of, iterations
from _reproduce.plan import Archive, Score, Stage, Test
from _reproduce.settings import Settings


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        name: Name of its mark and log.
        commands: What it runs, in order. A function, where it depends on what earlier steps have made.
        inputs: What its result depends on, besides the steps before it.
        needs: Names of the steps whose results it uses.
        finish: Called after the commands; raises an error if their result is not complete.
        note: What to know of it before it runs, such as its hours.
        about: What its mark says besides; it may change between calls.
    """

    name: str
    commands: Callable[[], List[Command]]
    inputs: Dict[str, str]
    needs: Tuple[str, ...] = ()
    finish: Optional[Callable[[], None]] = None
    note: str = ''
    about: Dict[str, str] = field(default_factory=dict)


@dataclass
class _Numbered:
    """Steps in order; their names begin with their number."""

    steps: List[Step] = field(default_factory=list)

    def add(self, name: str, *args: object, **options: object) -> str:
        full = f'{len(self.steps) + 1:02d}-{name}'
        self.steps.append(Step(full, *args, **options))  # type: ignore[arg-type]
        return full


def steps_of(settings: Settings) -> List[Step]:
    """Return the steps of a benchmark in their order."""
    plan, numbered = settings.benchmark, _Numbered()
    prepared = [_add_archive(numbered, settings, archive) for archive in plan.archives]
    for conversion in plan.conversions:
        line = commands.conversion(settings, conversion)
        inputs = dict(command=_without_folders(line, settings))
        prepared.append(numbered.add(f'convert-{conversion.name}', lambda line=line: [line], inputs, tuple(prepared)))
    for stage in plan.stages:
        line = commands.check(settings, stage)
        if any(step.commands() == [line] for step in numbered.steps if '-check-' in step.name):
            continue
        inputs = dict(config=digest_of(stage.config, ()))
        numbered.add(f'check-{stage.name}', lambda line=line: [line], inputs, tuple(prepared))
    checked = tuple(step.name for step in numbered.steps)
    trained: Dict[str, str] = {}
    for stage in plan.stages:
        trained[stage.name] = _add_training(numbered, settings, stage, checked, trained)
    for test in plan.tests:
        _add_test(numbered, settings, test, trained[test.stage])
    return numbered.steps


def _without_folders(line: Command, settings: Settings) -> str:
    """Return the text of a command without what may change between calls: the work directory, numbers of processes."""
    words = [word.replace(str(settings.work_dir), 'WORK_DIR') for word in line.words]
    kept = [word for word, before in zip(words, ['', *words]) if '--nproc' not in (word, before)]
    return ' '.join(kept)


def _add_archive(numbered: _Numbered, settings: Settings, archive: Archive) -> str:
    path = find_archive(settings.archives, archive)
    folder = archive_folder(settings, archive)
    inside = f'; then what it holds of {", ".join(archive.inner)} likewise' if archive.inner else ''

    def lines() -> List[Command]:
        named = path or settings.archives / archive.names[0]
        outer = commands.unpacking(settings, archive, named)
        found = sorted(inner for pattern in archive.inner for inner in folder.glob(pattern))
        return [outer, *(commands.python('tools/dataset/unpack.py', inner, folder) for inner in found)]

    return numbered.add(
        f'unpack-{archive.names[0]}',
        lines,
        facts_of(path) if path is not None else {},
        finish=None if settings.toy else lambda: check_counts(folder, archive),
        note=f'size of the download: {archive.size or "not known"}{inside}',
    )


def _add_training(
    numbered: _Numbered, settings: Settings, stage: Stage, checked: Tuple[str, ...], trained: Dict[str, str]
) -> str:
    line, options = commands.training(settings, stage), settings.options(stage)
    inputs = dict(config=digest_of(settings.config(stage), options), seed=str(settings.seed))
    needs = (*checked, *([trained[stage.start]] if stage.start else []))
    about = dict(processes=str(settings.gpus))
    return numbered.add(f'train-{stage.name}', lambda: [line], inputs, needs, note=hours(settings, stage), about=about)


def _add_test(numbered: _Numbered, settings: Settings, test: Test, trained: str) -> None:
    line = commands.prediction(settings, test)
    predicted = numbered.add(f'test-{test.stage}', lambda: [line], {}, (trained,), note='hours: not known')

    def lines(score: Score) -> List[Command]:
        needed = Path(score.needs.format(**settings.folders(test.stage)))
        known = not score.needs or not needed.is_file() or 'annotations' in json.loads(needed.read_text())
        return commands.scorings(settings, test, score) if known else []

    for score in test.scores:
        inputs = dict(command=_without_folders(commands.scorings(settings, test, score)[0], settings))
        note = f'only if {Path(score.needs).name} has annotations' if score.needs else ''
        numbered.add(
            f'score-{test.stage}-{score.name}', lambda score=score: lines(score), inputs, (predicted,), note=note
        )


def hours(settings: Settings, stage: Stage) -> str:
    """Return the iterations of a training and, where a measurement exists, an estimate of its hours."""
    count = iterations(stage, settings.config(stage), settings.options(stage), settings.gpus)
    if settings.toy or count is None:
        return 'hours: not known' if not settings.toy else 'toy size: minutes on two cores'
    text = f'{count} iterations in {settings.gpus} processes; hours: '
    if stage.seconds is None:
        return text + 'not known; the log shows the time of an iteration'
    return text + f'{count * stage.seconds[0] / 3600:.1f} (estimate without loading: {stage.seconds[1]})'


def digest(facts: Dict[str, str]) -> str:
    """Return a short digest of what a step depends on."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
