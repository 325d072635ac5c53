"""A few of many that lie far apart, to stand for all: each the farthest from all picked before.

MaxMin picking (Ashton et al., Quant. Struct.-Act. Relat. 2002), the farthest-point rule of Gonzalez, Theor. Comput.
Sci. 38, 293 (1985).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def spread_out(size: int, count: int, distances_from: Callable[[int], NDArray[np.floating]]) -> list[int]:
    """Up to `count` numbers below `size`, which is not 0, in the order in which they are picked; 0 comes first.

    distances_from: of a number, to all (size,); on any scale that rises with the distance.
    """
    picked, nearest = [0], distances_from(0)
    while len(picked) < min(count, size):
        nearest[picked[-1]] = -np.inf  # the same twice stands for no more
        picked.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances_from(picked[-1]))
    return picked
