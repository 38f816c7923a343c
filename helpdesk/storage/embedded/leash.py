"""A child process that ends with its parent, however that ended."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals, parent: int | None = None) -> Callable[[], None] | None:
    """The kernel sends the signal once the parent, by default who asks this, is gone. Only Linux knows how.

    To be called in the child. Made before the fork: in `preexec_fn` only system calls are safe.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    expected = parent or os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != expected:  # it died before we asked
            os._exit(1)

    return ask_the_kernel
