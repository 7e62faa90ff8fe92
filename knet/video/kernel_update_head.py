"""Refinement stage with links to the previous frame."""

from typing import Dict, Optional

from mmdet.models.builder import HEADS
from torch import Tensor

from knet.det.kernel_link import KernelLink
from knet.det.kernel_update_head import KernelUpdateHead, StageOutput
from knet.det.published_names import publish


def _published(suffix: str) -> Dict[str, str]:
    """Return the names that the parts of a link's attention have in published checkpoints."""
    names = dict(attention='attention_previous', attention_norm='attention_previous_norm')
    names.update(ffn='link_ffn', ffn_norm='link_ffn_norm')
    return {part: name + suffix for part, name in names.items()}


_TRACK_UPDATE = dict(update='attention_previous_update_track', **_published('_track'))
_MASK_UPDATE = dict(update='attention_previous_update_link', **_published('_link'))

#: Kind of link -> names of its parts in published checkpoints.
PREVIOUS_TYPES = {'ffn': _published(''), 'update': _TRACK_UPDATE, 'update_obj': _TRACK_UPDATE}
PREVIOUS_LINKS = {'link_atten': _published('_link'), 'update_dynamic_cov': _MASK_UPDATE}


@HEADS.register_module()
class VideoKernelUpdateHead(KernelUpdateHead):
    """:class:`~knet.det.KernelUpdateHead` whose kernels are linked to those of the previous frame.

    Args:
        previous_type: Link of the *tracking* kernels after the refinement, which classes and masks do not depend on.
            ``'ffn'`` is attention to the previous kernels. ``'update'`` and ``'update_obj'`` first update the previous
            kernels with the group features and with the refined kernels of this frame, respectively.
        previous_link: Link of the *segmentation* kernels before the refinement. ``'link_atten'`` is attention to the
            previous kernels. ``'update_dynamic_cov'`` first updates the previous kernels with the group features.
        **kwargs: Arguments of the image head.

    Raises:
        ValueError: If there is no link of that name.
    """

    def __init__(self, previous_type: Optional[str] = None, previous_link: Optional[str] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.previous_type = previous_type
        self.track_link = self._build_link('previous_type', previous_type, PREVIOUS_TYPES, kwargs)
        self.mask_link = self._build_link('previous_link', previous_link, PREVIOUS_LINKS, kwargs)
        names = {f'track_link.{part}': name for part, name in PREVIOUS_TYPES.get(previous_type or '', {}).items()}
        names.update({f'mask_link.{part}': name for part, name in PREVIOUS_LINKS.get(previous_link or '', {}).items()})
        publish(self, names)

    def _build_link(self, option: str, value: Optional[str], kinds: dict, cfg: dict) -> Optional[KernelLink]:
        if value is None:
            return None
        if value not in kinds:
            raise ValueError(f'{option}={value!r}; choose one of {sorted(kinds)} or None')
        return KernelLink(
            cfg['in_channels'],
            cfg['num_heads'],
            cfg['feedforward_channels'],
            cfg['num_ffn_fcs'],
            cfg['kernel_updator_cfg'] if 'update' in kinds[value] else None,
        )

    def freeze_links(self) -> None:
        """Stop training of the links, for stages that never get a previous frame."""
        for link in (self.track_link, self.mask_link):
            if link is not None:
                link.requires_grad_(False)
                link.idle = True

    def forward(self, x: Tensor, kernels: Tensor, masks: Tensor, previous: Optional[Tensor] = None) -> StageOutput:
        """Refine kernels and masks once.

        Args:
            x: (B, C, h, w) float features.
            kernels: (B, Q, C, 1, 1) float.
            masks: (B, Q, h, w) float mask logits.
            previous: (B, Q, C, 1, 1) float, refined kernels of the previous frame.

        Returns:
            The refined predictions; ``track_kernels`` is None without ``previous`` or without ``previous_type``.
        """
        gathered = self.gather(masks, x)
        kernels = kernels[..., 0, 0]
        if previous is None:
            return self.predict(x, self.update_kernels(gathered, kernels))
        previous = previous[..., 0, 0]
        if self.mask_link is not None:
            kernels = self.mask_link(kernels, previous, gathered)
        kernels = self.update_kernels(gathered, kernels)
        if self.track_link is None:
            return self.predict(x, kernels)
        update_with = kernels if self.previous_type == 'update_obj' else gathered
        return self.predict(x, kernels, self.track_link(kernels, previous, update_with))
