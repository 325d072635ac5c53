"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """Processes that share work with this one, started when there is some and kept until the `with` block ends."""

    def __init__(self, processes: int | None = None) -> None:
        """None takes one process per core; with 1 this very process does the work."""
        self.processes = processes or len(os.sched_getaffinity(0))
        self._pool = ProcessPoolExecutor(self.processes, initializer=die_with_parent(signal.SIGKILL))

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in order; `items` is read a little ahead."""
        source = iter(items)
        if self.processes == 1:
            yield from map(function, source)
            return
        ahead = [self._pool.submit(function, item) for item in islice(source, 2 * self.processes)]
        while ahead:
            yield ahead.pop(0).result()
            ahead += [self._pool.submit(function, item) for item in islice(source, 1)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """What a child calls first (`preexec_fn`, `initializer`): the kernel sends it `sig` when its starter's thread ends.

    Even `kill -9` of the parent then leaves nothing behind. Only Linux can do this; elsewhere it does nothing.
    """
    return partial(_bind, sig, os.getpid())


def end_with_parent(sig: signal.Signals) -> None:
    """The same for a process that somebody else has started; it calls this itself, early."""
    _bind(sig, os.getppid())


def _bind(sig: signal.Signals, parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, sig)
    if os.getppid() != parent:  # it died between fork and prctl
        os._exit(1)
