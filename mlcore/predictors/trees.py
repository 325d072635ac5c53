"""Gradient-boosted regression trees on counts of atom surroundings: the baseline, and a judge unlike a network.

One booster a property (Friedman, Ann. Stat. 29, 1189 (2001); scikit-learn's histogram method after LightGBM, Ke et al.,
NeurIPS 2017) on the columns of `mlcore.predictors.features`, on standardised values, log10 where the scale is log10.
The validation rows choose how many rounds are kept, where there are enough of them, and the width of the intervals,
which is the same for all structures: split conformal prediction with the absolute error as the score.

The trees are kept as arrays and evaluated by `mlcore.predictors.forest`; scikit-learn is needed to train, not to
predict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.bundle import Bundle, Trained
from mlcore.data.graphs import Graphs, featurise
from mlcore.data.splits import Split
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.predictors import doubts, reading, report, targets
from mlcore.predictors.configs import TreesConfig
from mlcore.predictors.domain import Domain
from mlcore.predictors.features import Features
from mlcore.predictors.forest import Forest
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.run import Run

Floats = NDArray[np.float64]

LEAST = 9  # validation values that can choose how many rounds are kept, as many as an interval is set by

_NOTES = (
    "Gradient-boosted trees, one booster a property, on counts of Morgan environments in the ring closed from the "
    "primitive repeat unit, divided by the number of units in the ring, and descriptors of it; squared error on "
    "standardised values (log10 where the scale is log10), missing values left out. `std` is one number a property, "
    "set on the validation rows so that mean ± 1.645 std holds 90 % of them; for a log10 scale it is in decades. "
    "`in_domain` is false for a structure with an element, a charge or a kind of atom or bond that no training "
    "structure has, or that is like none of them. Metrics are on the model's axis; the validation part chose the "
    "number of rounds and std, the test part nothing. Of the section `training` only `steps` (rounds at most), "
    "`learning_rate` and `valid_every` (rounds between two points of the curve) have a meaning here."
)


@dataclass(frozen=True)
class Scale:
    """What turns a forest's numbers into values on the model's axis; (P,) each."""

    mean: Floats
    unit: Floats
    """Standard deviation of the training values."""
    std: Floats
    """Of a prediction, on the model's axis."""

    def values(self, forest: Forest, rows: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations, both (N, P), of rows of features."""
        mean = forest.predict(rows) * self.unit + self.mean
        return mean, np.broadcast_to(self.std, mean.shape)


def train(run: Run) -> Trained:
    """Grows the trees as the configuration says; UserError when a property cannot be learned."""
    if run.resume:
        run.events.log("info", "trees keep no checkpoints: starting at the beginning")
    table, split = run.table, run.split()
    config: TreesConfig = run.config.model
    location, unit = targets.standards(table, split)
    molecules = reading.of_keys(table.keys)
    graphs = featurise(molecules)
    domain = Domain.fit(molecules, graphs, split.train, config.landmarks)
    features = Features.fit([molecules[row] for row in split.train], config, run.config.data.kind)
    rows = features.of(molecules)
    grown = Growth.of(run, rows, (table.targets - location) / unit, split)
    forest = Forest.of(grown.boosters, grown.rounds, config.leaves)
    scale = _calibrated(run, split, forest, rows, Scale(location, unit, unit))
    inside = doubts.inside(domain.doubts_about(molecules, graphs))
    metrics = report.parts(table, split, lambda part: scale.values(forest, rows[part]), inside)
    kept = {f"scale.{name}": torch.from_numpy(value) for name, value in vars(scale).items()}
    return Trained(
        forest.tensors() | features.tensors() | kept | domain.tensors(),
        targets.describe(table, split),
        split,
        metrics,
        notes=f"{_NOTES}\n\n## Training\n\nRounds kept: {grown.said(run)}. Split digest `{split.digest}`.",
    )


@dataclass(frozen=True)
class Growth:
    """A fitted booster a property, and how many of its rounds are kept."""

    boosters: list[Any]
    rounds: list[int]

    @classmethod
    def of(cls, run: Run, rows: Floats, standardised: Floats, split: Split) -> "Growth":
        """Boosters for rows (N, columns) and values (N, P) in standard deviations, NaN where there is none."""
        boosters, errors = [], []
        for number, target in enumerate(standardised.T):
            run.events.progress(number, standardised.shape[1], "training")
            known = np.isfinite(target)
            train, valid = (part[known[part]] for part in (split.train, split.valid))
            boosters.append(_booster(run).fit(rows[train], target[train]))
            errors.append([_staged_errors(boosters[-1], rows[part], target[part]) for part in (train, valid)])
        run.events.progress(len(boosters), len(boosters), "training")
        _tell_curves(run, errors)
        counts = np.isfinite(standardised[split.valid]).sum(axis=0)
        chosen = [
            int(np.argmin(valid)) + 1 if count >= LEAST else len(train)
            for (train, valid), count in zip(errors, counts, strict=True)
        ]
        return cls(boosters, chosen)

    def said(self, run: Run) -> str:
        """For the card."""
        names = [item.name for item in run.table.properties]
        return ", ".join(f"{name} {count}" for name, count in zip(names, self.rounds, strict=True))


def _booster(run: Run) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor  # only here: slow to import, and not needed to predict

    config, training = run.config.model, run.config.training
    return HistGradientBoostingRegressor(
        max_iter=training.steps,
        learning_rate=training.learning_rate,
        max_leaf_nodes=config.leaves,
        min_samples_leaf=config.least_in_leaf,
        l2_regularization=config.l2,
        max_features=config.columns,
        early_stopping=False,
        random_state=run.config.seed,
    )


def _staged_errors(booster: Any, rows: Floats, target: Floats) -> Floats:
    """Mean squared error after each round; empty without a row."""
    if not len(rows):
        return np.empty(0)
    return np.array([np.square(predicted - target).mean() for predicted in booster.staged_predict(rows)])


def _tell_curves(run: Run, errors: Sequence[Sequence[Floats]]) -> None:
    """Mean over the properties of the error of the training and of the validation rows, as far as there are any."""
    for part, name in enumerate(("train", "valid")):
        known = [pair[part] for pair in errors if len(pair[part])]
        curve = np.mean(known, axis=0) if known else np.empty(0)
        every = run.config.training.valid_every
        for step in sorted({*range(every, len(curve) + 1, every), len(curve)} - {0}):
            run.events.metric("loss", float(curve[step - 1]), step, name)


def _calibrated(run: Run, split: Split, forest: Forest, rows: Floats, scale: Scale) -> Scale:
    """The scale with its std multiplied so that the intervals hold; of too few values it stays that of the values."""
    mean, std = scale.values(forest, rows[split.valid])
    factors = report.calibrate(run.table, split.valid, mean, std, np.ones(len(scale.std)), run.events)
    return Scale(scale.mean, scale.unit, scale.std * factors)


def load(bundle: Bundle, device: torch.device) -> "Trees":
    """The predictor in a bundle; it works on the CPU whatever the device."""
    return Trees(bundle)


class Trees:
    """Trained trees (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties = bundle.manifest.properties
        self._kind = run.data.kind
        try:
            self._features = Features.load(tensors, run.model, self._kind)
            self._forest = Forest.load(tensors, self._features.columns)
            self._scale = Scale(*(tensors[f"scale.{name}"].numpy() for name in ("mean", "unit", "std")))
            self._domain = Domain.load(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {error}") from error

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        return self._answer(*reading.read(structures, self._kind))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        graphs: Graphs = featurise(molecules)
        axis, std = self._scale.values(self._forest, self._features.of(molecules))
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        return Predictions.of(mean, std, self._domain.doubts_about(molecules, graphs), errors)
