"""The stuff of the toy street: sky, ground, buildings and trees."""

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

from knet.toy.drawing import NEAR, Canvas, Colour, Light, value_noise

#: Object numbers of the stuff classes on the canvas -> KITTI-STEP train id.
STUFF = {1: 0, 2: 1, 3: 2, 4: 8, 5: 9, 6: 10}
ROAD, SIDEWALK, BUILDING, VEGETATION, TERRAIN, SKY = range(1, 7)

WALLS: Tuple[Colour, ...] = (
    (178, 148, 120),
    (150, 84, 66),
    (196, 190, 176),
    (128, 132, 140),
    (206, 178, 130),
    (120, 108, 98),
    (172, 118, 96),
)
ROOFS: Tuple[Colour, ...] = ((126, 62, 48), (74, 72, 76), (96, 60, 44))
LEAVES: Tuple[Colour, ...] = ((74, 122, 52), (96, 136, 58), (58, 100, 58), (168, 124, 50))
_TILE = 256


class Ground:
    """Road, sidewalks, crossings and lawn, drawn from a plan of the street.

    The plan is a top view, painted once; a frame looks every pixel up in it.

    Args:
        rng: Source of the street's dimensions and colours.
        crossings: ``(z0, z1)`` ranges where a side street crosses.
        end: Z up to which the plan is needed, metres.
        light: Illumination.

    Attributes:
        road: Half width of the road in metres.
        walk: Width of each sidewalk in metres.
    """

    _CELL_X, _CELL_Z = 0.1, 0.15
    _HALF, _START = 30.0, 0.0

    def __init__(
        self, rng: np.random.RandomState, crossings: Sequence[Tuple[float, float]], end: float, light: Light
    ) -> None:
        self.road, self.walk = rng.uniform(4.9, 5.6), rng.uniform(2.0, 3.2)
        self.crossings = crossings
        self.light = light
        colours = np.zeros((6, 3))
        colours[ROAD] = rng.uniform(78, 108) + rng.uniform(-5, 5, 3)
        colours[SIDEWALK] = rng.uniform(150, 186) + rng.uniform(-14, 8, 3)
        colours[TERRAIN] = ((104, 148, 62), (138, 150, 74), (126, 112, 66))[rng.randint(3)]
        texture = value_noise(rng, _TILE, (8, 32), (0.08, 0.07)) + rng.uniform(-0.09, 0.09, (_TILE, _TILE))
        self._plan = self._paint(colours, texture, end)

    def _paint(self, colours: np.ndarray, texture: np.ndarray, end: float) -> np.ndarray:
        """Return the (Z cells, X cells, 4) uint8 plan: lit RGB and canvas object number."""
        x = np.arange(int(2 * self._HALF / self._CELL_X), dtype=np.float32)
        x = (x + np.float32(0.5)) * np.float32(self._CELL_X) - np.float32(self._HALF)
        z = np.arange(int((end - self._START) / self._CELL_Z), dtype=np.float32)[:, None]
        z = (z + np.float32(0.5)) * np.float32(self._CELL_Z) + np.float32(self._START)
        inside = self._in_crossing(z, 0.0)
        side = np.abs(x)
        paved = (side < self.road + self.walk) | self._in_crossing(z, self.walk)
        owner = np.where((side < self.road) | inside, ROAD, np.where(paved, SIDEWALK, TERRAIN)).astype(np.uint8)
        slab = (np.floor(x / 1.1).astype(np.int32) + np.floor(z / 1.1).astype(np.int32)) & 1
        walk = owner == SIDEWALK
        light = np.where(walk, np.array((0.94, 1.04), dtype=np.float32)[slab], np.float32(1))
        # The kerb is bright.
        light[walk & (np.abs(side - self.road - 0.1) < 0.14)] = 1.22
        light += np.tile(texture.astype(np.float32), (len(z) // _TILE + 1, len(x) // _TILE + 1))[: len(z), : len(x)]
        plan = np.empty((*owner.shape, 4), dtype=np.uint8)
        lit = (colours * np.array(self.light.gain)).astype(np.float32)
        marks = self._marks(x, z, owner == ROAD)
        for channel in range(3):
            plan[..., channel] = np.minimum(lit[:, channel][owner] * light, 255)
            plan[..., channel][marks] = min(226 * self.light.gain[channel], 255)
        plan[..., 3] = owner
        return plan

    def _in_crossing(self, z: np.ndarray, margin: float) -> np.ndarray:
        inside = np.zeros(z.shape, dtype=bool)
        for z0, z1 in self.crossings:
            inside |= (z >= z0 - margin) & (z < z1 + margin)
        return inside

    def _marks(self, x: np.ndarray, z: np.ndarray, road: np.ndarray) -> np.ndarray:
        """Return where the road has white paint: dashed centre line, edge lines, zebra crossings."""
        dash = (np.abs(x) < 0.12) & (np.mod(z, 6.0) < 3.2)
        edge = np.abs(np.abs(x) - self.road + 2.1) < 0.08
        zebra = np.zeros(road.shape, dtype=bool)
        for z0, _ in self.crossings:
            zebra |= (z >= z0 - 3.2) & (z < z0 - 0.8) & (np.mod(x, 1.2) < 0.6) & (np.abs(x) < self.road - 0.2)
        return road & (((dash | edge) & ~self._in_crossing(z, 3.6)) | zebra)

    def draw(self, canvas: Canvas) -> None:
        """Fill everything below the horizon."""
        camera = canvas.camera
        height, width = canvas.pixels.shape[:2]
        top = max(0, int(np.floor(camera.horizon)) + 1)
        ahead = camera.focal * camera.y / (np.arange(top, height) + 0.5 - camera.horizon)
        rows = np.minimum((ahead + camera.z - self._START) / self._CELL_Z, len(self._plan) - 1).astype(np.int64)
        step = (ahead / (camera.focal * self._CELL_X)).astype(np.float32)[:, None]
        offset = np.float32((camera.x + self._HALF) / self._CELL_X)
        columns = (np.arange(width) + 0.5 - camera.centre).astype(np.float32) * step + offset
        np.clip(columns, 0, self._plan.shape[1] - 1, out=columns)
        columns = columns.astype(np.int32) + (rows * self._plan.shape[1]).astype(np.int32)[:, None]
        # With one 32-bit value per cell the look-up is a single gather.
        cells = self._plan.view(np.uint32).reshape(-1)[columns]
        below = canvas.pixels[top:]
        below[...] = cells.view(np.uint8).reshape(below.shape)
        keep = np.rint(np.exp(-ahead / self.light.reach) * 256).astype(np.uint16)[:, None]
        for channel in range(3):
            mixed = below[..., channel] * keep
            mixed += (256 - keep) * np.uint16(self.light.haze[channel])
            below[..., channel] = mixed >> 8


class Sky:
    """A gradient with clouds and a far tree line: a panorama that pans with the camera.

    Args:
        rng: Source of clouds and skyline.
        light: Illumination.
        cover: Amount of cloud, -1 (clear) .. 1 (overcast).
        reach: (rows above the horizon, half of the columns) of the panorama.
        focal: Focal length in canvas pixels.
    """

    def __init__(
        self, rng: np.random.RandomState, light: Light, cover: float, reach: Tuple[int, int], focal: float
    ) -> None:
        clouds = value_noise(rng, _TILE, (6, 12, 24, 48), (0.5, 0.3, 0.15, 0.08)) + 0.5 * cover
        skyline = 0.5 + value_noise(rng, _TILE, (10, 24, 60), (0.25, 0.15, 0.1))[0]
        up, half = reach
        self._half = half
        level = np.arange(up - 1, -1, -1) / focal
        angle = np.arange(-half, half) / focal
        blend = np.clip(level / 0.45, 0, 1)[:, None]
        cloud = clouds[np.floor(level * 420).astype(np.int64) % _TILE]
        cloud = np.clip(cloud[:, np.floor(angle * 150).astype(np.int64) % _TILE] * 2.2, 0, 0.9)
        self._panorama = np.empty((up, 2 * half, 4), dtype=np.uint8)
        for channel, (blue, white) in enumerate(zip((92, 146, 214), (236, 238, 242))):
            gain = light.gain[channel]
            clear = (1 - blend) * light.haze[channel] + blend * blue * gain
            self._panorama[..., channel] = np.clip(clear * (1 - cloud) + white * min(gain, 1.05) * cloud, 0, 255)
        self._panorama[..., 3] = SKY
        ridge = skyline[np.floor(angle * 130).astype(np.int64) % _TILE] * 0.05
        self._panorama[level[:, None] < ridge] = (*light.shade((66, 96, 58), 1.0, 55.0), VEGETATION)

    def draw(self, canvas: Canvas) -> None:
        """Fill everything above the horizon."""
        rows = min(len(canvas.pixels), int(np.floor(canvas.camera.horizon)) + 1)
        left = self._half - int(np.floor(canvas.camera.centre))
        width = canvas.pixels.shape[1]
        canvas.pixels[:rows] = self._panorama[len(self._panorama) - rows :, left : left + width]


class Building:
    """A box along the street with windows, doors and a roof edge.

    Args:
        side: -1 = left of the street, 1 = right.
        face: Distance of the facade from the street's axis, metres.
        span: ``(z0, z1)``, near and far end.
        height: Height of the walls.
        colours: Walls and roof edge.
        lit: (floors, bays) bool, windows with light or a bright blind.

    Attributes:
        z1: World Z of the far end in metres.
    """

    def __init__(
        self,
        side: int,
        face: float,
        span: Tuple[float, float],
        height: float,
        colours: Tuple[Colour, Colour],
        lit: np.ndarray,
    ) -> None:
        self._side, self._lit = side, lit.reshape(-1)
        self._wall, self._roof = colours
        self.z0, self.z1 = span
        x0, x1 = side * face, side * (face + 12.0)
        floors, bays = lit.shape
        edges = np.linspace(self.z0, self.z1, bays + 1)
        self._middles = (edges[1:] + edges[:-1]) / 2
        rise = height - 0.5
        walls = [self._upright((x0, z0), (x0, z1), 0.0, height) for z0, z1 in zip(edges[:-1], edges[1:])]
        storey, span_z = (height - 0.8) / floors, edges[1] - edges[0]
        panes = []
        for floor in range(floors):
            for bay in range(bays):
                door = floor == 0 and bay % 3 == 1
                low, high = 0.05 if door else (floor + 0.35) * storey, (floor + 0.85) * storey
                panes.append(
                    self._upright((x0, edges[bay] + 0.25 * span_z), (x0, edges[bay] + 0.75 * span_z), low, high)
                )
        others = [
            self._upright((x0, self.z0), (x0, self.z1), rise, height),
            self._upright((x0, self.z0), (x1, self.z0), 0.0, height),
            self._upright((x0, self.z0), (x1, self.z0), rise, height),
        ]
        self._quads = np.array(walls + panes + others)

    @staticmethod
    def _upright(a: Tuple[float, float], b: Tuple[float, float], low: float, high: float) -> np.ndarray:
        return np.array([(a[0], low, a[1]), (b[0], low, b[1]), (b[0], high, b[1]), (a[0], high, a[1])])

    def draw(self, canvas: Canvas) -> None:
        """Paint the facade and, when it can be seen, the gable towards us."""
        near = canvas.camera.z + NEAR
        if self.z1 <= near:
            return
        quads = canvas.camera.project(self._quads)
        bays = len(self._middles)
        light = 0.98 if self._side < 0 else 0.88
        ahead = self._quads[:, :, 2].max(1) > near
        # The facade is drawn bay by bay, so that haze and light change along it.
        for bay in range(bays):
            if ahead[bay]:
                canvas.polygon(quads[bay], canvas.tint(self._wall, light, self._middles[bay], BUILDING))
        middle = float(self._middles.mean())
        whole = self._quads[bays:-3, :, 2].min(1) > near
        for lit, colour in ((False, (62, 74, 90)), (True, (232, 214, 160))):
            canvas.polygons(quads[bays:-3][whole & (self._lit == lit)], canvas.tint(colour, light, middle, BUILDING))
        canvas.polygon(quads[-3], canvas.tint(self._roof, light, middle, BUILDING))
        if self.z0 > near:
            canvas.polygon(quads[-2], canvas.tint(self._wall, 0.78, self.z0, BUILDING))
            canvas.polygon(quads[-1], canvas.tint(self._roof, 0.78, self.z0, BUILDING))


@dataclass
class Tree:
    """A trunk with a crown of leafy blobs; all of it is vegetation.

    Attributes:
        x: World X.
        z: World Z.
        blobs: (N, 4) float: side, height, radius in metres, brightness.
        leaf: Colour of the leaves.
        trunk: True if a trunk is drawn; bushes have none.
    """

    x: float
    z: float
    blobs: np.ndarray
    leaf: Colour
    trunk: bool

    @classmethod
    def sample(cls, rng: np.random.RandomState, x: float, z: float, leaf: Colour, bush: bool) -> 'Tree':
        """Draw the crown's shape."""
        count = 9 if not bush else 5
        size = rng.uniform(0.5, 0.75) if bush else rng.uniform(1.1, 1.7)
        top = size * 0.7 if bush else rng.uniform(3.0, 4.2)
        blobs = np.stack(
            [
                rng.uniform(-1.0, 1.0, count) * size,
                top + rng.uniform(-0.7, 0.9, count) * size,
                rng.uniform(0.45, 0.75, count) * size,
                np.sort(rng.uniform(0.72, 1.16, count)),
            ],
            axis=1,
        )
        return cls(x, z, blobs, leaf, not bush)

    def draw(self, canvas: Canvas) -> None:
        """Paint trunk and crown."""
        distance = self.z - canvas.camera.z
        if distance < 1.5:
            return
        scale = canvas.camera.focal / distance
        points = np.stack([self.x + self.blobs[:, 0], self.blobs[:, 1], np.full(len(self.blobs), self.z)], axis=1)
        ends = np.array([(self.x, 0.0, self.z), (self.x, float(self.blobs[0, 1]), self.z)])
        centres = canvas.camera.project(np.concatenate([points, ends]))
        if self.trunk:
            canvas.stroke(centres[-2], centres[-1], 0.3 * scale, canvas.tint((92, 70, 50), 1.0, self.z, VEGETATION))
        for centre, (_, _, radius, light) in zip(centres, self.blobs):
            canvas.disc(centre, radius * scale, canvas.tint(self.leaf, light, self.z, VEGETATION))
