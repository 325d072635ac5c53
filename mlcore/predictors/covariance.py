"""How alike two structures are, as a Gaussian process sees it.

    k(x, z) = a exp(-|c(x) - c(z)|^2 / 2) + (1 - a) MinMax(n(x), n(z))

c are descriptors, each divided by a length scale of its own (automatic relevance determination; Rasmussen and Williams,
Gaussian Processes for Machine Learning, 2006, section 5.1), n counts of Morgan environments. MinMax, the sum of the
smaller counts over the sum of the larger ones, is Tanimoto for counts and positive definite (Ralaivola et al., Neural
Networks 18, 1093 (2005)). k(x, x) is 1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from scipy.sparse import csr_matrix
from torch import Tensor

from mlcore.chem.identity import Kind
from mlcore.data import ragged
from mlcore.predictors import chains, features

Floats = NDArray[np.float64]

_MOST_ENVIRONMENTS = 32_000
_MOST_COUNTED = 32
_FARTHEST = 5.0  # standard deviations: an odd structure is far away, but not so far that nothing is near it


@dataclass(frozen=True)
class Described:
    """N structures in the numbers of a covariance."""

    descriptors: Floats
    """(N, D)."""
    counts: list[dict[int, int]]
    """Of each structure: how often a unit has each environment, by the environment's identifier."""

    def of(self, rows: NDArray[np.int64]) -> "Described":
        """Some of them."""
        return Described(self.descriptors[rows], [self.counts[row] for row in rows])


def describe(molecules: Sequence[Chem.Mol], kind: Kind, radius: int) -> Described:
    """The descriptors of `features` and `chains`, and counts of Morgan environments of up to `radius` bonds."""
    make = rdFingerprintGenerator.GetMorganGenerator(radius=radius)
    rows = np.zeros((len(molecules), features.DESCRIPTORS + chains.COLUMNS))
    counted = []
    for row, molecule in zip(rows, molecules, strict=True):
        counts = make.GetSparseCountFingerprint(molecule).GetNonzeroElements()
        units = math.gcd(*counts.values()) if kind == "polymer" else 1
        counted.append({name: count // units for name, count in counts.items()})
        row[:] = features.describe(molecule, units) + chains.describe(molecule, units, kind == "polymer")
    return Described(rows, counted)


@dataclass(frozen=True)
class Axes:
    """What turns descriptors into coordinates."""

    centre: Floats
    """(D,)."""
    unit: Floats
    """(D,): standard deviations of the training structures; infinite for a descriptor that is the same in all."""

    @classmethod
    def fit(cls, descriptors: Floats) -> "Axes":
        """Standardisation of the training structures (N, D)."""
        spread = descriptors.std(axis=0)
        return cls(descriptors.mean(axis=0), np.where(spread > 1e-9, spread, np.inf))

    def coordinates(self, descriptors: Floats) -> Floats:
        """(N, D) in standard deviations, and none of them far beyond the training structures."""
        return np.clip((descriptors - self.centre) / self.unit, -_FARTHEST, _FARTHEST)

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle."""
        return {f"axes.{name}": torch.from_numpy(values) for name, values in vars(self).items()}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Axes":
        """From the tensors of a bundle."""
        return cls(tensors["axes.centre"].numpy(), tensors["axes.unit"].numpy())


@dataclass(frozen=True)
class Anchors:
    """M structures to which others are compared."""

    coordinates: Floats
    """(M, D): standardised descriptors, rounded to half precision."""
    names: NDArray[np.int64]
    """(E,): the environments that occur."""
    counts: csr_matrix
    """(M, E)."""

    @classmethod
    def of(cls, described: Described, axes: Axes) -> "Anchors":
        """The rows of `described`."""
        names = sorted({name for counts in described.counts for name in counts})[:_MOST_ENVIRONMENTS]
        coordinates = axes.coordinates(described.descriptors).astype(np.float16).astype(np.float64)
        return cls(coordinates, np.array(names, dtype=np.int64), _table(described.counts, names))

    def likeness(self, described: Described) -> Floats:
        """(N, M): MinMax of the counts, those of environments that no anchor has among them."""
        totals = [sum(min(n, _MOST_COUNTED) for n in counts.values()) for counts in described.counts]
        return self.likeness_of(_table(described.counts, self.names.tolist()), np.array(totals, dtype=np.float64))

    def likeness_of(self, counts: csr_matrix, totals: Floats | None = None) -> Floats:
        """(N, M): the same of counts (N, E), whose sums are `totals`, or else their own.

        The sum of smaller counts is a product of counts written in unary.
        """
        totals = np.asarray(counts.sum(axis=1), dtype=np.float64)[:, 0] if totals is None else totals
        smaller = np.asarray(_unary(counts, self._most) @ self._unary, dtype=np.float64)
        larger = totals[:, None] + np.asarray(self.counts.sum(axis=1)).reshape(1, -1) - smaller
        return smaller / np.maximum(larger, 1)

    @cached_property
    def _most(self) -> NDArray[np.int64]:
        """(E,): the largest count of each environment."""
        return self.counts.max(axis=0).toarray()[0].astype(np.int64)

    @cached_property
    def _unary(self) -> NDArray[np.float32]:
        """(sum of the largest counts, M)."""
        return np.ascontiguousarray(_unary(self.counts, self._most).T.toarray())

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle."""
        return {
            "anchors.coordinates": torch.from_numpy(self.coordinates).half(),
            "anchors.names": torch.from_numpy(self.names),
            "anchors.counts": torch.from_numpy(self.counts.data.astype(np.uint8)),
            "anchors.columns": torch.from_numpy(self.counts.indices.astype(np.int16)),
            "anchors.rows": torch.from_numpy(self.counts.indptr.astype(np.int32)),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Anchors":
        """From the tensors of a bundle; ValueError where they do not fit together."""
        coordinates, names = tensors["anchors.coordinates"].double().numpy(), tensors["anchors.names"].numpy()
        data = tensors["anchors.counts"].numpy().astype(np.float32)
        columns, rows = (tensors[f"anchors.{name}"].numpy().astype(np.int32) for name in ("columns", "rows"))
        counts = csr_matrix((data, columns, rows), shape=(len(coordinates), len(names)))
        counts.check_format()
        return cls(coordinates, names, counts)


@dataclass(frozen=True)
class Covariance:
    """k(x, z) between any structures x and the anchors z."""

    axes: Axes
    relevance: Floats
    """(D,): the inverse of each descriptor's length scale, in standard deviations."""
    share: float
    """a: what the descriptors count for; the counts of environments have the rest."""

    def between(self, described: Described, anchors: Anchors) -> Floats:
        """(N, M)."""
        return self.of(self.axes.coordinates(described.descriptors), anchors.likeness(described), anchors)

    def among(self, anchors: Anchors) -> Floats:
        """(M, M): of the anchors as they are kept, rounded, so that it is positive definite."""
        return self.of(anchors.coordinates, anchors.likeness_of(anchors.counts), anchors)

    def of(self, coordinates: Floats, likeness: Floats, anchors: Anchors) -> Floats:
        """(N, M) from standardised descriptors (N, D) and likeness (N, M), which several covariances can share."""
        ours, theirs = coordinates * self.relevance, anchors.coordinates * self.relevance
        distance = np.square(ours).sum(1)[:, None] + np.square(theirs).sum(1) - 2 * ours @ theirs.T
        return self.share * np.exp(-0.5 * np.maximum(distance, 0)) + (1 - self.share) * likeness

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle, without the axes, which several covariances share."""
        return {"relevance": torch.from_numpy(self.relevance), "share": torch.tensor(self.share, dtype=torch.float64)}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], axes: Axes) -> "Covariance":
        """From the tensors of a bundle."""
        return cls(axes, tensors["relevance"].numpy(), float(tensors["share"]))


def _table(counted: Sequence[dict[int, int]], names: Sequence[int]) -> csr_matrix:
    """(N, E) counts, at most _MOST_COUNTED each; environments without a column are left out."""
    places = {name: place for place, name in enumerate(names)}
    rows = [sorted((places[name], count) for name, count in counts.items() if name in places) for counts in counted]
    columns = np.array([place for row in rows for place, _ in row], dtype=np.int32)
    values = np.array([min(count, _MOST_COUNTED) for row in rows for _, count in row], dtype=np.float32)
    starts = np.cumsum([0, *map(len, rows)])
    return csr_matrix((values, columns, starts), shape=(len(counted), len(names)))


def _unary(counts: csr_matrix, most: NDArray[np.int64]) -> csr_matrix:
    """Counts (N, E) with `most` (E,) ones for each environment: the first n of them are set."""
    first = np.concatenate([[0], np.cumsum(most)])
    n = np.minimum(counts.data.astype(int), most[counts.indices])
    columns = ragged.places(first[counts.indices], n)
    ends = np.concatenate([[0], np.cumsum(n)])[counts.indptr]
    return csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(counts.shape[0], first[-1]))
