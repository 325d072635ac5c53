"""Frechet distance between two sets of structures over plain descriptors.

Heusel et al. 2017 compare two sets by the Gaussians fitted to their features: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^.5).
Here the features are ten RDKit descriptors, each in standard deviations of the reference; so the distance needs no
trained network, 0 means equal first and second moments, and 1 is about one descriptor off by one standard deviation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import Crippen, rdMolDescriptors

from mlcore.data.sequences import plain_ends
from mlcore.processes import Workers

Array = NDArray[np.float64]

_BATCH = 256  # strings sent to a worker process at once
_DESCRIPTORS = (
    Chem.Mol.GetNumHeavyAtoms,
    Crippen.MolLogP,
    rdMolDescriptors.CalcTPSA,
    rdMolDescriptors.CalcNumRotatableBonds,
    rdMolDescriptors.CalcNumHBD,
    rdMolDescriptors.CalcNumHBA,
    rdMolDescriptors.CalcNumRings,
    rdMolDescriptors.CalcFractionCSP3,
    rdMolDescriptors.CalcNumHeteroatoms,
    rdMolDescriptors.CalcKappa2,
)


def distance(texts: Sequence[str], reference: Sequence[str]) -> float | None:
    """The distance of `texts` from `reference`; None where either has fewer than two readable structures."""
    theirs = descriptors(reference)
    return scaled_distance(descriptors(texts), theirs, theirs)


def scaled_distance(ours: Array, theirs: Array, ruler: Array) -> float | None:
    """The same from descriptors, (N, 10) each, NaN for what could not be read: `ours` from `theirs`, in the standard
    deviations of `ruler`; a descriptor without a spread there is left out.
    """
    ours, theirs, ruler = (rows[np.isfinite(rows).all(axis=1)] for rows in (ours, theirs, ruler))
    if min(map(len, (ours, theirs, ruler))) < 2:
        return None
    spread = ruler.std(axis=0)
    keep = spread > 0
    return distance_of_rows(ours[:, keep] / spread[keep], theirs[:, keep] / spread[keep])


def distance_of_rows(ours: Array, theirs: Array) -> float:
    """Squared Frechet distance of the Gaussians fitted to rows of features, (N, F) and (M, F), two at least of each."""
    return gaussian_distance(ours.mean(axis=0), np.cov(ours.T), theirs.mean(axis=0), np.cov(theirs.T))


def descriptors(texts: Sequence[str], workers: Workers | None = None) -> Array:
    """(N, 10); NaN for strings that RDKit does not read. Shared out among `workers` if there are any."""
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    done = workers.map(_describe, batches) if workers else map(_describe, batches)
    return np.array([row for batch in done for row in batch], dtype=np.float64).reshape(-1, len(_DESCRIPTORS))


def _describe(texts: Sequence[str]) -> list[list[float]]:
    with rdBase.BlockLogs():
        molecules = [Chem.MolFromSmiles(plain_ends(text)) for text in texts]
    unread = [np.nan] * len(_DESCRIPTORS)
    return [unread if m is None else [float(describe(m)) for describe in _DESCRIPTORS] for m in molecules]


def gaussian_distance(mean1: Array, cov1: Array, mean2: Array, cov2: Array) -> float:
    """Squared Frechet distance of two Gaussians; the trace of (C1 C2)^1/2 through the symmetric C1^1/2 C2 C1^1/2."""
    cov1, cov2 = np.atleast_2d(cov1), np.atleast_2d(cov2)
    root = _root(cov1)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov2 @ root), 0, None)).sum()
    gap = mean1 - mean2
    return max(0.0, float(gap @ gap + np.trace(cov1) + np.trace(cov2) - 2 * cross))


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    root: Array = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root
