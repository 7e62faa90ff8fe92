"""Video instance segmentation by clip-wise Video K-Net (YouTube-VIS).

``import knet_vis`` registers its models; config files ask for it with
``custom_imports = dict(imports=['knet', 'knet_vis'], allow_failed_imports=False)``.
"""

import os

if not os.environ.get('KNET_NO_PLUGIN'):
    from knet_vis import plugin  # noqa: F401
