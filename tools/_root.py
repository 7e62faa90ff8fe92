"""Imported first by every tool: finds the package when it isn't installed."""

import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))
