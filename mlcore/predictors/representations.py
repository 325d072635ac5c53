"""Atoms in molecules as vectors: the FCHL19 representation, and the directions in which a training set varies.

FCHL19 (Christensen, Bratholm, Faber, von Lilienfeld, J. Chem. Phys. 152, 044107 (2020)) describes the surroundings of
an atom by histograms of its distances to each element and of its distances and angles to each pair of elements. It does
not change when the molecule is moved or turned, and follows when the atoms are written in another order.

An atom is described in each of several ranges: a near one tells what it is without the noise of far atoms, a wide one
what lies around.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from torch import Tensor

from mlcore.chem.geometry import Geometry
from mlcore.predictors.configs import FCHLConfig

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

BLOCK = 64
"""Molecules described at once: of the hundreds of numbers of each atom few are kept in a score, and the rest should not
leave the cache of a core."""


def spans(count: int, size: int) -> Iterator[slice]:
    """Slices of up to `size` that cover `count`."""
    return (slice(start, start + size) for start in range(0, count, size))


@dataclass(frozen=True)
class Range:
    """How far an atom sees, in Å, and by how many distances it tells what it sees."""

    cutoff: float
    radial2: int
    radial3: int
    fourier: int

    def size(self, elements: int) -> int:
        """D: numbers that describe an atom where molecules have so many elements."""
        return elements * self.radial2 + elements * (elements + 1) * self.radial3 * self.fourier

    def numbers(self, elements: int) -> tuple[Indices, Indices, Floats]:
        """What each of them tells, (D,) each: of which element or pair of elements, by which function of the angle (0
        where there is none), at which distance in Å."""
        pairs, functions = elements * (elements + 1) // 2, 2 * self.fourier
        near, far = (np.arange(1, count + 1) * self.cutoff / count for count in (self.radial2, self.radial3))
        whom = [np.repeat(np.arange(elements), len(near)), elements + np.repeat(np.arange(pairs), len(far) * functions)]
        angle = [np.zeros(elements * len(near), dtype=np.int64), np.tile(1 + np.arange(functions), pairs * len(far))]
        distance = [np.tile(near, elements), np.tile(np.repeat(far, functions), pairs)]
        return np.concatenate(whom), np.concatenate(angle), np.concatenate(distance)


def ranges(config: FCHLConfig) -> tuple[Range, ...]:
    """In which atoms are described, the same distances apart in each."""
    return tuple(
        Range(cutoff, max(1, round(cutoff * config.radial2)), max(1, round(cutoff * config.radial3)), config.fourier)
        for cutoff, _ in config.looks
    )


def fchl19(geometries: Sequence[Geometry], elements: Sequence[int], config: FCHLConfig) -> list[tuple[Floats, ...]]:
    """Of each molecule an (A, D) array a range, a row an atom in its order. `elements` names all that occur."""
    from qmllib.representations import generate_fchl19  # only here: a compiled library that nothing else needs

    def look(geometry: Geometry) -> tuple[Floats, ...]:
        return tuple(
            np.asarray(
                generate_fchl19(
                    geometry.numbers,
                    geometry.positions,
                    elements=list(elements),
                    nRs2=seen.radial2,
                    nRs3=seen.radial3,
                    eta2=config.eta2,
                    eta3=config.eta3,
                    nFourier=config.fourier,
                    zeta=config.zeta,
                    rcut=seen.cutoff,
                    acut=seen.cutoff,
                    two_body_decay=config.decay2,
                    three_body_decay=config.decay3,
                    three_body_weight=config.weight3,
                )
            )
            for seen in ranges(config)
        )

    return [look(geometry) for geometry in geometries]


@dataclass(frozen=True)
class Described:
    """The atoms of one element in several molecules, as the representation has them."""

    vectors: tuple[Floats, ...]
    """(A, D) in each range."""
    molecule: Indices
    """(A,), ascending: the number of the molecule to which each belongs."""


def _by_element(geometries: Sequence[Geometry]) -> dict[int, tuple[NDArray[np.bool_], Indices]]:
    """{element: which atoms of all, end to end, are of it; the number of the molecule of each of these}."""
    atoms = np.concatenate([geometry.numbers for geometry in geometries])
    molecule = np.repeat(np.arange(len(geometries)), [len(geometry.numbers) for geometry in geometries])
    return {int(z): (atoms == z, molecule[atoms == z]) for z in np.unique(atoms)}


def blocks(
    geometries: Sequence[Geometry], elements: Sequence[int], config: FCHLConfig
) -> Iterator[dict[int, Described]]:
    """The atoms of up to BLOCK molecules at a time, by element; molecules are counted from the first of a block."""
    for rows in spans(len(geometries), BLOCK):
        some = geometries[rows]
        whole = [np.concatenate(parts) for parts in zip(*fchl19(some, elements, config), strict=True)]
        yield {z: Described(tuple(part[own] for part in whole), of) for z, (own, of) in _by_element(some).items()}


def describe(geometries: Sequence[Geometry], elements: Sequence[int], config: FCHLConfig) -> dict[int, Described]:
    """The atoms of many molecules by element: little more memory than the result, which is gigabytes for thousands."""
    sizes = [seen.size(len(elements)) for seen in ranges(config)]
    found = {
        z: Described(tuple(np.empty((len(molecule), size)) for size in sizes), molecule)
        for z, (_, molecule) in _by_element(geometries).items()
    }
    filled = dict.fromkeys(found, 0)
    for block in blocks(geometries, elements, config):
        for z, part in block.items():
            rows = slice(filled[z], filled[z] + len(part.molecule))
            for whole, vectors in zip(found[z].vectors, part.vectors, strict=True):
                whole[rows] = vectors
            filled[z] = rows.stop
    return found


@dataclass(frozen=True)
class Atoms:
    """The same in the directions of a training set."""

    vectors: tuple[Tensor, ...]
    """(A, k) float32 in each range, float16 where few stand for all."""
    molecule: Tensor
    """(A,) int64, ascending."""

    @property
    def double(self) -> tuple[Tensor, ...]:
        """The vectors in the precision in which distances are taken."""
        return tuple(part.double() for part in self.vectors)

    def of(self, first: int, last: int) -> "Atoms":
        """Those of the molecules first <= number < last, which are counted from `first`."""
        start, end = torch.searchsorted(self.molecule, torch.tensor([first, last])).tolist()
        return Atoms(tuple(part[start:end] for part in self.vectors), self.molecule[start:end] - first)


@dataclass(frozen=True)
class Directions:
    """Principal directions of the vectors of one element in one range, so that a distance costs k numbers and not D.

    What is cut off varies so little that distances, and with them a kernel, hardly change.
    """

    mean: Tensor
    """(D,) float64."""
    basis: Tensor
    """(D, k) float16: the rounding turns a direction a little, for fit and score alike."""

    @classmethod
    def fit(cls, vectors: Floats, factors: Floats, most: int, cut: float = 1e-8) -> "Directions":
        """Up to `most` directions of vectors (A, D), as long as each has more than `cut` of the variance.

        factors: how much each number counts (D,), which becomes part of the basis.
        """
        mean = vectors.mean(axis=0)
        moved = (vectors - mean) * factors
        few = len(moved) < moved.shape[1]  # then the products of atoms are the smaller matrix, of the same size
        product = (moved @ moved.T if few else moved.T @ moved) / len(moved)
        top = max(0, len(product) - most), len(product) - 1
        size, basis = eigh(product, subset_by_index=top, check_finite=False)
        kept = int(np.clip((size > cut * np.trace(product)).sum(), 1, most))
        basis = basis[:, ::-1][:, :kept]
        if few:
            basis = moved.T @ basis
            basis = basis / np.maximum(np.linalg.norm(basis, axis=0), 1e-300)
        return cls(torch.from_numpy(mean), torch.from_numpy(factors[:, None] * basis).half())

    def __call__(self, vectors: Floats) -> Tensor:
        """(A, D) -> (A, k) float32, as a bundle keeps them: a fit must see the numbers that scoring will see."""
        return ((torch.from_numpy(vectors) - self.mean) @ self.basis.double()).float()


def project(found: Mapping[int, Described], by: Mapping[int, Sequence[Directions]]) -> dict[int, Atoms]:
    """The atoms of each element in its directions."""
    return {
        z: Atoms(
            tuple(turn(part) for turn, part in zip(by[z], one.vectors, strict=True)), torch.from_numpy(one.molecule)
        )
        for z, one in found.items()
    }


def join(parts: Sequence[Mapping[int, Atoms]], count: int) -> dict[int, Atoms]:
    """The atoms of all parts by element; each part but the last is of `count` molecules."""
    joined = {}
    for z in sorted({z for part in parts for z in part}):
        found = [(part[z], n * count) for n, part in enumerate(parts) if z in part]
        vectors = zip(*(atoms.vectors for atoms, _ in found), strict=True)
        molecule = torch.cat([atoms.molecule + start for atoms, start in found])
        joined[z] = Atoms(tuple(torch.cat(each) for each in vectors), molecule)
    return joined
