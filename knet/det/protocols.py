"""Base classes of models by their input: single images, a stream of frames, or whole videos.

Programs check ``isinstance(model, StreamModel)`` instead of looking for methods. The classes are base classes, not
structural protocols, so that every model declares its kind of input.
"""

from abc import ABC, abstractmethod
from typing import Any, Callable, Dict, Iterable, List, Sequence, Union

from torch import Tensor

from knet.labels import LabelSpace
from knet.structures import InstancePrediction, PanopticPrediction

Prediction = Union[PanopticPrediction, InstancePrediction]


class ImageModel(ABC):
    """Predicts images independently of each other.

    Attributes:
        label_space: Classes of the predictions.
    """

    label_space: LabelSpace

    @abstractmethod
    def predict_images(self, img: Tensor, img_metas: Sequence[Dict[str, Any]]) -> List[Prediction]:
        """Predict a batch of images.

        Args:
            img: (B, 3, H, W) float images, normalised and padded.
            img_metas: B dicts with ``img_shape`` and ``ori_shape``.

        Returns:
            One prediction per image, at the original size.
        """


class StreamModel(ABC):
    """Predicts the frames of a video one after another and remembers what it needs in an explicit memory.

    The model itself keeps nothing of a video, so that one model can serve several streams in turn.

    Attributes:
        label_space: Classes of the predictions.
    """

    label_space: LabelSpace

    @abstractmethod
    def new_stream(self) -> Any:
        """Return the memory of a stream that has seen no frame."""

    @abstractmethod
    def step(self, img: Tensor, img_meta: Dict[str, Any], memory: Any) -> PanopticPrediction:
        """Predict the next frame of a stream.

        Args:
            img: (1, 3, H, W) float frame, normalised and padded.
            img_meta: Dict with ``video_id``, ``frame_id``, ``img_shape`` and ``ori_shape``, see
                :mod:`knet.datasets.pipelines.frame`; ``ori_filename`` is named in errors. A frame of another video, one
                with ``is_first_frame``, and one whose ``frame_id`` is not above the last starts the stream anew.
            memory: Memory of the stream, created by :meth:`new_stream`; updated in place.

        Returns:
            The prediction at the original size; ``instance`` holds track ids.
        """

    def begin_step(self, img: Tensor, img_meta: Dict[str, Any], memory: Any) -> Callable[[], PanopticPrediction]:
        """Predict the next frame of a stream like :meth:`step`, but do not wait until its maps have left the device.

        Args:
            img: See :meth:`step`.
            img_meta: See :meth:`step`.
            memory: See :meth:`step`.

        Returns:
            A function that waits for the prediction and returns it, to be called once, from any thread.
        """
        prediction = self.step(img, img_meta, memory)
        return lambda: prediction


class ClipModel(ABC):
    """Predicts the tracks of a whole video at once.

    Attributes:
        label_space: Classes of the predictions.
    """

    label_space: LabelSpace

    @abstractmethod
    def predict_video(self, chunks: Iterable[Tensor], img_meta: Dict[str, Any]) -> Any:
        """Segment and track a video in bounded memory.

        Args:
            chunks: Tensors (f, 3, H, W) of consecutive frames, normalised and padded.
            img_meta: Dict of the first frame with ``img_shape`` and ``ori_shape``.

        Returns:
            The tracks, see :class:`knet_vis.structures.VideoInstances`.
        """
