"""The fit of a kernel model of molecular energies: which rows, which atoms, which weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore.chem.geometry import Geometry
from mlcore.data.splits import Split
from mlcore.errors import UserError
from mlcore.predictors import inducing, kernels, relevance, representations, ridge, usable
from mlcore.predictors.configs import FCHLConfig
from mlcore.predictors.dressed_atoms import DressedAtoms
from mlcore.predictors.fchl_model import Element, Groups, Model, kernel_of
from mlcore.predictors.fchl_uncertainty import Uncertainty
from mlcore.predictors.kernels import Kernel
from mlcore.predictors.relevance import Factors
from mlcore.predictors.representations import Atoms, Described, Directions
from mlcore.run import Run

Floats = NDArray[np.float64]

FEWEST = 5
"""Training molecules below which nothing can be learned."""
_LOOKED_AT = 400
"""Training molecules, spread over all, from which the uncertainty and the domain are learned."""


@dataclass(frozen=True)
class Fit:
    """A model and what training has shown of it."""

    model: Model
    uncertainty: Uncertainty
    left_out: Floats
    """(P,): mean absolute error on the axis of training molecules that are left out of the fit, one at a time."""


def fit(run: Run, training: Sequence[Geometry], split: Split) -> Fit:
    """Fits the targets of the training rows, given their geometries."""
    config: FCHLConfig = run.config.model
    values = run.table.targets[split.train]
    dressed = DressedAtoms.fit(training, values)
    kernel, left = kernel_of(config), values - dressed(training)
    atoms, directions = _atoms(run, training, dressed.elements.tolist(), left, kernel)
    kept: Mapping[int, Atoms] = atoms
    if 0 < config.inducing < sum(len(part.molecule) for part in atoms.values()):
        chosen = inducing.choose(atoms, len(training), kernel, config.inducing, run.config.seed)
        molecules, residuals = ridge.solve(chosen.matrix, left, config.ridge, config.freedom)
        kept, weights = chosen.atoms, chosen.weights(molecules)
    else:
        matrix = kernels.among(
            atoms, len(training), kernel, lambda done, of: run.events.progress(done, of, "comparing molecules")
        )
        molecules, residuals = ridge.solve(matrix, left, config.ridge, config.freedom)
        weights = {z: molecules[part.molecule] for z, part in atoms.items()}
    elements = {z: Element(tuple(directions[z]), part.vectors, weights[z]) for z, part in kept.items()}
    model = Model(config, dressed, elements)
    keys = [run.table.keys[row] for row in split.train]
    return Fit(model, _uncertainty(model, atoms, kept, keys, residuals), np.nanmean(np.abs(residuals), axis=0))


def rows_of(run: Run) -> tuple[Run, list[Geometry], Split]:
    """`usable.in_space`; UserError where too few training rows are left."""
    run, found, split = usable.in_space(run)
    if len(split.train) < FEWEST:
        raise UserError(f"data: {len(split.train)} training molecules are too few; at least {FEWEST} are needed")
    return run, found, split


def _atoms(
    run: Run, training: Sequence[Geometry], elements: Sequence[int], targets: Floats, kernel: Kernel
) -> tuple[dict[int, Atoms], dict[int, list[Directions]]]:
    """`turn` of the training molecules; their whole representations are forgotten."""
    config: FCHLConfig = run.config.model

    def tell(done: int, of: int) -> None:
        run.events.progress(done, of, "learning what in a representation counts")

    found = representations.describe(training, elements, config)
    return turn(found, config, relevance.learn(found, targets, config, kernel, run.config.seed, run.device, tell))


def turn(
    found: Mapping[int, Described], config: FCHLConfig, factors: Factors
) -> tuple[dict[int, Atoms], dict[int, list[Directions]]]:
    """Atoms of the training molecules in the directions in which they vary, and these, by element and range."""
    directions = {
        z: [
            Directions.fit(vectors, counts, config.directions)
            for vectors, counts in zip(one.vectors, factors[z], strict=True)
        ]
        for z, one in found.items()
    }
    return representations.project(found, directions), directions


def _spread_out(residuals: Floats) -> NDArray[np.int64]:
    """Rows (N) to look at, ascending: evenly among those that have an error of each property."""
    known = [np.flatnonzero(np.isfinite(column)) for column in residuals.T]
    share = -(-_LOOKED_AT // len(known))
    picked = [rows[np.linspace(0, len(rows) - 1, min(len(rows), share)).astype(np.int64)] for rows in known]
    return np.unique(np.concatenate(picked))


def _uncertainty(
    model: Model, atoms: Mapping[int, Atoms], kept: Mapping[int, Atoms], keys: Sequence[str], residuals: Floats
) -> Uncertainty:
    """From some training molecules, scored as if they and others of the same structure were not there."""
    groups = torch.from_numpy(np.unique(keys, return_inverse=True)[1].reshape(-1))
    chosen = torch.from_numpy(_spread_out(residuals))
    place = torch.full((len(keys),), -1).index_put_((chosen,), torch.arange(len(chosen)))
    looked_at = {}
    for z, part in atoms.items():
        rows = place[part.molecule] >= 0
        looked_at[z] = Atoms(tuple(vectors[rows] for vectors in part.vectors), place[part.molecule[rows]])
    theirs = {z: groups[part.molecule] for z, part in kept.items()}
    scores = model.score_atoms(looked_at, len(chosen), Groups(groups[chosen], theirs))
    return Uncertainty.fit(scores, residuals[chosen.numpy()])
