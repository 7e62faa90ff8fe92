"""What has to be done for a benchmark, as plain data; ``benchmarks/`` has one short file for each.

Command lines are templates. ``{data}`` is the folder of converted data sets, ``{downloads}`` that of unpacked releases
that are not used as they are, ``{out}`` a folder of predictions, ``{scores}`` that of scores, and ``{nproc}`` a number
of processes.
"""

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class Count:
    """How many files of a kind the release has.

    Attributes:
        pattern: Path below the folder that the archive is unpacked into, with ``*``.
        number: Number of files.
    """

    pattern: str
    number: int


@dataclass(frozen=True)
class Archive:
    """A file to download.

    Attributes:
        names: Patterns of its name; the first is the official one.
        origin: Where it is from.
        into: Template of the folder that it is unpacked into.
        parts: Folders and files that have to lie directly in that folder; folders around them are left out.
        only: Patterns of the files to unpack; none for all.
        inner: Patterns of archives in the archive, below ``into``, which are unpacked there as well.
        counts: What it holds.
        size: Size that its page states, in words; empty where none is known.
    """

    names: Tuple[str, ...]
    origin: str
    into: str
    parts: Tuple[str, ...]
    only: Tuple[str, ...] = ()
    inner: Tuple[str, ...] = ()
    counts: Tuple[Count, ...] = ()
    size: str = ''


@dataclass(frozen=True)
class Stage:
    """A training.

    Attributes:
        name: Name of the stage, of its work directory and of its step.
        config: Config of the paper's model.
        toy: Config of the same model in toy size.
        data: Template of the data root.
        samples: Training samples of the release; 0 where the number is not known.
        start: Stage whose weights it starts from; empty for those that the config names.
        toy_options: Overrides that make the toy config fit the converted data.
        seconds: Measured seconds per iteration, and where; None where nothing is known.
    """

    name: str
    config: str
    toy: str
    data: str
    samples: int
    start: str = ''
    toy_options: Tuple[str, ...] = ()
    seconds: Optional[Tuple[float, str]] = None


@dataclass(frozen=True)
class Score:
    """A command that scores predictions.

    Attributes:
        name: Name of the file of scores, without ending.
        command: Template; ``{protocol}`` is the protocol, if there is a choice.
        protocols: Protocols to score with.
        needs: Template of a json file that must have ``annotations``, else the command is left out; empty if it always
            runs.
    """

    name: str
    command: str
    protocols: Tuple[str, ...] = ('official', 'paper-repo')
    needs: str = ''


@dataclass(frozen=True)
class Number:
    """A score of the paper, to compare with.

    Attributes:
        name: Name of the score.
        file: Name of the file of scores, see :attr:`Score.name`.
        keys: Where it stands in the file.
        paper: Value that the paper reports, in percent; None where this project knows none.
        others: What others got with the original's code.
        note: What to know about the value.
    """

    name: str
    file: str
    keys: Tuple[str, ...]
    paper: Optional[float] = None
    others: str = ''
    note: str = ''


@dataclass(frozen=True)
class Test:
    """A prediction of a split and its scores.

    Attributes:
        stage: Stage whose weights are tested; also the name of the folders.
        tool: ``test_step.py`` or ``test_whole_video.py``.
        options: Options of the tool, templates.
        scores: Commands that score.
        numbers: What to compare with.
    """

    stage: str
    tool: str
    scores: Tuple[Score, ...]
    numbers: Tuple[Number, ...]
    options: str = ''


@dataclass(frozen=True)
class Conversion:
    """A step that brings data into the layout that the configs read.

    Attributes:
        name: Name of the step.
        command: Template.
        toy: Further options for toy archives.
    """

    name: str
    command: str
    toy: str = ''


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        name: Name on the command line.
        archives: Files to download.
        conversions: Steps between unpacking and training.
        stages: Trainings, in order.
        tests: Predictions and scores.
        notes: What differs from the paper, and what is not known.
    """

    name: str
    archives: Tuple[Archive, ...]
    conversions: Tuple[Conversion, ...]
    stages: Tuple[Stage, ...]
    tests: Tuple[Test, ...]
    notes: Tuple[str, ...] = ()

    def stage(self, name: str) -> Stage:
        """Return the stage of a name."""
        return next(stage for stage in self.stages if stage.name == name)
