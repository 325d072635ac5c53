"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """What a child calls first (`preexec_fn`, `initializer`): the kernel sends it `sig` when its starter's thread ends.

    Even `kill -9` of the parent then leaves nothing behind. Only Linux can do this; elsewhere it does nothing.
    """
    return partial(_bind, sig, os.getpid())


def _bind(sig: signal.Signals, parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, sig)
    if os.getppid() != parent:  # it died between fork and prctl
        os._exit(1)
