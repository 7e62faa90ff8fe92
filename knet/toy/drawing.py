"""Drawing primitives of the toy street: a camera and a canvas with exact labels.

The canvas has four channels: RGB and the number of the object that owns the pixel. Every shape is filled once, without
anti-aliasing, so that image and label agree in every pixel and nearer things overwrite farther ones in both.

World coordinates are metres: X to the right, Y up (0 = ground), Z ahead.
"""

import math
from typing import NamedTuple, Sequence, Tuple, Union

import cv2
import numpy as np

Colour = Tuple[int, int, int]

#: Nothing nearer than this many metres is projected.
NEAR = 0.6
# cv2 rasterises with 32-bit fixed point, so far-away corners are pulled in.
_LIMIT = 8000


class Camera(NamedTuple):
    """A pinhole camera that looks along Z with a small pan.

    Attributes:
        x: Lateral position in metres.
        y: Height above the ground in metres.
        z: Position along the street in metres.
        focal: Focal length in pixels.
        centre: Image column of the street's vanishing point.
        horizon: Image row of the horizon.
    """

    x: float
    y: float
    z: float
    focal: float
    centre: float
    horizon: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) float64 world points to (..., 2) int32 pixel coordinates."""
        scale = self.focal / np.maximum(points[..., 2] - self.z, NEAR)
        out = np.empty((*points.shape[:-1], 2))
        out[..., 0] = self.centre + (points[..., 0] - self.x) * scale
        out[..., 1] = self.horizon - (points[..., 1] - self.y) * scale
        np.rint(out, out=out)
        np.maximum(out, -_LIMIT, out=out)
        np.minimum(out, _LIMIT, out=out)
        return out.astype(np.int32)


class Light(NamedTuple):
    """Illumination of one video.

    Attributes:
        gain: RGB factors of the light's colour and brightness.
        haze: RGB colour that far things fade into, 0..255.
        reach: Distance in metres at which 63% of a colour has become haze.
    """

    gain: Tuple[float, float, float]
    haze: Colour
    reach: float

    def shade(self, colour: Sequence[float], factor: float, distance: float) -> Colour:
        """Return the colour of a surface that is ``distance`` metres away, RGB 0..255."""
        keep = math.exp(-max(distance, 0.0) / self.reach)
        (r, g, b), (gain_r, gain_g, gain_b), (haze_r, haze_g, haze_b) = colour, self.gain, self.haze
        return (
            int(keep * min(255.0, r * gain_r * factor) + (1 - keep) * haze_r),
            int(keep * min(255.0, g * gain_g * factor) + (1 - keep) * haze_g),
            int(keep * min(255.0, b * gain_b * factor) + (1 - keep) * haze_b),
        )


class Canvas:
    """A (H, W, 4) uint8 picture of RGB and object number.

    Args:
        height: H in pixels.
        width: W in pixels.
        camera: Camera of the frame.
        light: Illumination and haze.
    """

    def __init__(self, height: int, width: int, camera: Camera, light: Light) -> None:
        self.pixels = np.zeros((height, width, 4), dtype=np.uint8)
        self.camera = camera
        self.light = light

    def tint(self, colour: Sequence[float], factor: float, z: float, owner: int) -> Tuple[int, int, int, int]:
        """Return the fill value of a lit surface of object ``owner`` at world depth ``z`` in metres."""
        return (*self.light.shade(colour, factor, z - self.camera.z), owner)

    def darken(self, shadows: Sequence[np.ndarray]) -> None:
        """Darken the painted pixels in shadows with (4, 3) world corners each."""
        mask = np.zeros(self.pixels.shape[:2], dtype=np.uint8)
        for corners in shadows:
            if corners[:, 2].min() > self.camera.z + NEAR:
                cv2.fillConvexPoly(mask, self.camera.project(corners), 1, cv2.LINE_8)
        rows, columns = np.nonzero(mask)
        self.pixels[rows, columns, :3] = self.pixels[rows, columns, :3] // 9 * 5

    def polygon(self, corners: np.ndarray, value: Tuple[int, int, int, int]) -> None:
        """Fill a convex polygon of (N, 2) int32 pixel corners."""
        cv2.fillConvexPoly(self.pixels, corners, value, cv2.LINE_8)

    def polygons(self, corners: Union[np.ndarray, Sequence[np.ndarray]], value: Tuple[int, int, int, int]) -> None:
        """Fill several separate polygons, each (N, 2) int32, with one value."""
        if len(corners):
            cv2.fillPoly(self.pixels, list(corners), value, cv2.LINE_8)

    def disc(self, centre: np.ndarray, radius: float, value: Tuple[int, int, int, int]) -> None:
        """Fill a disc around a (2,) int32 pixel position."""
        cv2.circle(self.pixels, (int(centre[0]), int(centre[1])), max(1, round(radius)), value, -1, cv2.LINE_8)

    def stroke(self, start: np.ndarray, end: np.ndarray, width: float, value: Tuple[int, int, int, int]) -> None:
        """Draw a thick line between two (2,) int32 pixel positions."""
        cv2.line(
            self.pixels,
            (int(start[0]), int(start[1])),
            (int(end[0]), int(end[1])),
            value,
            max(1, round(width)),
            cv2.LINE_8,
        )


class Frame3D:
    """Local axes of an object that stands on the ground.

    Args:
        x: World X of the origin.
        z: World Z of the origin.
        heading: Direction of the local u axis: 0 = along +Z, pi / 2 = along +X.
    """

    def __init__(self, x: float, z: float, heading: float) -> None:
        self.origin = np.array([x, 0.0, z])
        cos, sin = float(np.cos(heading)), float(np.sin(heading))
        # The rows are the directions of the local axes u (ahead), v (to the right) and y (up).
        self.axes = np.array([[sin, 0.0, cos], [cos, 0.0, -sin], [0.0, 1.0, 0.0]])

    def world(self, local: np.ndarray) -> np.ndarray:
        """Map (..., 3) local (u, v, y) metres to world (X, Y, Z)."""
        return local @ self.axes + self.origin


def facing(quads: np.ndarray) -> np.ndarray:
    """Return (...) bool: which (..., 4, 2) projected quads, clockwise seen from outside, face the camera."""
    first, second = quads[..., 2, :] - quads[..., 0, :], quads[..., 3, :] - quads[..., 1, :]
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0] > 0


def prism(bottom: Sequence[float], top: Sequence[float], y0: float, y1: float) -> np.ndarray:
    """Return the faces of a box or frustum in local coordinates.

    Args:
        bottom: ``(u0, u1, half_width)`` at height ``y0``.
        top: ``(u0, u1, half_width)`` at height ``y1``.
        y0: Height of the bottom in metres.
        y1: Height of the top in metres.

    Returns:
        (5, 4, 3) corners (u, v, y) of the faces rear, front, left, right, top. Seen from outside they run clockwise
        from the lower left.
    """

    def corner(level: int, u: int, side: int) -> Tuple[float, float, float]:
        spec, y = ((bottom, y0), (top, y1))[level]
        return spec[u], side * spec[2], y

    faces = (
        ((0, 0, -1), (1, 0, -1), (1, 0, 1), (0, 0, 1)),
        ((0, 1, 1), (1, 1, 1), (1, 1, -1), (0, 1, -1)),
        ((0, 1, -1), (1, 1, -1), (1, 0, -1), (0, 0, -1)),
        ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
        ((1, 0, -1), (1, 1, -1), (1, 1, 1), (1, 0, 1)),
    )
    return np.array([[corner(*c) for c in face] for face in faces])


def patch(face: np.ndarray, s0: float, s1: float, t0: float, t1: float) -> np.ndarray:
    """Return a part of a quad face: ``s`` runs along its bottom, ``t`` upwards, 0..1.

    Args:
        face: (4, 3) corners lower left, upper left, upper right, lower right.
        s0: Left edge of the part.
        s1: Right edge of the part.
        t0: Lower edge of the part.
        t1: Upper edge of the part.

    Returns:
        (4, 3) corners in the same order.
    """
    lower_left, upper_left, upper_right, lower_right = face

    def point(s: float, t: float) -> np.ndarray:
        return (lower_left * (1 - s) + lower_right * s) * (1 - t) + (upper_left * (1 - s) + upper_right * s) * t

    return np.array([point(s0, t0), point(s0, t1), point(s1, t1), point(s1, t0)])


def value_noise(rng: np.random.RandomState, size: int, cells: Sequence[int], weights: Sequence[float]) -> np.ndarray:
    """Return smooth periodic noise for surfaces and clouds.

    Args:
        rng: Source of randomness.
        size: Side length of the tile in pixels.
        cells: Number of random grid cells per side for each octave.
        weights: Amplitude of each octave.

    Returns:
        (size, size) float64 within plus or minus the sum of the weights.
    """
    out = np.zeros((size, size))
    for count, weight in zip(cells, weights):
        grid = rng.uniform(-1.0, 1.0, (count, count))
        position = np.arange(size) * count / size
        low = position.astype(np.int64)
        part = position - low
        part = part * part * (3 - 2 * part)
        high = (low + 1) % count
        rows = grid[low] * (1 - part)[:, None] + grid[high] * part[:, None]
        out += weight * (rows[:, low] * (1 - part) + rows[:, high] * part)
    return out
