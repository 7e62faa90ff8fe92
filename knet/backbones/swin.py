"""mmdet's Swin transformer under the name and with the checkpoints of the original Video K-Net."""

from typing import Any, Dict

from mmcv.runner import CheckpointLoader
from mmdet.models.backbones import SwinTransformer
from mmdet.models.builder import BACKBONES
from torch import Tensor

from .swin_keys import is_original, resize_bias_table, to_mmdet


@BACKBONES.register_module()
class SwinTransformerDIY(SwinTransformer):
    """mmdet's Swin transformer that loads every layout of its weights (see docs/backbones.md).

    Args:
        drop_path_rate: Probability of the stochastic depth, 0..1.
        **kwargs: Arguments of mmdet's ``SwinTransformer``. ``init_cfg`` is ``dict(type='Pretrained', checkpoint=...)``
            with a classification or detection checkpoint in either layout.
    """

    def __init__(self, drop_path_rate: float = 0.2, **kwargs: Any) -> None:
        super().__init__(drop_path_rate=drop_path_rate, **kwargs)
        self._register_load_state_dict_pre_hook(_adopt_weights, with_module=True)

    def train(self, mode: bool = True) -> 'SwinTransformerDIY':
        """Set the mode and return the module, unlike mmdet's method, which returns nothing."""
        super().train(mode)
        return self

    def init_weights(self) -> None:
        """Initialise the weights randomly, or load those of ``init_cfg``.

        Raises:
            ValueError: If the checkpoint lacks a tensor of the backbone.
        """
        if self.init_cfg is None:
            super().init_weights()
            return
        path = self.init_cfg['checkpoint']
        weights = CheckpointLoader.load_checkpoint(path, map_location='cpu')['state_dict']
        weights = {_bare(key): value for key, value in weights.items()}
        missing = self.load_state_dict(weights, strict=False).missing_keys
        # A classifier has no norms of intermediate outputs; they stay as initialised.
        missing = [key for key in missing if not key.startswith('norm')]
        if missing:
            raise ValueError(
                f'checkpoint {path} does not fit {type(self).__name__}: it lacks {len(missing)} of '
                f'{len(self.state_dict())} tensors, for example {missing[0]}'
            )


def _bare(key: str) -> str:
    """Return a key without the prefixes of wrappers and detectors."""
    for prefix in ('module.', 'backbone.'):
        key = key[len(prefix) :] if key.startswith(prefix) else key
    return key


def _adopt_weights(module: SwinTransformerDIY, weights: Dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Convert weights of the original layout and bias tables of another window size in place, before loading."""
    if is_original(weights, prefix):
        converted = to_mmdet(weights, prefix)
        weights.clear()
        weights.update(converted)
    for name, own in module.state_dict().items():
        given = weights.get(prefix + name)
        if given is None or given.shape == own.shape:
            continue
        if name.endswith('relative_position_bias_table') and given.shape[1] == own.shape[1]:
            weights[prefix + name] = resize_bias_table(given, len(own))
        elif name.endswith('relative_position_index'):
            weights[prefix + name] = own
