"""Is a structure familiar to a network: do its states lie near those of the training set?

States are what a network's readout is given: the numbers it has made of a structure, or of each of its atoms. Far from
all states of the training an answer is an extrapolation, even about a structure whose fingerprint is well known, such
as a molecule in a strained geometry; distance in this space tells such errors (Janet et al., Chem. Sci. 10, 7913
(2019)). It is taken along the principal directions of the training's states, to the nearest of some landmarks among
them that lie far apart (`landmarks`).

A part of the training structures gives no landmarks. The distances of these say which one is usual.

    V states, F numbers each, K directions, L landmarks, G structures
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.predictors import doubts
from mlcore.predictors.landmarks import spread_out

Floats = NDArray[np.float64]

SAMPLE = 10_000
"""Training structures whose states are looked at, at most; they are drawn at random."""
_LEAST = 40
"""Structures; what is usual cannot be told from fewer."""
_DIRECTIONS = 16
_JUDGES = 0.25
"""Share of the structures that give no landmarks."""


@dataclass(frozen=True)
class Latent:
    """What is kept of the states of a training set to recognise their like."""

    centre: Tensor
    """(F,)"""
    directions: Tensor
    """(F, K)"""
    landmarks: Tensor
    """(L, K); none where nothing is known, and everything is familiar."""
    limit: float
    """The largest usual distance to the nearest landmark."""

    @classmethod
    def fit(cls, states: Tensor, owners: Tensor, landmarks: int, seed: int, strangers: float = 0.005) -> "Latent":
        """From states (V, F) of the training, each of the structure that `owners` (V,) numbers.

        strangers: share of the structures without landmarks that may lie farther off than is usual.
        """
        numbers, structure = np.unique(owners.cpu().numpy(), return_inverse=True)
        if len(numbers) < _LEAST:
            return UNKNOWN
        centre = states.mean(0)
        directions = torch.linalg.eigh((states - centre).T.cov())[1].flip(1)[:, :_DIRECTIONS]
        centre, directions = (part.half().float() for part in (centre, directions))  # as a bundle keeps them
        judges = np.random.default_rng(seed).permutation(len(numbers))[: int(_JUDGES * len(numbers))]
        judging = torch.from_numpy(np.isin(structure, judges)).to(states.device)
        places = (states[~judging] - centre) @ directions
        found = cls(centre, directions, _spread_out(places, landmarks).half().float(), np.inf)
        theirs = torch.from_numpy(structure).to(states.device)[judging]
        usual = found.distances(states[judging], theirs, len(numbers)).cpu().numpy()[judges]
        return replace(found, limit=float(np.quantile(usual, 1 - strangers)))

    def distances(self, states: Tensor, owners: Tensor, count: int) -> Tensor:
        """(G,) of `count` structures: how far the farthest state of each is from its nearest landmark.

        states: (V, F), each of the structure that `owners` (V,) numbers.
        """
        farthest = torch.zeros(count, device=states.device)
        if not len(self.landmarks) or not len(states):
            return farthest
        nearest = torch.cdist((states - self.centre) @ self.directions, self.landmarks).amin(1)
        return farthest.scatter_reduce(0, owners, nearest, "amax")

    def doubts_about(self, distances: Floats) -> list[str]:
        """(G,): why each structure, given its distance, is unfamiliar; empty for those that are not."""
        return doubts.where(
            distances > self.limit,
            lambda row: (
                f"to the network it is like nothing in the training: distance {distances[row]:.1f} to the nearest of "
                f"{len(self.landmarks):,} landmarks, usual is {self.limit:.1f} or less"
            ),
        )

    def to(self, device: torch.device) -> "Latent":
        """The same on a device."""
        return Latent(self.centre.to(device), self.directions.to(device), self.landmarks.to(device), self.limit)

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        if not len(self.landmarks):
            return {}
        return {
            "latent.centre": self.centre.half(),
            "latent.directions": self.directions.half(),
            "latent.landmarks": self.landmarks.half(),
            "latent.limit": torch.tensor(self.limit, dtype=torch.float64),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Latent":
        """From the tensors of a bundle; `UNKNOWN` from one that keeps none, as older ones do."""
        if "latent.limit" not in tensors:
            return UNKNOWN
        centre, directions, landmarks = (tensors[f"latent.{name}"] for name in ("centre", "directions", "landmarks"))
        return cls(centre.float(), directions.float(), landmarks.float(), float(tensors["latent.limit"]))


UNKNOWN = Latent(torch.empty(0), torch.empty(0, 0), torch.empty(0, 0), np.inf)
"""Of a network of which nobody knows what it has seen."""


def _spread_out(places: Tensor, count: int) -> Tensor:
    """Up to `count` rows of (V, K) that lie far apart."""
    return places[spread_out(len(places), count, lambda row: (places - places[row]).square().sum(1).cpu().numpy())]
