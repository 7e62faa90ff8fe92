"""Drawing: class and track colours, overlays, clips and the HTML report."""

from knet.visualization.frames import compare_frame, compare_video, worst_frames
from knet.visualization.overlay import enlarge, flat_maps, overlay, side_by_side
from knet.visualization.palette import semantic_colours, track_colour, track_colours
from knet.visualization.report import write_report
from knet.visualization.tracks import draw_tracks, draw_true_tracks, write_track_video
from knet.visualization.video import write_video

__all__ = [
    'compare_frame',
    'compare_video',
    'draw_tracks',
    'draw_true_tracks',
    'enlarge',
    'flat_maps',
    'overlay',
    'semantic_colours',
    'side_by_side',
    'track_colour',
    'track_colours',
    'worst_frames',
    'write_report',
    'write_track_video',
    'write_video',
]
