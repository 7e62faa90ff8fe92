"""SemanticKITTI-DVPS: SemanticKITTI classes projected into the camera image."""

from .registry import register_label_space
from .space import ClassInfo, LabelSpace

_CLASSES = (
    ('car', (100, 150, 245)),
    ('bicycle', (100, 230, 245)),
    ('motorcycle', (30, 60, 150)),
    ('truck', (80, 30, 180)),
    ('other-vehicle', (0, 0, 255)),
    ('person', (255, 30, 30)),
    ('bicyclist', (255, 40, 200)),
    ('motorcyclist', (150, 30, 90)),
    ('road', (255, 0, 255)),
    ('parking', (255, 150, 255)),
    ('sidewalk', (75, 0, 75)),
    ('other-ground', (175, 0, 75)),
    ('building', (255, 200, 0)),
    ('fence', (255, 120, 50)),
    ('vegetation', (0, 175, 0)),
    ('trunk', (135, 60, 0)),
    ('terrain', (150, 240, 80)),
    ('pole', (255, 240, 150)),
    ('traffic-sign', (255, 0, 0)),
)

#: 8 things (0..7) + 11 stuff (8..18).
SEMANTIC_KITTI = register_label_space(
    LabelSpace('semantic_kitti', [ClassInfo(label, colour, i < 8, i) for i, (label, colour) in enumerate(_CLASSES)])
)
