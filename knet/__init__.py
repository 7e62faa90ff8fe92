"""Video K-Net: video segmentation in which a mask is a kernel.

``import knet`` is cheap and registers nothing. The names below are imported when they are first used. Models, data sets
and transforms enter the registries of mmdet when :mod:`knet.plugin` is imported; config files ask for it with
``custom_imports = dict(imports=['knet.plugin'], allow_failed_imports=False)``.
"""

import importlib
import sys
import warnings
from types import FrameType
from typing import Any, Dict, List, Optional

from knet.utils.compat import quiet_known_warnings
from knet.utils.threads import bound_waiting

__version__ = '0.2.0'

#: Public name -> module that defines it.
_PUBLIC: Dict[str, str] = {
    'VideoSegmenter': 'knet.apis.inference',
    'init_model': 'knet.apis.inference',
    'load_config': 'knet.apis.config',
    'build_model': 'knet.apis.config',
    'build_data': 'knet.apis.config',
    'load_checkpoint': 'knet.apis.checkpoint',
    'train': 'knet.apis.train',
    'LabelSpace': 'knet.labels',
    'get_label_space': 'knet.labels',
    'register_label_space': 'knet.labels',
    'Segment': 'knet.structures',
    'PanopticPrediction': 'knet.structures',
    'InstancePrediction': 'knet.structures',
}
__all__ = ['__version__', *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    """List the public names whether or not they have been used."""
    return sorted({*globals(), *_PUBLIC})


def _warn_about_old_config() -> None:
    """Name the remedy if a config that another program loads lists knet, but not the module that registers.

    Programs of this project accept such configs. Elsewhere mmcv imports what the config lists, and the next error would
    be that a registry does not know a type.
    """
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None and frame.f_code.co_name != 'import_modules_from_strings':
        frame = frame.f_back
    imports = frame.f_locals.get('imports') if frame is not None else None
    if imports is not None and 'knet.plugin' not in imports:
        warnings.warn(
            "custom_imports of this config lists 'knet' or a module of it; write imports=['knet.plugin'] instead "
            "(with 'knet_vis.plugin' for video instance segmentation), which registers all models and data sets"
        )


bound_waiting()
quiet_known_warnings()
_warn_about_old_config()
