"""Files of videos, by number: what predictions and ground truth have in common."""

from pathlib import Path
from typing import Dict, List, Sequence

#: Files of a frame, by video and frame number.
VideoFiles = Dict[int, Dict[int, Sequence[Path]]]


class StoredVideos:
    """Videos whose frames are one or more files each.

    Args:
        root: Folder of the files.
        videos: The files.
    """

    def __init__(self, root: Path, videos: VideoFiles) -> None:
        self.root = root
        self._videos = videos

    def videos(self) -> List[int]:
        """Video numbers in ascending order."""
        return sorted(self._videos)

    def frames(self, video_id: int) -> List[int]:
        """Numbers of the frames of a video that are there, in ascending order; empty if unknown."""
        return sorted(self._videos.get(video_id, {}))

    def path(self, video_id: int, frame_id: int) -> Path:
        """The first file of a frame: its class map."""
        return self._videos[video_id][frame_id][0]
