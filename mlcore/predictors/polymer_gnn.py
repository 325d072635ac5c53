"""A deep ensemble of graph networks over the ring-closed polymer graph, for any number of properties at once.

Each member is a network of `mlcore.predictors.gine`. Closing the chain to a ring follows Xie et al., Nat. Commun. 13,
3415 (2022). The uncertainty is that of deep ensembles (`mlcore.predictors.ensemble`), scaled on the validation rows so
that 90 % intervals hold (`mlcore.evaluation.calibration`).

Missing values are left out of the loss, property by property. Values are learned as they are reported: a simulated
transference number below zero stays, since cutting one side off would shift every prediction; a Huber loss keeps such
tails from ruling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.bundle import Bundle, Trained
from mlcore.data.graphs import Graphs, featurise
from mlcore.data.splits import Split
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.inheritance import check_shape
from mlcore.predictors import doubts, reading, report, targets
from mlcore.predictors.configs import PolymerGNNConfig
from mlcore.predictors.domain import Domain
from mlcore.predictors.ensemble import Ensemble
from mlcore.predictors.fitting import Learner
from mlcore.predictors.gine import GINE
from mlcore.predictors.latent import UNKNOWN, Latent
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.predictors.rehearsal import Rehearsal
from mlcore.run import Run
from mlcore.training import Progress, fit

Floats = NDArray[np.float64]

_NOTES = (
    "Deep ensemble of GINE networks on the ring closed from the primitive repeat unit; mean and spread of the atoms' "
    "states are read out; Huber loss on standardised values (log10 where the scale is log10), missing values left "
    "out. Values are learned as reported: negative transference numbers of a simulation stay negative. `std` is that "
    "of the mixture, scaled on the validation rows so that mean ± 1.645 std holds 90 % of them; for a log10 scale it "
    "is in decades. `in_domain` is false for a structure with an element, a charge or a kind of atom or bond that no "
    "training structure has, that is like none of them, or that looks like none to the networks. Metrics are on the "
    "model's axis; the validation part chose the training step and the scale of std, the test part nothing. "
    "`examples.json` names training structures, on which a model trained further from this one is held to what this "
    "one said."
)


def _network(config: PolymerGNNConfig, properties: int) -> Ensemble:
    return Ensemble([GINE(config, properties) for _ in range(config.members)], properties)


def train(run: Run) -> Trained:
    """Trains an ensemble as the configuration says; UserError when a property cannot be learned."""
    table, split = run.table, run.split()
    model = _from_scratch(run, split) if run.init is None else _further(run, run.init, split)
    molecules = reading.of_keys(table.keys)
    graphs = featurise(molecules)
    domain = Domain.fit(molecules, graphs, split.train, run.config.model.landmarks)
    if run.init is not None:
        domain = domain.joined(Domain.load(run.init.tensors), run.config.model.landmarks)
    standardised = (torch.from_numpy(table.targets) - model.target_mean) / model.target_std
    model.to(run.device).eval()
    learner = Learner(model, run, graphs, standardised.float(), split, _rehearsal(model, run, split))
    progress = fit(learner, run)
    model.calibration.copy_(torch.from_numpy(_calibration(model, graphs, run, split)))
    latent = _latent(model, run, split)
    tensors = {f"network.{name}": tensor for name, tensor in model.state_dict().items()}
    distances = model.distances(graphs, run.device, np.concatenate([split.valid, split.test]), latent)
    found = doubts.together(domain.doubts_about(molecules, graphs), latent.doubts_about(distances))
    metrics = report.parts(table, split, lambda rows: model.score(graphs, run.device, rows)[:2], doubts.inside(found))
    before = run.init.manifest.properties if run.init else None
    return Trained(
        tensors | domain.tensors() | latent.tensors(),
        targets.describe(table, split, before),
        split,
        metrics,
        examples=_examples(run, split),
        notes=_notes(run, split, progress),
    )


def load(bundle: Bundle, device: torch.device) -> "PolymerGNN":
    """The predictor in a bundle, in eval mode."""
    return PolymerGNN(bundle, device)


class PolymerGNN:
    """A trained ensemble (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties = bundle.manifest.properties
        self._device = device
        self._kind = run.data.kind
        self._model = _network(run.model, len(self.properties))
        bundle.fill(self._model, _weights(tensors))
        self._model.to(device).eval()
        for member in self._model.each():
            cast(GINE, member).fuse()
        self._domain, self._latent = Domain.load(tensors), Latent.load(tensors)

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        return self._answer(*reading.read(structures, self._kind))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        graphs = featurise(molecules)
        axis, std, distance = self._model.score(graphs, self._device, latent=self._latent)
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        found = doubts.together(self._domain.doubts_about(molecules, graphs), self._latent.doubts_about(distance))
        return Predictions.of(mean, std, found, errors)


def _from_scratch(run: Run, split: Split) -> Ensemble:
    mean, std = targets.standards(run.table, split)
    torch.manual_seed(run.config.seed)
    model = _network(run.config.model, len(run.table.properties))
    model.target_mean.copy_(torch.from_numpy(mean))
    model.target_std.copy_(torch.from_numpy(std))
    return model


def _further(run: Run, init: Bundle, split: Split) -> Ensemble:
    """The ensemble of `--init` with its standards and calibration; it must have the same shape and properties."""
    before = [f"{p['name']} ({p['scale']})" for p in init.manifest.properties]
    now = [f"{p.name} ({p.scale})" for p in run.table.properties]
    if init.manifest.architecture != run.config.architecture or before != now:
        raise UserError(
            f"--init {init.path}: a {init.manifest.architecture} of {', '.join(before) or 'no property'} cannot start "
            f"a {run.config.architecture} of {', '.join(now)}; architecture and properties must be the same, in order"
        )
    check_shape(run.config.architecture, asdict(run.config.model), asdict(init.config.model))
    targets.check_any(run.table, split)
    torch.manual_seed(run.config.seed)
    model = _network(run.config.model, len(run.table.properties))
    init.fill(model, _weights(init.tensors))
    return model


def _rehearsal(model: Ensemble, run: Run, split: Split) -> Rehearsal | None:
    """What to remember while learning further: the earlier answers, as weighty as so many of the new labels."""
    keys = _remembered(run, split)
    strength = run.config.model.rehearsal
    if not keys or not strength:
        return None
    return Rehearsal.of(model.members, keys, strength / len(split.train), run.device)


def _latent(model: Ensemble, run: Run, split: Split) -> Latent:
    """What the ensemble has seen, examples of the earlier training too; unknown where there was one but none of it."""
    if run.init and not run.init.examples:
        return UNKNOWN
    graphs = featurise(reading.of_keys(_remembered(run, split) + _learned(run, split)))
    return model.latent(graphs, run.device, np.arange(len(graphs)), run.config.model.landmarks, run.config.seed)


def _learned(run: Run, split: Split) -> list[str]:
    return sorted({run.table.keys[row] for row in split.train})


def _remembered(run: Run, split: Split) -> list[str]:
    """The examples of the earlier model that are not learned from now."""
    learned = set(_learned(run, split))
    return [key for key in run.init.examples if key not in learned] if run.init else []


def _examples(run: Run, split: Split) -> list[str]:
    """A random part of the structures learned from, the earlier model's in proportion, for the next fine-tuning."""
    count, random = run.config.model.examples, np.random.default_rng(run.config.seed)
    pool = _remembered(run, split) + _learned(run, split)
    return [pool[place] for place in sorted(random.permutation(len(pool))[:count])]


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}


def _notes(run: Run, split: Split, progress: Progress) -> str:
    start = f", started from the bundle `{run.init.digest}`" if run.init else ""
    return (
        f"{_NOTES}\n\n## Training\n\n`python -m mlcore train CONFIG.json --data FILE.csv --out BUNDLE` with the "
        f"configuration below, on {run.machine}{start}: {progress.step} steps of {run.batch_size}, of which step "
        f"{progress.best_step or progress.step} was kept. Split digest `{split.digest}`."
    )


def _calibration(model: Ensemble, graphs: Graphs, run: Run, split: Split) -> Floats:
    before = model.calibration.cpu().numpy().copy()
    model.calibration.fill_(1)
    mean, std, _ = model.score(graphs, run.device, split.valid)
    return report.calibrate(run.table, split.valid, mean, std, before, run.events)
