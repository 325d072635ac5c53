"""Energies of molecules from their geometries, by kernel ridge regression on FCHL19 representations.

One Gaussian process (Rasmussen & Williams 2006) a property, with a kernel summed over pairs of atoms of the same
element (Christensen et al., J. Chem. Phys. 152, 044107 (2020)). Dressed atoms are taken off the targets first. Where a
property has a baseline, the table's targets are the differences to it (Ramakrishnan et al., J. Chem. Theory Comput. 11,
2087 (2015)); Ward et al. (MRS Commun. 9, 891 (2019)) do both with the older FCHL18.

The weight of a training molecule is carried over to its atoms, so a score is a sum over the atoms of a molecule of sums
over the training atoms of the same element.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore.bundle import Bundle, Trained
from mlcore.chem.geometry import Geometry
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.predictors import doubts, fchl_fit, reading, report, targets, usable
from mlcore.predictors.fchl_fit import Fit
from mlcore.predictors.fchl_model import Model
from mlcore.predictors.fchl_uncertainty import Uncertainty
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.predictors.traits import Traits
from mlcore.run import Run

Floats = NDArray[np.float64]

_NOTES = (
    "Kernel ridge regression on FCHL19 representations of geometries: a Gaussian process a property, with a kernel "
    "summed over pairs of atoms of the same element, after dressed atoms (one number an element, least squares) were "
    "taken off. `std` grows with how unlike a molecule's atoms are to the most like training atoms. It is learned "
    "from errors of training molecules left out of the fit, which flatter where `relevance_steps` made them small, "
    "and set on the validation rows, if there are any, so that mean ± 1.645 std holds 90 % of them. `in_domain` is "
    "false for a molecule whose least usual atom is less like all training atoms than those of 99 % of the training "
    "molecules are to the atoms of the other ones, for one more than twice as large as all of these, for one with a "
    "charge where none of them has such, and for a guessed geometry where they had given ones. A molecule with an "
    "element that no training molecule has, or a radical, is refused. A guess by a force field costs accuracy "
    "where the training had computed ones. The section `training` has no meaning here."
)


def train(run: Run) -> Trained:
    """Fits the kernel model that the configuration asks for; UserError when a property cannot be learned."""
    if run.resume:
        run.events.log("info", "a kernel model keeps no checkpoints: starting at the beginning")
    whole = run
    run, found, split = fchl_fit.rows_of(whole)
    targets.standards(run.table, split)
    fit = fchl_fit.fit(run, [found[row] for row in split.train], split)
    rows = np.sort(np.concatenate([split.valid, split.test]))
    mean, std, inside = _of_rows(fit.model, fit.uncertainty, [found[row] for row in rows], rows, len(found))
    factors = report.calibrate(
        run.table, split.valid, mean[split.valid], std[split.valid], np.ones(std.shape[1]), run.events
    )
    uncertainty = replace(fit.uncertainty, scale=fit.uncertainty.scale * factors)
    traits = Traits.fit(reading.of_keys([run.table.keys[row] for row in split.train]))
    kept = fit.model.tensors() | uncertainty.tensors() | traits.tensors()
    return Trained(
        kept,
        targets.describe(run.table, split),
        split,
        report.parts(run.table, split, lambda part: (mean[part], std[part] * factors), inside),
        notes=f"{_NOTES}\n\n## Training\n\n{_said(run, fit, kept)} Split digest `{split.digest}`."
        f"{usable.left_out(whole, run)}",
    )


def _of_rows(
    model: Model, uncertainty: Uncertainty, found: Sequence[Geometry], rows: NDArray[np.int64], count: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Mean and std (count, P) and in_domain (count,) of all rows of the table, filled in at some rows."""
    outputs = model.dressed.contributions.shape[1]
    mean, std, inside = np.full((count, outputs), np.nan), np.ones((count, outputs)), np.zeros(count, dtype=bool)
    if len(rows):
        scores = model.score(found)
        mean[rows] = scores.values + model.dressed(found)
        std[rows], inside[rows] = uncertainty.std(scores), doubts.inside(uncertainty.doubts_about(scores))
    return mean, std, inside


def _said(run: Run, fit: Fit, kept: dict[str, torch.Tensor]) -> str:
    """For the card: how much was learned from, how well, and what the bundle weighs."""
    atoms = sum(len(element.weights) for element in fit.model.elements.values())
    errors = ", ".join(
        f"{item.name} {error:.4g}" for item, error in zip(run.table.properties, fit.left_out, strict=True)
    )
    size = sum(tensor.numel() * tensor.element_size() for tensor in kept.values())
    return (
        f"Learned from {atoms:,} atoms. Mean absolute error of training molecules left out of the fit, one at a time, "
        f"on the model's axis: {errors}. The weights take {size / 1e6:.1f} MB."
    )


def load(bundle: Bundle, device: torch.device) -> "FCHL":
    """The predictor in a bundle; it works on the CPU whatever the device."""
    return FCHL(bundle)


class FCHL:
    """A trained kernel model (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle) -> None:
        self.properties = bundle.manifest.properties
        self._data = bundle.config.data
        tensors = bundle.tensors
        try:
            self._model = Model.load(tensors, bundle.config.model)
            self._uncertainty, self._traits = Uncertainty.load(tensors), Traits.load(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {error}") from error

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores molecules in given or guessed geometries; the answer for one does not depend on the others."""
        read = reading.in_space(structures, given, self._model.dressed.elements)
        scores = self._model.score(read.geometries)
        axis = scores.values + self._model.dressed(read.geometries)
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        found = doubts.together(
            read.doubts_about(self._data),
            self._traits.doubts_about(read.molecules),
            self._traits.too_large(read.molecules),
            self._uncertainty.doubts_about(scores),
        )
        return Predictions.of(mean, self._uncertainty.std(scores), found, read.errors)

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for molecules that have been identified: their keys are SMILES."""
        return self.predict(keys, given)
