"""Imported first by every tool: finds the package when it isn't installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import knet  # noqa: F401  settles what has to be settled before PyTorch is imported
