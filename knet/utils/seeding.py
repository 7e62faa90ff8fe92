"""Seeds: well-mixed numbers, and one call that seeds every random generator."""

import random

import numpy as np
import torch


def mix_seed(*numbers: int) -> int:
    """Turn several non-negative integers into one well-mixed 32-bit seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_all(seed: int) -> None:
    """Seed the global random generators of Python, numpy and torch (all devices).

    Args:
        seed: 0 .. 2**32 - 1.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
