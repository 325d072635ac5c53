"""Values of a polymer with a salt, at any temperature and composition: an ensemble of networks with a law for readout.

The networks see the structure, the salt, its concentration and the molecular weight (`mlcore.predictors.inputs`) and
give the coefficients of a law over the temperature (`mlcore.predictors.law`). Tables of measured conductivities hold
thousands of rows of one polymer and a handful of most others, so rows are drawn such that a polymer of n rows comes
n^(1 - evenness) times as often as one of a single row; a Huber loss keeps odd measurements from ruling.

Each member leaves out a part of the polymers, and what the others' errors about them are like makes the uncertainty
(`mlcore.predictors.law_scale`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.bundle import Bundle, Trained
from mlcore.config import RunConfig
from mlcore.data.conditions import Conditions
from mlcore.data.splits import Split
from mlcore.data.tables import Table, from_scale
from mlcore.errors import UserError
from mlcore.predictors import doubts, reading, report, targets, temperature
from mlcore.predictors.inputs import Inputs
from mlcore.predictors.law import REFERENCE_K, LawNetwork
from mlcore.predictors.law_fitting import Learner, scores, states
from mlcore.predictors.law_scale import Scale
from mlcore.predictors.left_out import LeftOut
from mlcore.predictors.limits import Limits
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.run import Run
from mlcore.training import Progress, fit

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_NOTES = (
    "Ensemble of small networks. Inputs: counts of atom surroundings, descriptors and functional groups of the ring "
    "closed from the repeat unit, composition of the salt, logarithms of the other conditions; what a row does not "
    "say is marked as missing. `in_domain` is false for a structure with an element, a charge or a kind of atom or "
    "bond that no training structure has, or like none of them, for a row that looks like none of the training to the "
    "networks, for a salt with an element that no training salt has, and for a temperature or another condition "
    "beyond those of the training rows. Metrics are on the model's axis, over rows; validation rows chose the "
    "training step, test rows nothing."
)
_SURE = (
    "`std` is learned from {} (how far apart they are, how high or low), and scaled so that mean ± 1.645 std holds "
    "90 % of that; for a log10 scale it is in decades."
)
_WHOSE = {
    True: "what those networks say about a polymer that leave it out of their training, as each does with some",
    False: "what the networks say about the validation rows, there being too few of either to leave polymers out",
}
_LAWS = {
    "law": "The temperature enters only through A - B / (T - T0) with B >= 0, so that no curve over it falls.",
    "input": "The temperature is one more input, so that a curve over it may fall.",
}


def train(run: Run) -> Trained:
    """Trains an ensemble as the configuration says; UserError when a property cannot be learned."""
    split, told = run.split(), run.table.conditions
    kelvin = _kelvin(told, run.config, len(run.table.keys))
    table = _usable(run.table, kelvin, split)
    location, unit = targets.standards(table, split)
    keys, place = np.unique(table.keys, return_inverse=True)
    molecules = reading.of_keys(keys.tolist())
    inputs = _inputs(run, molecules, place, split)
    network = _network(run.config, inputs, len(table.properties))
    network.standardise(torch.from_numpy(kelvin[split.train][np.isfinite(kelvin[split.train])]))
    taught = split.train[_valued(table)[split.train]]
    learner = Learner(
        network.to(run.device),
        run,
        torch.from_numpy(inputs.of(molecules, place, told)).to(run.device),
        torch.from_numpy(np.nan_to_num(kelvin, nan=REFERENCE_K)).to(run.device),
        torch.from_numpy((table.targets - location) / unit).float().to(run.device),
        replace(split, train=taught),
        place,
        LeftOut.draw(run.config.model.members, len(keys), np.unique(place[taught]), run.config.seed),
    )
    progress = fit(learner, run)
    scale = Scale.fit(learner, location, unit)
    seen = states(learner.network, learner.inputs, learner.kelvin)
    limits = Limits.fit(run, molecules, place, split, inputs, kelvin, seen)
    inside = doubts.inside(limits.doubts_about(molecules, place, told, kelvin, seen))
    metrics = report.parts(table, split, lambda rows: scale.values(learner.scores(rows)), inside)
    kept = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    said = f"{_said(run, progress)} Split digest `{split.digest}`."
    sure = _SURE.format(_WHOSE[bool(learner.left_out.unseen.any())])
    notes = f"{_NOTES} {sure} {_LAWS[run.config.model.law]}\n\n## Training\n\n{said}"
    return Trained(
        kept | scale.tensors() | limits.tensors(), targets.describe(table, split), split, metrics, notes=notes
    )


def load(bundle: Bundle, device: torch.device) -> "PolymerArrhenius":
    """The predictor in a bundle, in eval mode."""
    return PolymerArrhenius(bundle, device)


class PolymerArrhenius:
    """A trained ensemble (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties = bundle.manifest.properties
        self._run, self._device = run, device
        try:
            inputs = Inputs.load(tensors, run.data.conditions, run.model, run.data.kind)
            self._limits = Limits.load(tensors, inputs)
            self._scale = Scale.load(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {error}") from error
        self._network = _network(run, inputs, len(self.properties))
        prefix = "network."
        weights = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        bundle.fill(self._network, weights)
        self._network.to(device).eval()

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures under the conditions given; one without a temperature is refused."""
        texts = list(dict.fromkeys(structures))
        molecules, errors = reading.read(texts, self._run.data.kind)
        why = dict(zip(texts, errors, strict=True))
        good = [text for text in texts if why[text] is None]
        return self._answer(structures, dict(zip(good, molecules, strict=True)), why, given)

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        texts = list(dict.fromkeys(keys))
        return self._answer(keys, dict(zip(texts, reading.of_keys(texts), strict=True)), {}, given)

    def _answer(
        self, texts: Sequence[str], molecules: dict[str, Chem.Mol], errors: dict[str, str | None], given: Given
    ) -> Predictions:
        kelvin = _kelvin(given.conditions, self._run, len(texts))
        faults = self._faults(given.conditions, kelvin)
        why = [errors.get(text) or fault for text, fault in zip(texts, faults, strict=True)]
        rows = [row for row, error in enumerate(why) if error is None]
        number = {text: i for i, text in enumerate(molecules)}
        place = np.array([number[texts[row]] for row in rows], dtype=np.int64)
        told, warm, read = given.conditions.of(rows), kelvin[rows], list(molecules.values())
        inputs = self._limits.inputs.of(read, place, told)
        x, t = torch.from_numpy(inputs).to(self._device), torch.from_numpy(warm).to(self._device)
        axis, std = self._scale.values(scores(self._network, x, t))
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        seen = states(self._network, x, t)
        return Predictions.of(mean, std, self._limits.doubts_about(read, place, told, warm, seen), why)

    def _faults(self, conditions: Conditions, kelvin: Floats) -> list[str | None]:
        """For each row None or why its conditions cannot be used."""
        name = self._run.model.temperature
        faults: list[str | None] = [None] * len(kelvin)
        for other in self._limits.inputs.numbers:
            for row in np.flatnonzero(conditions.numbers.get(other, np.empty(0)) < 0):
                faults[row] = f"{other}: {conditions.numbers[other][row]:g} is below zero"
            for row in _none_of_a_salt(conditions, other, len(kelvin)):
                faults[row] = (
                    f"{other}: 0 beside a salt is nothing that the model can be asked for; leave the salt out too for "
                    f"the polymer without salt, or {other} alone where it is unknown"
                )
        for place, value in enumerate(kelvin.tolist()):
            if np.isnan(value):
                faults[place] = f"{name}: is missing; the model gives a curve over the temperature and needs one"
            elif not 0 < value < np.inf:
                faults[place] = f"{name}: {value:g} K is no temperature; it must be above absolute zero"
        return faults


def _none_of_a_salt(conditions: Conditions, number: str, rows: int) -> Indices:
    """The rows that name a salt and say 0 of it, which the inputs would take for not stated."""
    salty = np.zeros(rows, dtype=bool)
    for keys in conditions.structures.values():
        salty |= np.array([bool(key) for key in keys])
    return np.flatnonzero(salty & (conditions.numbers.get(number, np.full(rows, np.nan)) == 0))


def _kelvin(conditions: Conditions, config: RunConfig, rows: int) -> Floats:
    """(N,) temperatures in K, NaN for none."""
    column = temperature.column(config.data.conditions, config.model.temperature)
    return temperature.to_kelvin(conditions.numbers.get(column.name, np.full(rows, np.nan)), column.unit)


def _usable(table: Table, kelvin: Floats, split: Split) -> Table:
    """The table without the values whose temperature nobody knows; UserError where no training row has one."""
    if not np.isfinite(kelvin[split.train]).any():
        raise UserError("data.conditions: no training row has a temperature; there is no law to learn")
    return replace(table, values=np.where(np.isfinite(kelvin)[:, None], table.values, np.nan))


def _valued(table: Table) -> NDArray[np.bool_]:
    valued: NDArray[np.bool_] = np.any(np.isfinite(table.targets), axis=1)
    return valued


def _inputs(run: Run, molecules: list[Chem.Mol], place: Indices, split: Split) -> Inputs:
    """The columns that the training rows have."""
    known, again = np.unique(place[split.train], return_inverse=True)
    data, told = run.config.data, run.table.conditions.of(split.train)
    return Inputs.fit([molecules[i] for i in known], again, told, data.conditions, run.config.model, data.kind)


def _network(config: RunConfig, inputs: Inputs, properties: int) -> LawNetwork:
    torch.manual_seed(config.seed)
    return LawNetwork(config.model, inputs.columns, properties)


def _said(run: Run, progress: Progress) -> str:
    """For the card."""
    kept = f"step {progress.best_step} of {run.config.training.steps}" if progress.best_step else "the last step"
    return f"On {run.machine}; kept: {kept}."
