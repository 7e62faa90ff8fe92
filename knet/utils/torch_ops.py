"""The compiled ops of mmcv that our models reach, written in torch.

mmcv calls its compiled code through a module named ``mmcv._ext``. The
functions here have the names and signatures of that module, and every other
name gives an op that says how to get the compiled one. The wheel that
:mod:`knet.cli.mmcv_wheel` builds holds a copy of this file as ``mmcv/_ext.py``,
so the file imports nothing of this project; where mmcv came from elsewhere
without compiled code, :mod:`knet.utils.compat` puts the functions in its
place. mmcv's own autograd functions stay on top of them. They run on any
device torch knows.

Like the originals, the functions write into the tensors they are handed
instead of returning new ones.
"""

from typing import Any, Callable, Dict, List, Sequence

import torch
import torch.nn.functional as F
import torchvision.ops
from torch import Tensor

#: Tells this module and its copies from the compiled one.
STANDS_IN = True
_INSTALL_FULL = (
    'install the full flavour: "bash tools/install.sh --full", or "pip uninstall mmcv && mim install mmcv-full==1.7.2"'
)


class MissingCompiledOp(RuntimeError):
    """A compiled op of mmcv was called, and mmcv has none here."""


def __getattr__(name: str) -> Callable:
    """Return an op that raises when it is called: mmcv asks for all ops when it is imported."""
    if name.startswith('__'):
        raise AttributeError(name)

    def missing(*args: Any, **kwargs: Any) -> None:
        raise MissingCompiledOp(
            f'mmcv was installed without compiled ops, and "{name}" is one of them. To use it, {_INSTALL_FULL}.'
        )

    return missing


def _gradients(function: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor) -> List[Tensor]:
    """Run ``function(*inputs)`` again and return the gradients of ``inputs``."""
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        return list(torch.autograd.grad(function(*leaves), leaves, grad_output))


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Non-maximum suppression.

    Args:
        boxes: Shape (N, 4), float, ``x1, y1, x2, y2``.
        scores: Shape (N,), float.
        iou_threshold: A box that overlaps a better one by more is dropped.
        offset: Width of a box is ``x2 - x1 + offset``, 0 or 1.

    Returns:
        Indices of the kept boxes, int64, in descending order of score.
    """
    # Adding the offset to the far corner changes widths and overlaps alike.
    boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return torchvision.ops.nms(boxes, scores, iou_threshold)


def _roi_align(
    features: Tensor,
    rois: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> Tensor:
    if pool_mode != 1:
        raise NotImplementedError(
            "RoIAlign with pool_mode='max' needs the compiled ops of mmcv-full; pool_mode='avg' works without them"
        )
    return torchvision.ops.roi_align(
        features, rois, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned
    )


def roi_align_forward(
    features: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor, argmax_x: Tensor, **options: Any
) -> None:
    """Average RoIAlign.

    Args:
        features: Shape (B, C, H, W).
        rois: Shape (N, 5): image index, ``x1, y1, x2, y2``.
        output: Shape (N, C, aligned_height, aligned_width), written.
        argmax_y: Only used by max pooling, untouched.
        argmax_x: Only used by max pooling, untouched.
        options: ``aligned_height, aligned_width, spatial_scale,
            sampling_ratio, pool_mode (1: average), aligned``.

    Raises:
        NotImplementedError: If max pooling is asked for.
    """
    output.copy_(_roi_align(features, rois, **options))


def roi_align_backward(
    grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor, grad_input: Tensor, **options: Any
) -> None:
    """Gradient of :func:`roi_align_forward`, written to ``grad_input`` (B, C, H, W)."""
    # RoIAlign is linear in the features: any point serves to differentiate at.
    grads = _gradients(lambda features: _roi_align(features, rois, **options), [grad_input], grad_output)
    grad_input.copy_(grads[0])


def _sigmoid_focal_loss(logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    classes = torch.arange(logits.size(1), device=logits.device)
    one_hot = (target[:, None] == classes).to(logits.dtype)
    loss = torchvision.ops.sigmoid_focal_loss(logits, one_hot, alpha=alpha, gamma=gamma, reduction='none')
    if weight.numel():
        loss = loss * F.pad(weight, (0, 1), value=1.0)[target][:, None]
    return loss


def sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Sigmoid focal loss of every logit.

    Args:
        logits: Shape (N, C), float.
        target: Shape (N,), int64, 0..C; C is background.
        weight: Weight of a sample by its target class, shape (C,), or empty.
        output: Shape (N, C), written.
        gamma: Exponent of the modulating factor.
        alpha: Weight of positives; negatives get ``1 - alpha``.
    """
    output.copy_(_sigmoid_focal_loss(logits, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of every loss by its own logit to ``grad_input`` (N, C)."""
    grads = _gradients(
        lambda x: _sigmoid_focal_loss(x, target, weight, gamma, alpha), [logits], torch.ones_like(logits)
    )
    grad_input.copy_(grads[0])


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Multi-scale deformable attention by mmcv's own torch function.

    Args:
        value: Shape (B, sum of H*W, heads, channels per head).
        spatial_shapes: Shape (levels, 2), int64, ``h, w``.
        level_start_index: Shape (levels,); follows from the shapes, unused.
        sampling_locations: Shape (B, queries, heads, levels, points, 2), ``x, y`` in 0..1.
        attention_weights: Shape (B, queries, heads, levels, points).
        im2col_step: Chunk size of the compiled op, unused.

    Returns:
        Shape (B, queries, heads * channels per head).
    """
    # mmcv.ops can be imported only once this module stands in for mmcv._ext.
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    return multi_scale_deformable_attn_pytorch(value, spatial_shapes, sampling_locations, attention_weights)


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Gradients of :func:`ms_deform_attn_forward`, written to the three ``grad_*`` tensors."""

    def attend(value: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
        return ms_deform_attn_forward(value, spatial_shapes, level_start_index, locations, weights, im2col_step)

    grads = _gradients(attend, [value, sampling_locations, attention_weights], grad_output)
    for buffer, grad in zip((grad_value, grad_sampling_loc, grad_attn_weight), grads):
        buffer.copy_(grad)


def get_compiler_version() -> str:
    """Answer to mmcv's environment report, which every training log starts with."""
    return 'none (mmcv without compiled ops)'


def get_compiling_cuda_version() -> str:
    """Answer to mmcv's environment report, which every training log starts with."""
    return 'none (mmcv without compiled ops)'


def routes() -> Dict[str, Callable]:
    """Return the functions of this module that stand in for compiled ops, by name."""
    functions = (
        nms,
        roi_align_forward,
        roi_align_backward,
        sigmoid_focal_loss_forward,
        sigmoid_focal_loss_backward,
        ms_deform_attn_forward,
        ms_deform_attn_backward,
        get_compiler_version,
        get_compiling_cuda_version,
    )
    return {function.__name__: function for function in functions}
