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

Array = NDArray[np.float64]

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
    ours, theirs = descriptors(texts), descriptors(reference)
    if len(ours) < 2 or len(theirs) < 2:
        return None
    spread = theirs.std(axis=0)
    keep = spread > 0
    ours, theirs = ours[:, keep] / spread[keep], theirs[:, keep] / spread[keep]
    return gaussian_distance(ours.mean(axis=0), np.cov(ours.T), theirs.mean(axis=0), np.cov(theirs.T))


def descriptors(texts: Sequence[str]) -> Array:
    """(N, 10); strings that RDKit does not read are left out."""
    with rdBase.BlockLogs():
        molecules = [m for m in (Chem.MolFromSmiles(plain_ends(text)) for text in texts) if m is not None]
    rows = [[float(describe(molecule)) for describe in _DESCRIPTORS] for molecule in molecules]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(_DESCRIPTORS))


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
