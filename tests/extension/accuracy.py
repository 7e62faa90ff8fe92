"""A metric outside of the package."""

from knet.evaluation.metric import PairMetric, Scores, register_metric
from knet.evaluation.pairs import segment_class


@register_metric('accuracy')
class PixelAccuracy(PairMetric):
    """Share of labelled pixels whose class is right."""

    def __init__(self, label_space):
        self.label_space, self.right, self.labelled = label_space, 0, 0

    def update_pairs(self, pairs, video_id=0):
        """Add the overlaps of a frame."""
        if pairs is None:  # a labelled frame without prediction
            return
        truth, prediction = segment_class(pairs.gt), segment_class(pairs.pred)
        known = truth != self.label_space.void
        self.right += int(pairs.counts[known & (truth == prediction)].sum())
        self.labelled += int(pairs.counts[known].sum())

    def merge(self, other):
        """Add the counts of another accumulator."""
        self.right += other.right
        self.labelled += other.labelled

    def compute(self):
        """Return the score."""
        return Scores({'accuracy': self.right / self.labelled if self.labelled else None})
