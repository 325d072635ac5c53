"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for subprocess: the kernel sends `sig` to the child when the thread that started it ends.

    So even `kill -9` of the parent leaves nothing behind. Only Linux can do this; elsewhere it does nothing.
    """
    parent = os.getpid()

    def bind() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return bind
