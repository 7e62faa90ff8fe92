"""Video K-Net: video segmentation in which a mask is a kernel.

``import knet`` repairs what the OpenMMLab 1.x line needs on today's PyTorch
(:mod:`knet.utils.compat`) and registers every model, data set and transform of
this package in the registries of mmdet. Config files ask for it with
``custom_imports = dict(imports=['knet'], allow_failed_imports=False)``.

Import knet *before* mmdet and mmseg: without compiled ops they cannot be
imported until the repairs are in place.

Programs that only need numpy (the evaluator command lines, for instance) set
the environment variable ``KNET_NO_PLUGIN`` to any non-empty value before they
import knet, and so don't pay for importing torch and mmdet.
"""

import os

__version__ = '0.1.0'

if not os.environ.get('KNET_NO_PLUGIN'):
    from knet import plugin  # noqa: F401
