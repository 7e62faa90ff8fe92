"""Imported first by every tool: finds the package when it isn't installed, and the modules of tools/."""

import os.path as osp
import sys

_REPOSITORY = osp.dirname(osp.dirname(osp.abspath(__file__)))
sys.path[:0] = [_REPOSITORY, osp.join(_REPOSITORY, 'tools')]
