"""Children that end with their parent, even when the parent is killed and cannot end them.

Linux only (PR_SET_PDEATHSIG, prctl(2)); elsewhere a killed parent leaves its children behind.
"""

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def dying_with_parent() -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel sends the child SIGTERM when this process ends."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: afterwards a child must not allocate or import.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)

    return ask_kernel
