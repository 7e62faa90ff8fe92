"""A tracker outside of the package."""

import torch

from knet.video.trackers import TRACKERS, Matches, Tracker


@TRACKERS.register_module()
class NearestBoxTracker(Tracker):
    """Give a thing the id of the nearest box of the previous frame."""

    def __init__(self, max_distance=50.0):
        self.max_distance = max_distance
        self.next_id = 0
        self.centres, self.ids = torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)

    def match(self, detections, frame_id):
        """Return all n detections with their ids, by descending score."""
        order = detections.boxes[:, 4].cpu().argsort(descending=True)
        boxes = detections.boxes.cpu()[order]
        centres = (boxes[:, :2] + boxes[:, 2:4]) / 2
        distances, ids = torch.cdist(centres, self.centres), []
        for row in range(len(centres)):
            column = int(distances[row].argmin()) if len(self.ids) else -1
            if column >= 0 and distances[row, column] <= self.max_distance:
                ids.append(int(self.ids[column]))
                distances[:, column] = float('inf')
            else:
                ids.append(self.next_id)
                self.next_id += 1
        self.centres, self.ids = centres, torch.tensor(ids, dtype=torch.long)
        return Matches(kept=order, ids=self.ids)
