"""Panoptic predictions of videos as json files in YouTube-VIS's form."""

from pathlib import Path
from typing import Any, Callable, Dict, List

from knet.layouts.map_objects import VideoTracks, thing_categories
from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.utils.io import PathLike, write_json_atomic


@register_exporter
class TracksJsonExporter(Exporter):
    """Writes ``TARGET/youtube_vis.json`` (annotations) and ``TARGET/results.json`` (results) of the tracked things.

    The first is a file as YouTube-VIS publishes its training set, for viewers, label tools and converters. The second
    is a file as its server takes it. Panoptic maps store no scores: every track has 1. Things without track id are left
    out. Videos keep their numbers, and category ids are dataset ids.
    """

    name = 'youtube-vis-json'

    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write the tracks of all predicted videos."""
        space, target = self.classes(predictions), Path(target)
        videos: List[Dict[str, Any]] = []
        annotations: List[Dict[str, Any]] = []
        for video in predictions.videos():
            frames, size = predictions.frames(video), (0, 0)
            tracks = VideoTracks(space, len(frames))
            for position, frame in enumerate(frames):
                semantic, instance = predictions.read(video, frame)
                size = semantic.shape
                tracks.add(position, semantic, instance)
                tick()
            names = [f'{video}/{video:06d}_{frame:06d}.jpg' for frame in frames]
            videos.append(dict(id=video, height=size[0], width=size[1], length=len(frames), file_names=names))
            annotations += tracks.annotations(video, len(annotations) + 1)
        files = [target / 'youtube_vis.json', target / 'results.json']
        document = dict(videos=videos, annotations=annotations, categories=thing_categories(space))
        results = [
            dict(score=1.0, **{key: ann[key] for key in ('video_id', 'category_id', 'segmentations')})
            for ann in annotations
        ]
        for path, content in zip(files, (document, results)):
            write_json_atomic(path, content, indent=None)
        return files
