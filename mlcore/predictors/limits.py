"""Where a model over conditions has learned something: for which structures, salts, temperatures and compositions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.data.conditions import Conditions
from mlcore.data.graphs import featurise
from mlcore.data.splits import Split
from mlcore.predictors import doubts
from mlcore.predictors.domain import Domain
from mlcore.predictors.inputs import Inputs
from mlcore.predictors.latent import Latent
from mlcore.run import Run

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_SLACK_K = 0.01
_STRANGERS = 0.1
"""Share of polymers some row of which may be stranger to the networks than what counts as familiar."""


@dataclass(frozen=True)
class Limits:
    """What is kept of the training rows to tell where a model has learned something."""

    domain: Domain
    inputs: Inputs
    reach: Floats
    """Least and highest training temperature, K."""
    latent: Latent

    @classmethod
    def fit(
        cls,
        run: Run,
        molecules: list[Chem.Mol],
        place: Indices,
        split: Split,
        inputs: Inputs,
        kelvin: Floats,
        seen: Tensor,
    ) -> "Limits":
        """Of the training rows; `seen` are the states of all rows."""
        rows, landmarks = split.train, run.config.model.landmarks
        domain = Domain.fit(molecules, featurise(molecules), np.unique(place[rows]), landmarks)
        latent = Latent.fit(seen[rows], torch.from_numpy(place[rows]), landmarks, run.config.seed, _STRANGERS)
        return cls(domain, inputs, np.array([np.nanmin(kelvin[rows]), np.nanmax(kelvin[rows])]), latent)

    def doubts_about(
        self, molecules: list[Chem.Mol], place: Indices, conditions: Conditions, kelvin: Floats, seen: Tensor
    ) -> list[str]:
        """(N,): of what unknown kind the structure is, and which condition the training does not reach; else empty."""
        if not len(place):
            return []
        strange = self.domain.doubts_about(molecules, featurise(molecules))
        least, most = self.reach
        beyond = doubts.where(
            ~((kelvin >= least - _SLACK_K) & (kelvin <= most + _SLACK_K)),
            lambda row: f"{kelvin[row]:.0f} K is beyond the training, {least:.0f} to {most:.0f} K",
        )
        each = torch.arange(len(place), device=seen.device)
        distances = self.latent.to(seen.device).distances(seen, each, len(place))
        return doubts.together(
            [strange[i] for i in place],
            beyond,
            self.inputs.doubts_about(conditions, len(place)),
            self.latent.doubts_about(distances.cpu().numpy()),
        )

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle."""
        kept = self.inputs.tensors() | self.domain.tensors() | self.latent.tensors()
        return kept | {"reach_k": torch.from_numpy(self.reach)}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], inputs: Inputs) -> "Limits":
        """From the tensors of a bundle; KeyError where they lack some."""
        return cls(Domain.load(tensors), inputs, tensors["reach_k"].numpy(), Latent.load(tensors))
