"""Changes of a plan that make tracking harder: look-alikes, small things, crossings and long occlusions."""

from dataclasses import replace
from typing import List, Tuple

import numpy as np

from knet.toy.difficulty import Difficulty, Seed
from knet.toy.drawing import Colour
from knet.toy.hoarding import Hoarding
from knet.toy.motion import Motion
from knet.toy.persons import Person
from knet.toy.plan import StreetPlan

_BOARDS: Tuple[Colour, ...] = ((176, 162, 140), (150, 158, 166), (168, 146, 118))


def add_crossings(plan: StreetPlan, rng: np.random.RandomState, pairs: int) -> None:
    """Add pairs of persons who walk towards each other, one in front of the other where they meet."""
    for _ in range(pairs):
        meeting, x = plan.duration * rng.uniform(0.3, 0.7), plan.eye_x + rng.uniform(-2.2, 2.2)
        z, behind = plan.travel + rng.uniform(5.0, 8.5), rng.uniform(0.7, 1.1)
        for direction, depth in ((1, 0.0), (-1, behind)):
            pace = direction * rng.uniform(0.18, 0.42)
            plan.admit(Person.sample(rng, plan.next_owner(), Motion(x - pace * meeting, z + depth, vx=pace)), 0.6)


def hoardings(plan: StreetPlan, rng: np.random.RandomState, count: int) -> List[Hoarding]:
    """Return hoardings on both sides of the view, after adding a person who walks behind each of them."""
    found = []
    first_side = rng.choice((-1, 1))
    for number in range(count):
        side = first_side * (1 - 2 * number)
        middle, breadth = plan.eye_x + side * rng.uniform(0.9, 1.8), rng.uniform(1.2, 1.7)
        z = plan.travel + rng.uniform(4.6, 5.4)
        colour = _BOARDS[rng.randint(len(_BOARDS))]
        found.append(Hoarding((middle - breadth / 2, middle + breadth / 2), z, rng.uniform(2.0, 2.4), colour))
        # The person is seen before and after: halfway, the line of sight passes through the middle of the hoarding.
        pace, depth = rng.choice((-1, 1)) * rng.uniform(0.26, 0.42), rng.uniform(0.8, 2.0)
        eye = plan.eye_z(plan.duration / 2)
        x = plan.eye_x + (middle - plan.eye_x) * (z + depth - eye) / (z - eye) - pace * plan.duration / 2
        plan.admit(Person.sample(rng, plan.next_owner(), Motion(x, z + depth, vx=pace)), 0.6)
    return found


def make_look_alikes(plan: StreetPlan) -> None:
    """Give all cars the shape and colour of the first one, and all persons the look of the first one."""
    for car in plan.cars:
        car.shape, car.colour = plan.cars[0].shape, plan.cars[0].colour
    everybody = [*plan.persons, *plan.crowd]
    for person in everybody:
        person.look, person.height = everybody[0].look, everybody[0].height


def shrink(plan: StreetPlan, share: float) -> None:
    """Make all cars and persons smaller by a share of their size."""
    for car in plan.cars:
        car.shape = car.shape.scaled(1 - share)
    plan.persons[:] = [replace(person, height=person.height * (1 - share)) for person in plan.persons]
    plan.crowd[:] = [replace(person, height=person.height * (1 - share)) for person in plan.crowd]


def complicate(plan: StreetPlan, difficulty: Difficulty, seed: Seed) -> None:
    """Change a plan as the options for its things say."""
    add_crossings(plan, difficulty.rng(seed, 'crossings'), difficulty.crossings)
    plan.hoardings = hoardings(plan, difficulty.rng(seed, 'occluders'), difficulty.occluders)
    if difficulty.look_alikes:
        make_look_alikes(plan)
    if difficulty.small:
        shrink(plan, difficulty.small)
