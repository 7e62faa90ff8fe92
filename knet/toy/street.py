"""One toy video: a seeded street, the things in it, and the ride through it."""

from typing import Iterator, List, NamedTuple, Sequence, Tuple, Union

import cv2
import numpy as np

from knet.toy.drawing import Camera, Canvas, Light
from knet.toy.scenery import LEAVES, ROOFS, STUFF, WALLS, Building, Ground, Sky, Tree
from knet.toy.things import CAR_COLOURS, CAR_SHAPES, CLOTHES, HAIR, SKIN, Car, Motion, Person

Thing = Union[Car, Person]

PERSON_ID, CAR_ID, VOID_ID = 11, 13, 255
#: Picture lines are drawn twice as fine and averaged; labels are sampled.
_FINE = 2
_FIRST_THING, _CROWD = 16, 15
_LANE = 1.75


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

    The same arguments give the same video on every machine (OpenCV versions
    disagree about single edge pixels). A track id belongs to one object for the
    whole video, also when it leaves and comes back.

    Args:
        seed: Non-negative integer or sequence of them.
        height: Frame height H in pixels.
        width: Frame width W in pixels.
        num_frames: Length of the video.
        crowd: Probability that a far group of persons is labelled as crowd
            (person with track id 0).
        void: Probability that the own car's bonnet covers the lower edge as
            void.
        zoom: Focal length relative to that of a dash camera.
        rate: Frames per unit of time; at 2 everything moves half as far
            between two frames as at 1.

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
        self.height, self.width, self.num_frames, self.zoom, self.rate = height, width, num_frames, zoom, rate
        # The street is planned in units of time.
        self._duration = int(np.ceil(num_frames / rate))
        rng = np.random.RandomState(seed)
        self._rng = rng
        self._sample_ride()
        self._sample_light()
        self._sample_scenery()
        self._cars: List[Car] = []
        self._persons: List[Person] = []
        self._sample_cars()
        self._sample_persons()
        self._crowd = self._sample_crowd() if rng.uniform() < crowd else []
        self._bonnet = bool(rng.uniform() < void)
        self._noise = np.rint(rng.standard_normal((height, width, 3)) * rng.uniform(1.5, 4.5)).astype(np.int16)
        things: Sequence[Thing] = [*self._cars, *self._persons]
        self._semantic_of = np.full(256, VOID_ID, dtype=np.uint8)
        self._instance_of = np.zeros(256, dtype=np.int32)
        for owner, train_id in STUFF.items():
            self._semantic_of[owner] = train_id
        self._semantic_of[_CROWD] = PERSON_ID
        # ids are drawn from 1..999 so that both bytes of the PNG encoding are used
        ids = rng.permutation(999)[: len(things)] + 1
        for thing, track in zip(things, ids):
            self._semantic_of[thing.owner] = CAR_ID if isinstance(thing, Car) else PERSON_ID
            self._instance_of[thing.owner] = track

    # ------------------------------------------------------------- sampling
    def _sample_ride(self) -> None:
        rng = self._rng
        self.speed = 0.0 if rng.uniform() < 0.2 else rng.uniform(0.1, 0.75)
        self._travel = self.speed * self._duration
        self._pan = rng.uniform(0.0, 0.12) * self.width, rng.uniform(8.0, 22.0), rng.uniform(0, 2 * np.pi)
        self._bounce = rng.uniform(0.0, 0.008) * self.height, rng.uniform(0, 2 * np.pi)
        self._eye = rng.uniform(1.0, 2.2), rng.uniform(1.6, 2.1)
        self._horizon = self.height * rng.uniform(0.38, 0.46)

    def _sample_light(self) -> None:
        rng = self._rng
        brightness, warmth = rng.uniform(0.85, 1.15), rng.uniform(-0.08, 0.12)
        gain = (brightness * (1 + warmth), brightness, brightness * (1 - warmth))
        red, green, blue = (int(v) for v in np.clip(np.array((206, 216, 228)) * np.array(gain), 0, 240))
        self._light = Light(gain, (red, green, blue), rng.uniform(60.0, 150.0))

    def _sample_scenery(self) -> None:
        rng = self._rng
        end = self._travel + 90.0
        crossings, z = [], rng.uniform(11.0, 30.0)
        # farther side streets would be hairlines
        while z < self._travel + 26.0:
            crossings.append((z, z + 7.5))
            z += rng.uniform(35.0, 60.0)
        self._ground = Ground(rng, crossings, self._travel + 60.0, self._light)
        fine = self._fine_camera(0)
        margin = int(np.ceil(_FINE * self._pan[0])) + 2
        self._sky = Sky(
            rng,
            self._light,
            rng.uniform(-0.5, 0.6),
            (int(self._horizon * _FINE * 1.05) + 4, _FINE * self.width // 2 + margin),
            fine.focal,
        )
        self._buildings: List[Building] = []
        self._trees: List[Tree] = []
        leaf = LEAVES[rng.randint(len(LEAVES))]
        for side in (-1, 1):
            self._sample_side(side, end, leaf)

    def _sample_side(self, side: int, end: float, leaf: Tuple[int, int, int]) -> None:
        """Line one side of the street with buildings, gaps, trees and bushes."""
        rng = self._rng
        kerb = self._ground.road + self._ground.walk
        face, built = kerb + rng.uniform(0.5, 3.5), rng.uniform(0.65, 1.0)
        z = -8.0 + rng.uniform(0, 5)
        while z < end:
            length = rng.uniform(6.0, 13.0)
            if self._clear_of_crossing(z, z + length) and rng.uniform() < built:
                floors, bays = rng.randint(1, 4), max(2, int(length / 2.4))
                colours = WALLS[rng.randint(len(WALLS))], ROOFS[rng.randint(len(ROOFS))]
                self._buildings.append(
                    Building(
                        side, face, (z, z + length), 1.2 + 2.7 * floors, colours, rng.uniform(size=(floors, bays)) < 0.2
                    )
                )
            z += length + (rng.uniform(1.5, 6.0) if rng.uniform() < 0.35 else 0.0)
        green = rng.uniform(0.15, 0.6)
        for z in np.arange(3.0, end, 5.5):
            if rng.uniform() < green and self._clear_of_crossing(z - 1, z + 1):
                bush = bool(rng.uniform() < 0.35)
                x = side * (kerb + rng.uniform(0.3, 0.9 if bush else max(0.5, face - kerb - 0.5)))
                r, g, b = (int(c * rng.uniform(0.85, 1.15)) for c in leaf)
                self._trees.append(Tree.sample(rng, x, float(z), (r, g, b), bush))

    def _clear_of_crossing(self, z0: float, z1: float) -> bool:
        margin = self._ground.walk
        return all(z1 < c0 - margin or z0 > c1 + margin for c0, c1 in self._ground.crossings)

    def _next_owner(self) -> int:
        return _FIRST_THING + len(self._cars) + len(self._persons)

    def _is_free(self, motion: Motion, gap: float, others: Sequence[Thing]) -> bool:
        """Whether a path stays ``gap`` metres away from other things in every frame."""
        for frame in range(self._duration):
            x, z = motion.at(frame)
            for other in others:
                ox, oz = other.motion.at(frame)
                if (x - ox) ** 2 + (z - oz) ** 2 < gap * gap:
                    return False
        return True

    def _add_car(self, motion: Motion, heading: float = 0.0) -> None:
        rng = self._rng
        shape = CAR_SHAPES[rng.choice(len(CAR_SHAPES), p=(0.36, 0.34, 0.18, 0.12))]
        colour = CAR_COLOURS[rng.randint(len(CAR_COLOURS))]
        if self._next_owner() < 256 and self._is_free(motion, 4.4, self._cars):
            self._cars.append(Car(self._next_owner(), motion, shape, colour, heading))

    def _sample_cars(self) -> None:
        rng = self._rng
        middle = self._duration / 2
        for z0, _ in self._ground.crossings[:2]:
            for lane, direction in ((1.9, -1), (5.4, 1)):
                if rng.uniform() < 0.65:
                    pace = direction * rng.uniform(0.35, 0.95)
                    self._add_car(Motion(rng.uniform(-7, 7) - pace * middle, z0 + lane, vx=pace))
        if rng.uniform() < 0.65:
            pace = max(0.0, self.speed + rng.uniform(-0.12, 0.22))
            turn = None if rng.uniform() < 0.75 else self._duration * 1.0
            self._add_car(Motion(_LANE, rng.uniform(9.0, 17.0), vz=pace, turn=turn))
        for _ in range(rng.randint(1, 3) + int(self._travel / 30)):
            pace = -rng.uniform(0.2, 0.85)
            self._add_car(Motion(-_LANE, rng.uniform(9.0, 20.0 + self._travel), vz=pace))
        parked = self._ground.road - 1.05
        for side in (-1, 1):
            crowding = rng.uniform(0.05, 0.38)
            for z in np.arange(6.5 + rng.uniform(0, 4), 17.0 + self._travel, 6.5):
                if rng.uniform() < crowding and self._clear_of_crossing(z - 2.5, z + 2.5):
                    self._add_car(Motion(side * parked, float(z)), 0.0 if side > 0 else np.pi)

    def _add_person(self, motion: Motion, gap: float = 0.9) -> None:
        rng = self._rng
        walks = motion.vx != 0 or motion.vz != 0
        person = Person(
            self._next_owner(),
            motion,
            rng.uniform(1.5, 1.95) if rng.uniform() < 0.85 else rng.uniform(1.1, 1.35),
            rng.uniform(0.9, 1.3) if walks else 0.0,
            rng.uniform(0, 2 * np.pi),
            CLOTHES[rng.randint(len(CLOTHES))],
            CLOTHES[rng.randint(len(CLOTHES))],
            SKIN[rng.randint(len(SKIN))],
            HAIR[rng.randint(len(HAIR))],
            skirt=bool(rng.uniform() < 0.25),
            backpack=bool(rng.uniform() < 0.25),
        )
        if (
            self._next_owner() < 256
            and self._is_free(motion, 1.8, self._cars)
            and self._is_free(motion, gap, self._persons)
        ):
            self._persons.append(person)

    def _sample_persons(self) -> None:
        rng = self._rng
        middle = self._duration / 2
        for _ in range(rng.randint(2, 5)):
            pace = rng.choice((-1, 1)) * rng.uniform(0.15, 0.4)
            turn = rng.uniform(0.35, 0.6) * self._duration if rng.uniform() < 0.3 else None
            z = 5.5 + self._travel + rng.uniform(0.0, 6.0)
            self._add_person(Motion(rng.uniform(-4.5, 4.5) - pace * middle, z, vx=pace, turn=turn))
        for _ in range(rng.randint(2, 5) + int(self._travel / 8)):
            side = rng.choice((-1, 1))
            x = side * (self._ground.road + rng.uniform(0.3, self._ground.walk - 0.2))
            pace = rng.choice((-1, 1)) * rng.uniform(0.12, 0.34) if rng.uniform() < 0.8 else 0.0
            turn = rng.uniform(0.3, 0.7) * self._duration if rng.uniform() < 0.2 else None
            self._add_person(Motion(x, rng.uniform(6.5, 12.0 + self._travel), vz=pace, turn=turn), 0.6)

        if rng.uniform() < 0.7 and self._duration > 4:
            self._add_leaver()

    def _add_leaver(self) -> None:
        """Somebody who walks out of the picture sideways and comes back."""
        rng = self._rng
        last, side = self._duration - 1, rng.choice((-1, 1))
        turn = int(rng.uniform(0.35, 0.55) * last)
        z = self.camera(last).z + rng.uniform(5.0, 8.0)

        def edge(frame: int) -> float:
            camera = self.camera(frame)
            pixels = camera.centre if side < 0 else self.width - camera.centre
            return pixels / camera.focal * (z - camera.z) + side * camera.x

        # outside at the turn, inside again at the end; faster than a runner is no option
        away, back = edge(turn) + rng.uniform(0.4, 0.7), edge(last) - rng.uniform(0.7, 1.4)
        pace = (away - back) / (last - turn)
        if 0.1 <= pace <= 0.7:
            self._add_person(Motion(side * (away - pace * turn), z, vx=side * pace, turn=float(turn)))

    def _sample_crowd(self) -> List[Person]:
        """A group that stands close together far away."""
        rng = self._rng
        side, z = rng.choice((-1, 1)), self._travel + rng.uniform(18.0, 24.0)
        group = []
        for _ in range(rng.randint(5, 9)):
            motion = Motion(side * (self._ground.road + rng.uniform(0.2, self._ground.walk)), z + rng.uniform(0, 1.5))
            group.append(
                Person(
                    _CROWD,
                    motion,
                    rng.uniform(1.5, 1.9),
                    0.0,
                    0.0,
                    CLOTHES[rng.randint(len(CLOTHES))],
                    CLOTHES[rng.randint(len(CLOTHES))],
                    SKIN[rng.randint(len(SKIN))],
                    HAIR[rng.randint(len(HAIR))],
                )
            )
        return group

    # ------------------------------------------------------------ rendering
    def camera(self, time: float) -> Camera:
        """The camera at a time, in pixels of the finished picture."""
        amplitude, period, phase = self._pan
        pan = amplitude * float(np.sin(phase + 2 * np.pi * time / period))
        bounce = self._bounce[0] * float(np.sin(self._bounce[1] + 1.9 * time)) if self.speed else 0.0
        focal = self.zoom * max(0.72 * self.width, 1.45 * self.height)
        return Camera(
            self._eye[0], self._eye[1], self.speed * time, focal, self.width / 2 + pan, self._horizon + bounce
        )

    def _fine_camera(self, time: float) -> Camera:
        camera = self.camera(time)
        return camera._replace(focal=camera.focal * _FINE, centre=camera.centre * _FINE, horizon=camera.horizon * _FINE)

    def render_frame(self, frame: int) -> ToyFrame:
        """Render one frame, 0 <= ``frame`` < ``num_frames``."""
        time = frame / self.rate
        canvas = Canvas(self.height * _FINE, self.width * _FINE, self._fine_camera(time), self._light)
        self._sky.draw(canvas)
        self._ground.draw(canvas)
        things: List[Thing] = [*self._cars, *self._persons, *self._crowd]
        canvas.darken([thing.shadow(time) for thing in things])
        # far to near; a building's far end decides, so nothing beyond it covers it
        order = [(b.z1, lambda b=b: b.draw(canvas)) for b in self._buildings]
        order += [(t.z, lambda t=t: t.draw(canvas)) for t in self._trees]
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
            canvas.polygon(corners, self._light.shade(colour, 1.0, 0.0) + (0,))

    def _develop(self, canvas: Canvas, frame: int) -> ToyFrame:
        """Turn the fine canvas into picture and labels."""
        fine = cv2.resize(canvas.pixels, (self.width, self.height), interpolation=cv2.INTER_AREA)
        noise = np.roll(self._noise, (frame * 37 % self.height, frame * 101 % self.width), axis=(0, 1))
        image = np.clip(fine[..., :3] + noise, 0, 255).astype(np.uint8)
        owner = canvas.pixels[::_FINE, ::_FINE, 3]
        return ToyFrame(image, self._semantic_of[owner], self._instance_of[owner])
