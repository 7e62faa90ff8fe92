"""Registers everything: importing this module fills mmdet's registries."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

import knet.backbones  # noqa: E402
import knet.datasets  # noqa: E402
import knet.det  # noqa: E402
import knet.video  # noqa: E402
import knet.vss  # noqa: E402, F401
