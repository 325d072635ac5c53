"""Dressed atoms as a predictor: the sum of one number an element, the baseline of every model of molecular energies.

It needs no geometry: what a molecule is made of is in its SMILES.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.bundle import Bundle, Trained
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.predictors import reading, report, targets, usable
from mlcore.predictors.dressed_atoms import DressedAtoms, Formula, strange
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.run import Run

Floats = NDArray[np.float64]

_NOTES = (
    "Dressed atoms: the sum of one number an element, fitted by least squares. `std` is one number a property, set on "
    "the validation rows so that mean ± 1.645 std holds 90 % of them. Every molecule of known elements is in the "
    "domain, and others are refused. The section `training` has no meaning here."
)


def train(run: Run) -> Trained:
    """Fits the numbers; UserError when a property cannot be learned or the structures are no molecules."""
    if run.config.data.kind != "molecule":
        raise UserError('data.kind: dressed atoms add up to a molecule; set it to "molecule"')
    table, split = run.table, run.split()
    _, spread = targets.standards(table, split)
    formulas = [Formula.of(molecule) for molecule in reading.of_keys(table.keys)]
    dressed = DressedAtoms.fit([formulas[row] for row in split.train], table.targets[split.train])
    split = usable.of_known_elements(run, formulas, split)
    mean, inside = dressed(formulas), np.ones(len(formulas), dtype=bool)
    before = np.broadcast_to(spread, (len(split.valid), len(spread)))
    factors = report.calibrate(table, split.valid, mean[split.valid], before, np.ones(len(spread)), run.events)
    std = spread * factors
    metrics = report.parts(table, split, lambda rows: (mean[rows], np.broadcast_to(std, mean[rows].shape)), inside)
    kept: dict[str, Tensor] = dressed.tensors() | {"std": torch.from_numpy(std)}
    notes = f"{_NOTES}\n\n## Training\n\nSplit digest `{split.digest}`."
    return Trained(kept, targets.describe(table, split), split, metrics, notes=notes)


def load(bundle: Bundle, device: torch.device) -> "AtomCounts":
    """The predictor in a bundle."""
    return AtomCounts(bundle)


class AtomCounts:
    """Fitted dressed atoms (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle) -> None:
        self.properties = bundle.manifest.properties
        try:
            self._dressed, self._std = DressedAtoms.load(bundle.tensors), bundle.tensors["std"].numpy()
        except (KeyError, ValueError) as error:
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {error}") from error

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores molecules; their geometries do not matter."""
        return self._answer(*reading.read(structures, "molecule"))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for molecules that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        formulas = [Formula.of(molecule) for molecule in molecules]
        faults = [strange(formula, self._dressed.elements) for formula in formulas]
        following = iter(faults)
        errors = [error or next(following) for error in errors]
        axis = self._dressed([formula for formula, fault in zip(formulas, faults, strict=True) if not fault])
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        std = np.broadcast_to(self._std, mean.shape)
        return Predictions.of(mean, std, [""] * len(mean), errors)
