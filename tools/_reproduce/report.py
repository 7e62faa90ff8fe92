"""The table: the paper's numbers, what others got, and ours under both protocols."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from _reproduce.plan import Number, Test
from _reproduce.settings import Settings
from knet.utils.io import read_json, write_bytes_atomic, write_json_atomic

#: Points by which two runs of the paper's models differ, according to the paper.
NOISE = 0.5
_COLUMNS = ('model', 'score', 'paper', 'runs of others', 'official', 'paper-repo', 'difference', 'verdict', 'note')


def _value(path: Path, number: Number) -> Optional[float]:
    """Return a score in percent; None if it was not computed."""
    if not path.is_file():
        return None
    found: Any = read_json(path, what='file of scores', remedy='Remove it and the mark of its step.')
    for key in number.keys:
        found = found.get(key) if isinstance(found, dict) else None
    return None if found is None else round(100 * found, 2)


def verdict(ours: Optional[float], paper: Optional[float]) -> str:
    """Say how a score compares with the paper's.

    >>> verdict(70.5, 70.9), verdict(64.4, 70.9), verdict(None, 70.9)
    ('reproduced', 'below', 'not scored here')
    """
    if ours is None:
        return 'not scored here'
    if paper is None:
        return 'nothing to compare with'
    if abs(ours - paper) <= NOISE:
        return 'reproduced'
    return 'above' if ours > paper else 'below'


def _row(settings: Settings, test: Test, number: Number) -> Dict[str, Any]:
    folder = settings.scores(test.stage)
    ours = {name: _value(folder / f'{number.file}-{name}.json', number) for name in ('official', 'paper-repo')}
    # The paper's scores were computed by the scripts that the second protocol repeats.
    compared = ours['paper-repo'] if ours['paper-repo'] is not None else ours['official']
    known = compared is not None and number.paper is not None
    return dict(
        model=Path(settings.config(settings.benchmark.stage(test.stage))).stem,
        score=number.name,
        paper=number.paper,
        others=number.others,
        **ours,
        difference=round(compared - number.paper, 2) if known else None,  # type: ignore[operator]
        verdict=verdict(compared, number.paper),
        note=number.note,
    )


def _processes(marks: Path) -> List[str]:
    """Return the number of processes of each training, from the marks of the steps, in their order."""
    found = [read_json(path, 'about', what='mark of a step') for path in sorted(marks.glob('*-train-*.json'))]
    return [mark['about'].get('processes', 'not known') for mark in found]


def write_table(settings: Settings) -> str:
    """Write ``results.json`` and ``results.md`` into the work directory; return the Markdown."""
    rows = [_row(settings, test, number) for test in settings.benchmark.tests for number in test.numbers]
    trained = _processes(settings.work_dir / 'steps')
    toy = ['**Toy videos and toy networks: these scores compare with nothing.**', ''] if settings.toy else []
    lines = [f'# {settings.benchmark.name}', '', *toy, f'| {" | ".join(_COLUMNS)} |', '|---' * len(_COLUMNS) + '|']
    lines += [
        '| ' + ' | '.join('-' if cell in (None, '') else str(cell) for cell in row.values()) + ' |' for row in rows
    ]
    lines += [
        '',
        f'In percent. Runs differ by {NOISE} according to the paper; "reproduced" means a difference of at most that.',
        'Compared is the protocol `paper-repo`, the arithmetic of the original scripts, where there is one.',
        f'Seed {settings.seed}; processes of the trainings: {", ".join(trained) or "not known"}.',
        'The configs are for 8 GPUs; learning rates are not scaled.',
        *(f'- {note}' for note in settings.benchmark.notes),
    ]
    text = '\n'.join(lines) + '\n'
    document: Dict[str, Any] = dict(
        benchmark=settings.benchmark.name,
        toy=settings.toy,
        processes=trained,
        seed=settings.seed,
        noise=NOISE,
        rows=rows,
        notes=list(settings.benchmark.notes),
    )
    write_json_atomic(settings.work_dir / 'results.json', document)
    write_bytes_atomic(settings.work_dir / 'results.md', text.encode())
    return text
