"""Sets of toy videos: what one holds, and writing it in the layout of a real data set."""

import json
import shutil
import uuid
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Tuple

from knet.toy.difficulty import DEFAULT, Difficulty
from knet.toy.layouts import LAYOUTS
from knet.toy.street import ToyFrame, ToyStreet
from knet.utils.io import PathLike, write_json_atomic

#: Changes whenever the same seed gives different videos.
WORLD = 3
SPEC_NAME = 'toy.json'
# Videos of different splits never share a seed or a number.
_SPLITS = {'train': 0, 'val': 1}
_VAL_NUMBER = 5000


@dataclass(frozen=True)
class ToySpec:
    """The specification of a set of toy videos.

    Attributes:
        train: Number of training videos.
        val: Number of validation videos.
        frames: Frames per video.
        height: Frame height in pixels.
        width: Frame width in pixels.
        seed: Seed of the whole set; a video depends on it, on its split and on its position, not on the number of
            videos.
        crowd: Share of videos with a group labelled as crowd, 0..1.
        void: Share of videos with the own car's bonnet as void, 0..1.
        zoom: Focal length relative to that of a dash camera.
        rate: Frames per unit of time.
        difficulty: What makes the streets harder than the default ones.
    """

    train: int = 24
    val: int = 6
    frames: int = 12
    height: int = 96
    width: int = 320
    seed: int = 0
    crowd: float = 0.25
    void: float = 0.3
    zoom: float = 1.0
    rate: float = 1.0
    difficulty: Difficulty = DEFAULT

    @property
    def total_frames(self) -> int:
        """Number of frames of both splits together."""
        return (self.train + self.val) * self.frames

    def street(self, split: str, index: int) -> ToyStreet:
        """Return the ``index``-th video of a split; any index >= 0 works."""
        return ToyStreet(
            (self.seed, _SPLITS[split], index),
            self.height,
            self.width,
            self.frames,
            self.crowd,
            self.void,
            self.zoom,
            self.rate,
            self.difficulty,
        )

    def card(self) -> Dict[str, Any]:
        """Return the record of the set: its fields, and level and version of every difficulty in use."""
        plain = {field.name: getattr(self, field.name) for field in fields(self) if field.name != 'difficulty'}
        return {**plain, **self.difficulty.card()}

    def videos(self, split: str) -> Iterator[Tuple[int, ToyStreet]]:
        """Yield (video id, video) for the videos of a split; ids are unique over the splits."""
        count = getattr(self, split)
        for index in range(count):
            yield index + (_VAL_NUMBER if split == 'val' else 0), self.street(split, index)


def make_toy_videos(root: PathLike, layout: str, spec: ToySpec, tick: Optional[Callable[[], None]] = None) -> bool:
    """Write a set of toy videos unless the same set exists.

    The set appears complete or not at all. ``ROOT/toy.json`` records its specification.

    Args:
        root: Data set folder to make.
        layout: Key of :data:`LAYOUTS`.
        spec: Number, size and content of the videos.
        tick: Function that is called after every frame, for a progress bar.

    Returns:
        True if videos were written, False if the same set existed.

    Raises:
        ValueError: If the specification or the layout is impossible, or ``root`` holds something else.
    """
    root = Path(root)
    if layout not in LAYOUTS:
        raise ValueError(f'unknown layout {layout!r}; known: {", ".join(LAYOUTS)}')
    if spec.train < 0 or spec.val < 0 or spec.train + spec.val == 0:
        raise ValueError(f'no videos asked for: train={spec.train}, val={spec.val}')
    if spec.train >= _VAL_NUMBER:
        raise ValueError(f'at most {_VAL_NUMBER - 1} training videos have a number of their own, got {spec.train}')
    card = dict(world=WORLD, layout=layout, **spec.card())
    if _already_there(root, card):
        return False
    temporary = root.with_name(f'.{root.name}.{uuid.uuid4().hex[:8]}')
    try:
        for split in _SPLITS:
            LAYOUTS[layout](temporary, split, ((video, _ticking(street, tick)) for video, street in spec.videos(split)))
        write_json_atomic(temporary / SPEC_NAME, card)
        try:
            temporary.replace(root)
        except OSError:
            # Another process finished first, which is fine if it wrote the same set.
            if not _already_there(root, card):
                raise
            return False
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


def _already_there(root: Path, card: Dict[str, object]) -> bool:
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    if not (root / SPEC_NAME).is_file():
        raise ValueError(f'{root} exists and holds no toy videos ({SPEC_NAME} is missing); choose another folder')
    # A field that an older file does not name had its default.
    found = {**ToySpec().card(), **json.loads((root / SPEC_NAME).read_text())}
    if found == card:
        return True
    differing = [
        f'{key}: {found.get(key)} there, {card.get(key)} asked for'
        for key in {**card, **found}
        if found.get(key) != card.get(key)
    ]
    raise ValueError(f'{root} holds other toy videos ({"; ".join(differing)}); choose another folder or remove it')


def _ticking(frames: Iterable[ToyFrame], tick: Optional[Callable[[], None]]) -> Iterator[ToyFrame]:
    for frame in frames:
        yield frame
        if tick is not None:
            tick()
