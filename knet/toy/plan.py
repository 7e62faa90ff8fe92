"""Plan of a toy video: the ride, the light, the scenery and the things on the street, drawn at random."""

from typing import List, Sequence, Tuple, Union

import numpy as np

from knet.toy.cars import CAR_COLOURS, CAR_SHAPES, Car
from knet.toy.drawing import Camera, Light
from knet.toy.hoarding import Hoarding
from knet.toy.motion import Motion
from knet.toy.persons import Look, Person
from knet.toy.scenery import LEAVES, ROOFS, WALLS, Building, Ground, Sky, Tree

Thing = Union[Car, Person]

#: Object number of every person of a crowd on the canvas.
CROWD = 15
_FIRST_THING = 16
#: Pixels of the canvas per pixel of the picture along each axis; the picture averages them, the labels sample them.
FINE = 2
_LANE = 1.75


class StreetPlan:
    """A random street, the things in it, and the ride of the camera through it.

    Args:
        rng: Random generator that every choice is drawn from.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        duration: Length of the video in units of time.
        crowd: Probability of a crowd.
        zoom: Focal length relative to that of a dash camera.
        turn: Columns by which the camera turns to the right within the video, in pixels.

    Attributes:
        duration: Length of the video in units of time.
        travel: Way of the camera within the video in metres.
        light: Light of the scene.
        sky: The sky and the hills.
        ground: Road, pavements and side streets.
        buildings: Buildings on both sides of the street.
        trees: Trees and bushes on both sides of the street.
        cars: Cars with a track id.
        persons: Persons with a track id.
        crowd: Persons who are labelled as one crowd.
        hoardings: Walls that hide what is behind them; :func:`knet.toy.encounters.complicate` sets them up.
    """

    def __init__(
        self,
        rng: np.random.RandomState,
        height: int,
        width: int,
        duration: int,
        crowd: float,
        zoom: float,
        turn: float = 0.0,
    ) -> None:
        self._rng = rng
        self._height, self._width, self.duration, self._zoom, self._turn = height, width, duration, zoom, turn
        self.hoardings: List[Hoarding] = []
        self._sample_ride()
        self._sample_light()
        self._sample_scenery()
        self.cars: List[Car] = []
        self.persons: List[Person] = []
        self._sample_cars()
        self._sample_persons()
        self.crowd = self._sample_crowd() if rng.uniform() < crowd else []

    def camera(self, time: float) -> Camera:
        """Return the camera at a time in pixels of the picture, without its turn."""
        amplitude, period, phase = self._pan
        pan = amplitude * float(np.sin(phase + 2 * np.pi * time / period))
        bounce = self._bounce[0] * float(np.sin(self._bounce[1] + 1.9 * time)) if self._speed else 0.0
        focal = self._zoom * max(0.72 * self._width, 1.45 * self._height)
        return Camera(self.eye_x, self._eye_y, self.eye_z(time), focal, self._width / 2 + pan, self._horizon + bounce)

    def eye_z(self, time: float) -> float:
        """Return the position of the camera along the street at a time in metres."""
        return self._speed * time

    def fine_camera(self, time: float) -> Camera:
        """Return the camera at a time in pixels of the canvas, which is :data:`FINE` times as fine as the picture."""
        camera = self.camera(time)
        centre = camera.centre - self._turn * (time / self.duration - 0.5)
        return camera._replace(focal=camera.focal * FINE, centre=centre * FINE, horizon=camera.horizon * FINE)

    def _sample_ride(self) -> None:
        rng = self._rng
        self._speed = 0.0 if rng.uniform() < 0.2 else rng.uniform(0.1, 0.75)
        self.travel = self._speed * self.duration
        self._pan = rng.uniform(0.0, 0.12) * self._width, rng.uniform(8.0, 22.0), rng.uniform(0, 2 * np.pi)
        self._bounce = rng.uniform(0.0, 0.008) * self._height, rng.uniform(0, 2 * np.pi)
        self.eye_x, self._eye_y = rng.uniform(1.0, 2.2), rng.uniform(1.6, 2.1)
        self._horizon = self._height * rng.uniform(0.38, 0.46)

    def _sample_light(self) -> None:
        rng = self._rng
        brightness, warmth = rng.uniform(0.85, 1.15), rng.uniform(-0.08, 0.12)
        gain = (brightness * (1 + warmth), brightness, brightness * (1 - warmth))
        red, green, blue = (int(v) for v in np.clip(np.array((206, 216, 228)) * np.array(gain), 0, 240))
        self.light = Light(gain, (red, green, blue), rng.uniform(60.0, 150.0))

    def _sample_scenery(self) -> None:
        rng = self._rng
        end = self.travel + 90.0
        crossings, z = [], rng.uniform(11.0, 30.0)
        # Farther side streets would be thinner than a pixel.
        while z < self.travel + 26.0:
            crossings.append((z, z + 7.5))
            z += rng.uniform(35.0, 60.0)
        self.ground = Ground(rng, crossings, self.travel + 60.0, self.light)
        fine = self.fine_camera(0)
        # Blurred pictures look half a frame beyond both ends of the video.
        turned = abs(self._turn) * (0.5 + 1 / self.duration)
        margin = int(np.ceil(FINE * (self._pan[0] + turned))) + 2
        self.sky = Sky(
            rng,
            self.light,
            rng.uniform(-0.5, 0.6),
            (int(self._horizon * FINE * 1.05) + 4, FINE * self._width // 2 + margin),
            fine.focal,
        )
        self.buildings: List[Building] = []
        self.trees: List[Tree] = []
        leaf = LEAVES[rng.randint(len(LEAVES))]
        for side in (-1, 1):
            self._sample_side(side, end, leaf)

    def _sample_side(self, side: int, end: float, leaf: Tuple[int, int, int]) -> None:
        """Line one side of the street with buildings, gaps, trees and bushes."""
        rng = self._rng
        kerb = self.ground.road + self.ground.walk
        face, built = kerb + rng.uniform(0.5, 3.5), rng.uniform(0.65, 1.0)
        z = -8.0 + rng.uniform(0, 5)
        while z < end:
            length = rng.uniform(6.0, 13.0)
            if self._clear_of_crossing(z, z + length) and rng.uniform() < built:
                floors, bays = rng.randint(1, 4), max(2, int(length / 2.4))
                colours = WALLS[rng.randint(len(WALLS))], ROOFS[rng.randint(len(ROOFS))]
                self.buildings.append(
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
                self.trees.append(Tree.sample(rng, x, float(z), (r, g, b), bush))

    def _clear_of_crossing(self, z0: float, z1: float) -> bool:
        margin = self.ground.walk
        return all(z1 < c0 - margin or z0 > c1 + margin for c0, c1 in self.ground.crossings)

    def next_owner(self) -> int:
        """Return the object number of the next thing on the canvas."""
        return _FIRST_THING + len(self.cars) + len(self.persons)

    def _is_free(self, motion: Motion, gap: float, others: Sequence[Thing]) -> bool:
        """Return whether a path stays ``gap`` metres away from other things in every frame."""
        for frame in range(self.duration):
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
        if self.next_owner() < 256 and self._is_free(motion, 4.4, self.cars):
            self.cars.append(Car(self.next_owner(), motion, shape, colour, heading))

    def _sample_cars(self) -> None:
        rng = self._rng
        middle = self.duration / 2
        for z0, _ in self.ground.crossings[:2]:
            for lane, direction in ((1.9, -1), (5.4, 1)):
                if rng.uniform() < 0.65:
                    pace = direction * rng.uniform(0.35, 0.95)
                    self._add_car(Motion(rng.uniform(-7, 7) - pace * middle, z0 + lane, vx=pace))
        if rng.uniform() < 0.65:
            pace = max(0.0, self._speed + rng.uniform(-0.12, 0.22))
            turn = None if rng.uniform() < 0.75 else self.duration * 1.0
            self._add_car(Motion(_LANE, rng.uniform(9.0, 17.0), vz=pace, turn=turn))
        for _ in range(rng.randint(1, 3) + int(self.travel / 30)):
            pace = -rng.uniform(0.2, 0.85)
            self._add_car(Motion(-_LANE, rng.uniform(9.0, 20.0 + self.travel), vz=pace))
        parked = self.ground.road - 1.05
        for side in (-1, 1):
            crowding = rng.uniform(0.05, 0.38)
            for z in np.arange(6.5 + rng.uniform(0, 4), 17.0 + self.travel, 6.5):
                if rng.uniform() < crowding and self._clear_of_crossing(z - 2.5, z + 2.5):
                    self._add_car(Motion(side * parked, float(z)), 0.0 if side > 0 else np.pi)

    def admit(self, person: Person, gap: float) -> None:
        """Add a person whose path keeps ``gap`` metres away from other persons and stays out of the way of cars."""
        if (
            self.next_owner() < 256
            and self._is_free(person.motion, 1.8, self.cars)
            and self._is_free(person.motion, gap, self.persons)
        ):
            self.persons.append(person)

    def _add_person(self, motion: Motion, gap: float = 0.9) -> None:
        self.admit(Person.sample(self._rng, self.next_owner(), motion), gap)

    def _sample_persons(self) -> None:
        rng = self._rng
        middle = self.duration / 2
        for _ in range(rng.randint(2, 5)):
            pace = rng.choice((-1, 1)) * rng.uniform(0.15, 0.4)
            turn = rng.uniform(0.35, 0.6) * self.duration if rng.uniform() < 0.3 else None
            z = 5.5 + self.travel + rng.uniform(0.0, 6.0)
            self._add_person(Motion(rng.uniform(-4.5, 4.5) - pace * middle, z, vx=pace, turn=turn))
        for _ in range(rng.randint(2, 5) + int(self.travel / 8)):
            side = rng.choice((-1, 1))
            x = side * (self.ground.road + rng.uniform(0.3, self.ground.walk - 0.2))
            pace = rng.choice((-1, 1)) * rng.uniform(0.12, 0.34) if rng.uniform() < 0.8 else 0.0
            turn = rng.uniform(0.3, 0.7) * self.duration if rng.uniform() < 0.2 else None
            self._add_person(Motion(x, rng.uniform(6.5, 12.0 + self.travel), vz=pace, turn=turn), 0.6)

        if rng.uniform() < 0.7 and self.duration > 4:
            self._add_leaver()

    def _add_leaver(self) -> None:
        """Add a person who walks out of the picture sideways and comes back."""
        rng = self._rng
        last, side = self.duration - 1, rng.choice((-1, 1))
        turn = int(rng.uniform(0.35, 0.55) * last)
        z = self.camera(last).z + rng.uniform(5.0, 8.0)

        def edge(frame: int) -> float:
            camera = self.camera(frame)
            pixels = camera.centre if side < 0 else self._width - camera.centre
            return pixels / camera.focal * (z - camera.z) + side * camera.x

        # The person is outside at the turn and inside again at the end, if walking speed allows it.
        away, back = edge(turn) + rng.uniform(0.4, 0.7), edge(last) - rng.uniform(0.7, 1.4)
        pace = (away - back) / (last - turn)
        if 0.1 <= pace <= 0.7:
            self._add_person(Motion(side * (away - pace * turn), z, vx=side * pace, turn=float(turn)))

    def _sample_crowd(self) -> List[Person]:
        """Return persons who stand close together far away."""
        rng = self._rng
        side, z = rng.choice((-1, 1)), self.travel + rng.uniform(18.0, 24.0)
        group = []
        for _ in range(rng.randint(5, 9)):
            motion = Motion(side * (self.ground.road + rng.uniform(0.2, self.ground.walk)), z + rng.uniform(0, 1.5))
            group.append(Person(CROWD, motion, rng.uniform(1.5, 1.9), 0.0, 0.0, Look.sample(rng)))
        return group
