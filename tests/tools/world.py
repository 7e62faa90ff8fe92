"""The things that a case of bad input may use and spoil copies of."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, List, Tuple

import numpy as np
import torch

from knet.utils.io import read_png, write_png_atomic

#: A frame of the street, in whose files the cases put their faults.
FRAME = '005002_000001'


@dataclass
class World:
    """What a case may use; ``tmp`` is its own."""

    tmp: Path
    config: Path
    trained: Path
    predicted: Path
    street: Path
    image: Tuple[Path, Path]

    def file(self, name: str, content: str = '') -> Path:
        """A text file."""
        (self.tmp / name).write_text(content)
        return self.tmp / name

    def weights(self, name: str, content: Any) -> Path:
        """A file of ``torch.save``."""
        torch.save(content, str(self.tmp / name))
        return self.tmp / name

    def data(self, split: str, spoil: Callable[[Path], Any]) -> Path:
        """A copy of the street with something wrong in the folder of a split."""
        shutil.copytree(str(self.street), str(self.tmp / 'data'))
        spoil(self.tmp / 'data/video_sequence' / split)
        return self.tmp / 'data'

    def result(self, spoil: Callable[[Path], Any]) -> Path:
        """A copy of the predictions with something wrong in the folder of video 5002."""
        shutil.copytree(str(self.predicted), str(self.tmp / 'result'))
        spoil(self.tmp / 'result/panoptic/5002')
        return self.tmp / 'result'

    def train(self, *args: Any) -> List[Any]:
        """Command line of a training."""
        return ['train.py', self.config, '--work-dir', self.tmp / 'work', *args]

    def train_on(self, spoil: Callable[[Path], Any]) -> List[Any]:
        """Command line of a training on spoiled data, one sample after the other."""
        root = self.data('train', spoil)
        return self.train('--no-validate', '--cfg-options', f'data.train.dataset.data_root={root}')

    def step(self, *args: Any, checkpoint: Any = None) -> List[Any]:
        """Command line of a streaming test."""
        return ['test_step.py', self.config, checkpoint or self.trained, '--out-dir', self.tmp / 'out', *args]

    def step_on(self, spoil: Callable[[Path], Any], *args: Any) -> List[Any]:
        """Command line of a streaming test of spoiled data."""
        return self.step(*args, '--cfg-options', f'data.test.data_root={self.data("val", spoil)}')

    def score(self, spoil: Callable[[Path], Any], *args: Any) -> List[Any]:
        """Command line of an evaluator on spoiled predictions."""
        return ['eval_dstq_step.py', self.result(spoil), self.street, *args]

    def cityscapes(self, spoil: Callable[[Path], Any]) -> List[Any]:
        """Command line of an image test on spoiled Cityscapes-STEP labels."""
        config, weights = self.image
        shutil.copytree(str(config.parent / 'city'), str(self.tmp / 'city'))
        spoil(min((self.tmp / 'city/gtFine/val').rglob('*instanceTrainIds.png')))
        return ['test.py', config, weights, '--eval', 'PQ', '--cfg-options', f'data.test.data_root={self.tmp / "city"}']


def cut(path: Path) -> None:
    """Truncate a file."""
    path.write_bytes(path.read_bytes()[:-30])


def change(path: Path, function: Callable[[np.ndarray], np.ndarray]) -> None:
    """Rewrite a PNG file."""
    write_png_atomic(path, function(read_png(path)))


def every(pattern: str, spoil: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Do something to all files of a folder."""
    return lambda folder: [spoil(path) for path in folder.glob(pattern)] and None


def paint(value: int) -> Callable[[Path], None]:
    """Give the first pixel another class."""

    def draw(array: np.ndarray) -> np.ndarray:
        array[0, 0] = value
        return array

    return lambda path: change(path, draw)


def used(world: World) -> Path:
    """An output folder with predictions of another run."""
    (world.tmp / 'out').mkdir()
    world.file('out/manifest.json', json.dumps(dict(meta=dict(config='other.py'), videos={})))
    return world.tmp / 'out'
