"""Drawing: class and track colours, overlays, clips and the HTML report."""
from knet.visualization.overlay import enlarge, overlay, side_by_side
from knet.visualization.palette import semantic_colours, track_colour, track_colours
from knet.visualization.video import write_video

__all__ = ['enlarge', 'overlay', 'semantic_colours', 'side_by_side', 'track_colour', 'track_colours', 'write_video']
