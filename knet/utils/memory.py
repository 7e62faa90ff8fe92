"""Memory of long runs on the CPU."""
import ctypes

#: Blocks from this size on are mapped on their own and given back when freed, in bytes.
MAP_THRESHOLD = 4 << 20
_M_MMAP_THRESHOLD = -3


def return_freed_memory() -> bool:
    """Make the C library give large freed blocks back to the system.

    glibc keeps freed blocks of up to 32 MiB in its heap, where feature maps of
    many sizes leave holes that no other one fits: a training step of the R-50
    model peaks 0.6 GiB higher than what it holds.

    Returns:
        bool: Whether the C library has this setting (glibc has).
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAP_THRESHOLD))
    except (OSError, AttributeError, TypeError):
        return False
