"""What the user asks for, and where everything lies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple

from _reproduce.plan import Benchmark, Stage


@dataclass(frozen=True)
class Settings:
    """The arguments of the command line.

    Attributes:
        benchmark: What to reproduce.
        archives: Folder of the downloads.
        work_dir: Folder of everything that is made, absolute.
        gpus: Processes of trainings and tests.
        partition: Partition of Slurm; None to run on this machine.
        toy: Whether the archives hold toy videos: networks are small, and counts may differ from those of the release.
        cfg_options: More overrides of the configs, for all trainings and tests.
        seed: Seed of the trainings.
        nproc: Processes of converters, checks and evaluators.
    """

    benchmark: Benchmark
    archives: Path
    work_dir: Path
    gpus: int = 1
    partition: Optional[str] = None
    toy: bool = False
    cfg_options: Tuple[str, ...] = ()
    seed: int = 0
    nproc: int = 1

    def folders(self, test: str = '') -> Dict[str, str]:
        """Return the values of the templates.

        Args:
            test: Name of the tested stage, for the folders of its predictions and scores.
        """
        return dict(
            data=str(self.work_dir / 'data'),
            downloads=str(self.work_dir / 'downloads'),
            out=str(self.work_dir / 'predictions' / test),
            scores=str(self.scores(test)),
            nproc=str(self.nproc),
        )

    def training(self, stage: str) -> Path:
        """Return the work directory of a stage."""
        return self.work_dir / 'training' / stage

    def scores(self, test: str) -> Path:
        """Return the folder of the scores of a stage."""
        return self.work_dir / 'scores' / test

    def config(self, stage: Stage) -> str:
        """Return the config that a stage trains."""
        return stage.toy if self.toy else stage.config

    def options(self, stage: Stage) -> Tuple[str, ...]:
        """Return the overrides of a stage, without those that say where the data lie."""
        return (*(stage.toy_options if self.toy else ()), *self.cfg_options)
