"""Registers everything: importing this module fills mmdet's registries."""
import importlib

from knet.utils import compat

compat.apply()

for room in ('knet.datasets', 'knet.det', 'knet.video'):
    try:
        importlib.import_module(room)
    except ModuleNotFoundError as error:
        if not (error.name or '').startswith('knet'):
            raise
