"""One toy video: the pictures and labels of a ride through a random street."""

from typing import Iterator, List, NamedTuple, Sequence

import cv2
import numpy as np

from knet.toy.cars import Car
from knet.toy.difficulty import DEFAULT, Difficulty, Lamp, Seed
from knet.toy.drawing import Canvas
from knet.toy.encounters import complicate
from knet.toy.plan import CROWD, FINE, StreetPlan, Thing
from knet.toy.scenery import STUFF

PERSON_ID, CAR_ID, VOID_ID = 11, 13, 255
#: Pictures that a blurred one is the mean of.
_EXPOSURES = 5


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
        difficulty: What makes the street harder than the default one.

    Raises:
        ValueError: If a size or the length is too small to draw.
    """

    def __init__(
        self,
        seed: Seed,
        height: int = 96,
        width: int = 320,
        num_frames: int = 12,
        crowd: float = 0.25,
        void: float = 0.3,
        zoom: float = 1.0,
        rate: float = 1.0,
        difficulty: Difficulty = DEFAULT,
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
        duration = int(np.ceil(num_frames / rate))
        turn = difficulty.turn * width * difficulty.rng(seed, 'turn').choice((-1, 1))
        self._plan = StreetPlan(rng, height, width, duration, crowd, zoom, turn)
        complicate(self._plan, difficulty, seed)
        self._lamp = Lamp(difficulty.rng(seed, 'lighting'), difficulty.lighting, duration)
        self._shutter = difficulty.blur / rate
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
        canvas = self._paint(time)
        picture = self._downsized(canvas)
        if self._shutter:
            moments = time + self._shutter * (np.arange(_EXPOSURES) / (_EXPOSURES - 1) - 0.5)
            pictures = [self._downsized(self._paint(float(moment))).astype(np.float32) for moment in moments]
            picture = np.rint(np.mean(pictures, axis=0)).astype(np.uint8)
        owner = canvas.pixels[::FINE, ::FINE, 3]
        return ToyFrame(self._develop(picture, frame), self._semantic_of[owner], self._instance_of[owner])

    def _paint(self, time: float) -> Canvas:
        """Return the fine canvas of a moment."""
        canvas = Canvas(self.height * FINE, self.width * FINE, self._plan.fine_camera(time), self._plan.light)
        self._plan.sky.draw(canvas)
        self._plan.ground.draw(canvas)
        things: List[Thing] = [*self._plan.cars, *self._plan.persons, *self._plan.crowd]
        canvas.darken([thing.shadow(time) for thing in things])
        # Draw from far to near; the far end of a building decides, so that nothing beyond it covers it.
        order = [(b.z1, lambda b=b: b.draw(canvas)) for b in self._plan.buildings]
        order += [(t.z, lambda t=t: t.draw(canvas)) for t in self._plan.trees]
        order += [(h.z, lambda h=h: h.draw(canvas)) for h in self._plan.hoardings]
        order += [(t.motion.at(time)[1], lambda t=t: t.draw(canvas, time)) for t in things]
        for _, draw in sorted(order, key=lambda item: -item[0]):
            draw()
        if self._bonnet:
            self._draw_bonnet(canvas)
        return canvas

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

    def _downsized(self, canvas: Canvas) -> np.ndarray:
        """Return the (H, W, 3) uint8 picture of a fine canvas."""
        return cv2.resize(canvas.pixels, (self.width, self.height), interpolation=cv2.INTER_AREA)[..., :3]

    def _develop(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """Return an (H, W, 3) uint8 picture in the light of its moment, with the noise of the camera."""
        brightness = self._lamp.brightness(frame / self.rate)
        if brightness != 1:
            picture = np.rint(picture * np.float32(brightness)).astype(np.uint8)
        noise = np.roll(self._noise, (frame * 37 % self.height, frame * 101 % self.width), axis=(0, 1))
        return np.clip(picture + noise, 0, 255).astype(np.uint8)
