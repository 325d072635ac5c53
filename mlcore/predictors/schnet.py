"""SchNet: a network over atoms in space, whose filters are functions of distance.

Schütt et al., J. Chem. Phys. 148, 241722 (2018). Each interaction sums over the neighbours j of atom i

    x_i += out(sum_j W(|r_i - r_j|) * into(x_j))

with a filter W generated from the distance's expansion in Gaussians, so that the answer depends on neither the place
nor the direction of the molecule. The energies of dressed atoms come first (`dressed_atoms`), and the network adds what
each atom contributes beside. Several networks answer as an ensemble. A training that starts from another SchNet takes
over its atoms and interactions: transfer from a cheap method of which there is much to a costly one of which there is
little (Ward et al., MRS Commun. 9, 891 (2019)).

    A atoms, E pairs of atoms, F width, G molecules, P properties
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mlcore.bundle import Bundle, Trained
from mlcore.data.geometries import Atoms, Geometries
from mlcore.data.graphs import featurise
from mlcore.data.splits import Split
from mlcore.data.tables import from_scale
from mlcore.predictors import doubts, reading, report, targets, usable
from mlcore.predictors.configs import SchNetConfig
from mlcore.predictors.domain import Domain
from mlcore.predictors.dressed_atoms import DressedAtoms
from mlcore.predictors.ensemble import Ensemble, Member
from mlcore.predictors.fitting import Learner
from mlcore.predictors.latent import Latent
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.run import Run
from mlcore.training import Progress, fit

Floats = NDArray[np.float64]

ELEMENTS = 100  # atomic numbers below have a vector
_AT_ONCE = 64  # molecules in one pass: their pairs of atoms are many
_STATES = 2  # of atoms kept as landmarks for each structure that is: they are more unlike one another
_NEARLY_ABSOLUTE = 0.05  # standard deviations from which on an error counts by its size and not its square

_NOTES = (
    "Ensemble of SchNet networks over the atoms of a given geometry; what element counts explain is fitted first by "
    "least squares. Where no geometry is given it is guessed by distance geometry and a force field, which costs "
    "accuracy. `std` is that of the ensemble's mixture, scaled on the validation rows so that mean ± 1.645 std holds "
    "90 % of them. `in_domain` is false for a structure with an element, a charge or a kind of atom or bond that no "
    "training structure has, that is like none of them, or an atom of which looks like none to the network. Metrics "
    "are on the model's axis; the validation part chose the training step and the scale of std, the test part nothing."
)


class ShiftedSoftplus(nn.Module):
    """ln(1 + e^x) - ln 2: smooth, and 0 at 0."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softplus(x) - math.log(2)


class Interaction(nn.Module):
    """One continuous-filter convolution."""

    def __init__(self, config: SchNetConfig) -> None:
        super().__init__()
        width = config.width
        self.filter = _perceptron(config.gaussians, width, width)
        self.into = nn.Linear(width, width, bias=False)
        self.out = _perceptron(width, width, width)

    def forward(self, x: Tensor, atoms: Atoms, expanded: Tensor, fade: Tensor) -> Tensor:
        """x (A, F) -> (A, F); expanded (E, gaussians) and fade (E, 1) of the pairs' distances."""
        weights = self.filter(expanded) * fade  # (E, F), the same in both directions
        sent = self.into(x)
        gathered = torch.zeros_like(sent).index_add(0, atoms.first, sent[atoms.second] * weights)
        gathered = gathered.index_add(0, atoms.second, sent[atoms.first] * weights)
        updated: Tensor = x + self.out(gathered)
        return updated


class Network(Member):
    """One network of an ensemble; its states are of single atoms."""

    def __init__(self, config: SchNetConfig, properties: int) -> None:
        super().__init__()
        self.config = config
        self.atoms = nn.Embedding(ELEMENTS, config.width)
        self.interactions = nn.ModuleList(Interaction(config) for _ in range(config.interactions))
        self.mean = _perceptron(config.width, config.width // 2, properties)
        self.log_variance = _perceptron(config.width, config.width // 2, properties)
        for parameter in self.mean[-1].parameters():
            nn.init.zeros_(parameter)  # it begins with dressed atoms alone

    def states(self, atoms: Atoms) -> Tensor:
        """(A, F): of each atom."""
        cutoff, count = self.config.cutoff, self.config.gaussians
        centres = torch.linspace(0, cutoff, count, device=atoms.distances.device)
        expanded = (
            -0.5 * ((atoms.distances[:, None] - centres) * (count - 1) / cutoff).square()
        ).exp()  # (E, gaussians)
        fade = 0.5 * (torch.cos(atoms.distances * math.pi / cutoff) + 1)[:, None]  # nothing jumps at the cutoff
        x = self.atoms(atoms.numbers)  # (A, F)
        for interaction in self.interactions:
            x = interaction(x, atoms, expanded, fade)
        return x

    def owners(self, atoms: Atoms) -> Tensor:
        """(A,): the molecule of each state."""
        return atoms.molecule

    def readout(self, states: Tensor, atoms: Atoms) -> tuple[Tensor, Tensor]:
        """Both (G, P)."""
        size = torch.bincount(atoms.molecule, minlength=atoms.num_graphs)[:, None]
        mean_state = _summed(states.detach(), atoms) / size
        return _summed(self.mean(states), atoms), self.log_variance(mean_state).clamp(-12, 4)


def _summed(values: Tensor, atoms: Atoms) -> Tensor:
    """(A, K) -> (G, K)."""
    return values.new_zeros(atoms.num_graphs, values.shape[1]).index_add(0, atoms.molecule, values)


def _perceptron(into: int, width: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(into, width), ShiftedSoftplus(), nn.Linear(width, out))


def _network(config: SchNetConfig, properties: int) -> Ensemble:
    return Ensemble([Network(config, properties) for _ in range(config.members)], properties, at_once=_AT_ONCE)


def train(run: Run) -> Trained:
    """Trains an ensemble as the configuration says; UserError when a property cannot be learned."""
    whole = run
    run, geometries, split = usable.in_space(whole)
    table, config = run.table, run.config.model
    targets.standards(table, split)
    molecules = reading.of_keys(table.keys)
    dressed = DressedAtoms.fit([geometries[row] for row in split.train], table.targets[split.train])
    base = dressed(geometries)
    graphs = featurise(molecules)
    domain = Domain.fit(molecules, graphs, split.train, config.landmarks)
    model = _begun(run, (table.targets - base)[split.train])
    standardised = (torch.from_numpy(table.targets - base) - model.target_mean) / model.target_std
    clouds = Geometries.of(geometries, config.cutoff).to(run.device)
    model.to(run.device)
    learner = Learner(model, run, clouds, standardised.float(), split, penalty=_penalty)
    progress = fit(learner, run)

    def score(rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
        mean, std, _ = model.score(clouds, run.device, rows)
        return mean + base[rows], std

    before = model.calibration.cpu().numpy().copy()
    factors = report.calibrate(table, split.valid, *score(split.valid), before, run.events)
    model.calibration.copy_(torch.from_numpy(factors))
    distinct = np.array(list({table.keys[row]: row for row in split.train.tolist()}.values()))
    latent = model.latent(clouds, run.device, distinct, _STATES * config.landmarks, run.config.seed)
    distances = model.distances(clouds, run.device, np.concatenate([split.valid, split.test]), latent)
    found = doubts.together(domain.doubts_about(molecules, graphs), latent.doubts_about(distances))
    weights = {f"network.{name}": tensor for name, tensor in model.state_dict().items()}
    return Trained(
        weights | dressed.tensors() | domain.tensors() | latent.tensors(),
        targets.describe(table, split),
        split,
        report.parts(table, split, score, doubts.inside(found)),
        notes=_notes(run, split, progress, sum(geometry.guessed for geometry in geometries))
        + usable.left_out(whole, run),
    )


def load(bundle: Bundle, device: torch.device) -> "SchNet":
    """The predictor in a bundle, in eval mode."""
    return SchNet(bundle, device)


class SchNet:
    """A trained ensemble (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties: list[dict[str, Any]] = bundle.manifest.properties
        self._device, self._config, self._data = device, run.model, run.data
        self._model = _network(run.model, len(self.properties))
        bundle.fill(self._model, _weights(tensors))
        self._model.to(device).eval()
        self._dressed = DressedAtoms.load(tensors)
        self._domain, self._latent = Domain.load(tensors), Latent.load(tensors)

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores molecules; the answer for one does not depend on the others, nor on where its geometry lies."""
        return self._answer(reading.in_space(structures, given, self._dressed.elements))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for molecules that have been identified."""
        return self.predict(keys, given)

    def _answer(self, read: reading.InSpace) -> Predictions:
        clouds = Geometries.of(read.geometries, self._config.cutoff)
        scores = self._model.score(clouds, self._device, latent=self._latent)
        axis = scores.mean + self._dressed(read.geometries)
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        found = doubts.together(
            read.doubts_about(self._data),
            self._domain.doubts_about(read.molecules, featurise(read.molecules)),
            self._domain.traits.too_large(read.molecules),
            self._latent.doubts_about(scores.distance),
        )
        return Predictions.of(mean, scores.std, found, read.errors)


def _begun(run: Run, residuals: Floats) -> Ensemble:
    """An ensemble for residuals (N, P) of the dressed atoms: anew, or from the representation of `--init`."""
    torch.manual_seed(run.config.seed)
    model = _network(run.config.model, len(run.table.properties))
    if run.init is not None:
        _take_over(model, run.init)
    unit = np.nanstd(residuals, axis=0)
    model.target_mean.copy_(torch.from_numpy(np.nanmean(residuals, axis=0)))
    model.target_std.copy_(torch.from_numpy(np.where(unit > 0, unit, 1.0)))
    return model


def _take_over(model: Ensemble, init: Bundle) -> None:
    """Copies what the members of another model know of atoms into these, in turns; the readouts begin anew."""
    weights = _weights(init.tensors)
    for number, member in enumerate(model.members):
        prefix = f"members.{number % init.config.model.members}."
        found = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        kept = {name: v for name, v in found.items() if name.startswith(("atoms.", "interactions."))}
        member.load_state_dict(member.state_dict() | kept)


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}


def _penalty(predicted: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Nearly the absolute error: what is quoted of energies is its mean."""
    return functional.huber_loss(predicted, target, reduction=reduction, delta=_NEARLY_ABSOLUTE) / _NEARLY_ABSOLUTE


def _notes(run: Run, split: Split, progress: Progress, guessed: int) -> str:
    start = f", started from the representation of the bundle `{run.init.digest}`" if run.init else ""
    geometries = f" Geometries of {guessed:,} structures were guessed." if guessed else ""
    return (
        f"{_NOTES}\n\n## Training\n\n`python -m mlcore train CONFIG.json --data FILE.csv --out BUNDLE` with the "
        f"configuration below, on {run.machine}{start}: {progress.step} steps of {run.batch_size}, of which step "
        f"{progress.best_step or progress.step} was kept. Split digest `{split.digest}`.{geometries}"
    )
