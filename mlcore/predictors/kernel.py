"""A Gaussian process on counts of atom surroundings and descriptors: `gaussian-process`.

Its covariance is that of `mlcore.predictors.covariance`, several properties are one process
(`mlcore.predictors.coregion`), and its intervals come from structures that it was not told about
(`mlcore.predictors.spread`). `training.steps` and `training.learning_rate` are those of the search for the largest
marginal likelihood.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.bundle import Bundle, Trained
from mlcore.data.graphs import featurise
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.predictors import covariance, doubts, process, reading, targets
from mlcore.predictors.configs import GaussianProcessConfig
from mlcore.predictors.crossfit import Material, doubts_about, limit_of
from mlcore.predictors.domain import Domain
from mlcore.predictors.process import Process, Settings
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.predictors.spread import Spread
from mlcore.run import Run

Floats = NDArray[np.float64]

_NOTES = (
    "Gaussian process on descriptors (a length scale each) and counts of Morgan environments (MinMax) of the ring "
    "closed from the primitive repeat unit; properties with values for the same structures share it, with covariances "
    "of their own for signal and noise; values are standardised (log10 where the scale is log10). Training and "
    "validation rows are both learned from: figures of the validation part are those of processes that were not told "
    "the values of its fold, with parameters found without it, too, up to 500 structures, and on rows of all folds "
    "beyond. `std` is learned from such answers and scaled so that mean ± 1.645 std holds 90 % of them; for a log10 "
    "scale it is in decades. `in_domain` is false for a structure with an element, a charge or a kind of atom or bond "
    "that no training structure has, that is like none of them, or about which the process has learned less than "
    "about nearly all of them. Of the section `training` only `steps`, `learning_rate` and `report_every` have a "
    "meaning here."
)


def train(run: Run) -> Trained:
    """Finds the parameters and the posterior; UserError when a property cannot be learned."""
    if run.resume:
        run.events.log("info", "a Gaussian process keeps no checkpoints: starting at the beginning")
    config: GaussianProcessConfig = run.config.model
    material = Material.of(run, config.folds, config.radius)
    rows, loop = material.rows, run.config.training
    settings = Settings(config.anchors, config.fit_rows, loop.steps, loop.learning_rate, config.apart)
    values = material.values[rows]
    fitted = process.fit(run, material.described.of(rows), values, material.folds, settings)
    spread = Spread.fit(values - fitted.mean, fitted.mean, [fitted.left])
    mean, left = fitted.process.score(material.described)
    mean[rows], left[rows] = fitted.mean, fitted.left
    limit, domain = limit_of(fitted.left), material.domain(config.landmarks)
    found = doubts_about(domain, material.molecules, material.graphs, left, limit)
    location, unit = material.standards
    kept = {"scale.mean": torch.from_numpy(location), "scale.unit": torch.from_numpy(unit)}
    kept["scale.limit"] = torch.tensor(limit, dtype=torch.float64)
    return Trained(
        fitted.process.tensors() | spread.tensors() | domain.tensors() | kept,
        targets.describe(run.table, material.split),
        run.split(),
        material.metrics(mean, spread.std(mean, [left]), doubts.inside(found)),
        notes=_NOTES,
    )


def load(bundle: Bundle, device: torch.device) -> "GaussianProcess":
    """The predictor in a bundle; it works on the CPU whatever the device."""
    return GaussianProcess(bundle)


class GaussianProcess:
    """A fitted process (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties = bundle.manifest.properties
        self._kind, self._radius = run.data.kind, run.model.radius
        try:
            self._process = Process.load(tensors, len(self.properties))
            self._spread = Spread.load(tensors)
            self._domain = Domain.load(tensors)
            self._mean, self._unit = (tensors[f"scale.{name}"].numpy() for name in ("mean", "unit"))
            self._limit = float(tensors["scale.limit"])
        except (KeyError, ValueError) as error:
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {error}") from error

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        return self._answer(*reading.read(structures, self._kind))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        described = covariance.describe(molecules, self._kind, self._radius)
        mean, left = self._process.score(described)
        std = self._spread.std(mean, [left]) * self._unit
        axis = mean * self._unit + self._mean
        found = doubts_about(self._domain, molecules, featurise(molecules), left, self._limit)
        values = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        return Predictions.of(values, std, found, errors)
