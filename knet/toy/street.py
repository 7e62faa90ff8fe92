"""One toy video: the pictures and labels of a ride through a random street."""

from typing import Iterator, List, NamedTuple, Sequence, Union

import cv2
import numpy as np

from knet.toy.cars import Car
from knet.toy.drawing import Canvas
from knet.toy.plan import CROWD, FINE, StreetPlan, Thing
from knet.toy.scenery import STUFF

PERSON_ID, CAR_ID, VOID_ID = 11, 13, 255


class ToyFrame(NamedTuple):
    """One rendered frame.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        semantic: (H, W) uint8 KITTI-STEP train ids, 255 = void.
        instance: (H, W) int32 track ids; 0 for stuff, crowd and void.
    """

    image: np.ndarray
    semantic: np.ndarray
    instance: np.ndarray


class ToyStreet:
    """A procedural street video with exact panoptic labels.

    The same arguments give the same video on every machine (OpenCV versions disagree about single edge pixels). A track
    id belongs to one object for the whole video, also if the object leaves the picture and comes back.

    Args:
        seed: Non-negative integer or sequence of them.
        height: Frame height H in pixels.
        width: Frame width W in pixels.
        num_frames: Length of the video.
        crowd: Probability that a far group of persons is labelled as crowd (person with track id 0).
        void: Probability that the bonnet of the own car covers the lower edge as void.
        zoom: Focal length relative to that of a dash camera.
        rate: Frames per unit of time; at 2 everything moves half as far between two frames as at 1.

    Raises:
        ValueError: If a size or the length is too small to draw.
    """

    def __init__(
        self,
        seed: Union[int, Sequence[int]],
        height: int = 96,
        width: int = 320,
        num_frames: int = 12,
        crowd: float = 0.25,
        void: float = 0.3,
        zoom: float = 1.0,
        rate: float = 1.0,
    ) -> None:
        if zoom < 1:
            raise ValueError(f'zoom must be 1 or more, got {zoom}: nothing is drawn beside the street')
        if rate <= 0:
            raise ValueError(f'rate must be more than 0 frames per unit of time, got {rate}')
        if height < 32 or width < 32 or num_frames < 1:
            raise ValueError(f'a toy video needs at least 32x32 pixels and 1 frame, got {height}x{width}, {num_frames}')
        self.height, self.width, self.num_frames, self.rate = height, width, num_frames, rate
        rng = np.random.RandomState(seed)
        # The street is planned in units of time.
        self._plan = StreetPlan(rng, height, width, int(np.ceil(num_frames / rate)), crowd, zoom)
        self._bonnet = bool(rng.uniform() < void)
        self._noise = np.rint(rng.standard_normal((height, width, 3)) * rng.uniform(1.5, 4.5)).astype(np.int16)
        things: Sequence[Thing] = [*self._plan.cars, *self._plan.persons]
        self._semantic_of = np.full(256, VOID_ID, dtype=np.uint8)
        self._instance_of = np.zeros(256, dtype=np.int32)
        for owner, train_id in STUFF.items():
            self._semantic_of[owner] = train_id
        self._semantic_of[CROWD] = PERSON_ID
        # Track ids are drawn from 1..999 so that both bytes of the PNG encoding are used.
        ids = rng.permutation(999)[: len(things)] + 1
        for thing, track in zip(things, ids):
            self._semantic_of[thing.owner] = CAR_ID if isinstance(thing, Car) else PERSON_ID
            self._instance_of[thing.owner] = track

    def render_frame(self, frame: int) -> ToyFrame:
        """Render the frame of number ``frame``, counted from 0."""
        time = frame / self.rate
        canvas = Canvas(self.height * FINE, self.width * FINE, self._plan.fine_camera(time), self._plan.light)
        self._plan.sky.draw(canvas)
        self._plan.ground.draw(canvas)
        things: List[Thing] = [*self._plan.cars, *self._plan.persons, *self._plan.crowd]
        canvas.darken([thing.shadow(time) for thing in things])
        # Draw from far to near; the far end of a building decides, so that nothing beyond it covers it.
        order = [(b.z1, lambda b=b: b.draw(canvas)) for b in self._plan.buildings]
        order += [(t.z, lambda t=t: t.draw(canvas)) for t in self._plan.trees]
        order += [(t.motion.at(time)[1], lambda t=t: t.draw(canvas, time)) for t in things]
        for _, draw in sorted(order, key=lambda item: -item[0]):
            draw()
        if self._bonnet:
            self._draw_bonnet(canvas)
        return self._develop(canvas, frame)

    def render(self) -> List[ToyFrame]:
        """Render the whole video."""
        return list(self)

    def __iter__(self) -> Iterator[ToyFrame]:
        return (self.render_frame(frame) for frame in range(self.num_frames))

    def __len__(self) -> int:
        return self.num_frames

    def _draw_bonnet(self, canvas: Canvas) -> None:
        height, width = canvas.pixels.shape[:2]
        for top, colour in ((0.93, (34, 36, 42)), (0.96, (52, 56, 64))):
            shape = [(0.04, 1.02), (0.16, top + 0.02), (0.35, top), (0.65, top), (0.84, top + 0.02), (0.96, 1.02)]
            corners = np.rint(np.array(shape) * (width, height)).astype(np.int32)
            canvas.polygon(corners, (*self._plan.light.shade(colour, 1.0, 0.0), 0))

    def _develop(self, canvas: Canvas, frame: int) -> ToyFrame:
        """Return the picture and the labels of the fine canvas."""
        fine = cv2.resize(canvas.pixels, (self.width, self.height), interpolation=cv2.INTER_AREA)
        noise = np.roll(self._noise, (frame * 37 % self.height, frame * 101 % self.width), axis=(0, 1))
        image = np.clip(fine[..., :3] + noise, 0, 255).astype(np.uint8)
        owner = canvas.pixels[::FINE, ::FINE, 3]
        return ToyFrame(image, self._semantic_of[owner], self._instance_of[owner])
