"""A deep ensemble of graph networks over the ring-closed polymer graph, for any number of properties at once.

Each member is a graph isomorphism network with bond features (GINE; Hu et al., ICLR 2020, arXiv 1905.12265) with
residual steps. Closing the chain to a ring follows Xie et al., Nat. Commun. 13, 3415 (2022). The uncertainty is that of
deep ensembles (Lakshminarayanan et al., NeurIPS 2017): the mean of the members' variances plus the variance of their
means, scaled on the validation rows so that 90 % intervals hold (`mlcore.evaluation.calibration`).

Missing values are left out of the loss, property by property. Values are learned as they are reported: a simulated
transference number below zero stays, since cutting one side off would shift every prediction; a Huber loss keeps such
tails from ruling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter

from mlcore.bundle import Bundle, Trained
from mlcore.chem import molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.data.graphs import ATOM_CATEGORIES, BOND_CATEGORIES, Graphs, featurise
from mlcore.data.splits import Split
from mlcore.data.tables import from_scale
from mlcore.device import describe as describe_device
from mlcore.errors import UserError
from mlcore.predictors import report, targets
from mlcore.predictors.configs import PolymerGNNConfig
from mlcore.predictors.domain import Domain
from mlcore.predictors.protocol import Predictions
from mlcore.run import Run
from mlcore.training import Progress, batch_rows, fit

Floats = NDArray[np.float64]

_NOTES = (
    "Deep ensemble of GINE networks on the ring closed from the primitive repeat unit; mean and spread of the atoms' "
    "states are read out; Huber loss on standardised values (log10 where the scale is log10), missing values left out. "
    "Values are learned as reported: negative transference numbers of a simulation stay negative. `std` is that of the "
    "mixture, scaled on the validation rows so that mean ± 1.645 std holds 90 % of them; for a log10 scale it is in "
    "decades. `in_domain` is false for a structure with an atom or bond of a kind that no training structure has, or "
    "that is like none of them. Metrics are on the model's axis; the validation part chose the training step and the "
    "scale of std, the test part nothing."
)

_AT_ONCE = 256  # graphs in one pass: small enough for the caches of a CPU core


class Categories(nn.Module):
    """Sum of one learned vector per category: (N, features) codes -> (N, width)."""

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.first: Tensor
        self.register_buffer("first", torch.tensor(np.cumsum([0, *sizes[:-1]])), persistent=False)
        self.vectors = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.vectors.weight, std=len(sizes) ** -0.5)

    def forward(self, codes: Tensor) -> Tensor:
        """One vector per row of codes."""
        summed: Tensor = self.vectors(codes + self.first)
        return summed


class Layer(nn.Module):
    """One message-passing step: h_i + f(h_i + sum over neighbours j of relu(h_j + bond_ij))."""

    def __init__(self, config: PolymerGNNConfig) -> None:
        super().__init__()
        width = config.width
        self.bonds = Categories(list(BOND_CATEGORIES.values()), width)
        self.gather = GINEConv(
            nn.Sequential(
                nn.Linear(width, 2 * width), nn.BatchNorm1d(2 * width), nn.SiLU(), nn.Linear(2 * width, width)
            )
        )
        self.finish = nn.Sequential(nn.BatchNorm1d(width), nn.SiLU(), nn.Dropout(config.dropout))

    def forward(self, h: Tensor, graph: Data) -> Tensor:
        """h (A, width) -> (A, width)."""
        gathered: Tensor = self.finish(self.gather(h, graph.edge_index, self.bonds(graph.edge_attr)))
        return h + gathered


class Member(nn.Module):
    """One network: a mean and a log variance per property, both in standard deviations of the training values."""

    def __init__(self, config: PolymerGNNConfig, properties: int) -> None:
        super().__init__()
        self.atoms = Categories(list(ATOM_CATEGORIES.values()), config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.mean = _head(config, properties)
        self.log_variance = _head(config, properties)

    def forward(self, graph: Data) -> tuple[Tensor, Tensor]:
        """Both (G, P). The variance learns from a copy of the representation, so that it cannot spoil the mean."""
        h = self.atoms(graph.x)  # (A, width)
        for layer in self.layers:
            h = layer(h, graph)
        centre = scatter(h, graph.batch, 0, graph.num_graphs, reduce="mean")  # (G, width)
        spread = scatter((h - centre[graph.batch]).square(), graph.batch, 0, graph.num_graphs, reduce="mean")
        whole = torch.cat([centre, (spread + 1e-5).sqrt()], dim=1)  # (G, 2 * width)
        return self.mean(whole), self.log_variance(whole.detach()).clamp(-8, 4)


def _head(config: PolymerGNNConfig, properties: int) -> nn.Sequential:
    width, dropout = 2 * config.width, config.dropout
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, properties)
    )


class Ensemble(nn.Module):
    """All members, trained side by side, with what turns their numbers into values."""

    def __init__(self, config: PolymerGNNConfig, properties: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(Member(config, properties) for _ in range(config.members))
        self.target_mean: Tensor
        self.target_std: Tensor
        self.calibration: Tensor
        for name in ("target_mean", "target_std", "calibration"):
            self.register_buffer(name, torch.ones(properties, dtype=torch.float64))

    def forward(self, graph: Data) -> tuple[Tensor, Tensor]:
        """Mean and variance of the mixture, both (G, P), in standard deviations of the training values."""
        means, logs = (torch.stack(part) for part in zip(*(member(graph) for member in self.members), strict=True))
        return means.mean(0), logs.exp().mean(0) + means.var(0, unbiased=False)

    @torch.no_grad()
    def score(
        self, graphs: Graphs, device: torch.device, rows: NDArray[np.int64] | None = None
    ) -> tuple[Floats, Floats]:
        """Mean and calibrated std on the model's axis, both (N, P), of some or all graphs; in eval mode."""
        rows = np.arange(len(graphs)) if rows is None else rows
        parts = [self(graphs.batch(rows[i : i + _AT_ONCE], device)) for i in range(0, len(rows), _AT_ONCE)]
        empty = torch.empty(0, len(self.target_mean))
        mean, variance = (torch.cat([empty, *(p[i].cpu() for p in parts)]).double() for i in (0, 1))
        location, unit = self.target_mean.cpu(), self.target_std.cpu()
        return (mean * unit + location).numpy(), (variance.sqrt() * unit * self.calibration.cpu()).numpy()


@dataclass
class Learner:
    """What the training loop needs (`mlcore.training.Learner`)."""

    ensemble: Ensemble
    run: Run
    graphs: Graphs
    targets: Tensor  # (N, P) in standard deviations, NaN where there is no value
    split: Split
    model: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.ensemble

    def batch(self, step: int) -> list[tuple[Data, Tensor]]:
        """One batch of its own for each member: graphs and targets (B, P)."""
        size, seed = self.run.config.training.batch_size, self.run.config.seed
        batches = []
        for number in range(len(self.ensemble.members)):
            rows = self.split.train[batch_rows(step, len(self.split.train), size, seed * 1000 + number)]
            batches.append((self.graphs.batch(rows, self.run.device), self.targets[rows].to(self.run.device)))
        return batches

    def loss(self, batch: list[tuple[Data, Tensor]]) -> Tensor:
        """Mean over the members of Huber loss of the mean plus likelihood of the variance."""
        losses = []
        for member, (graph, target) in zip(self.ensemble.members, batch, strict=True):
            mean, log_variance = member(graph)
            losses.append(_over_known(functional.huber_loss, mean, target))
            losses.append(_over_known(_variance_loss, log_variance, (target - mean.detach()).square()))
        return torch.stack(losses).sum() / len(batch)

    def validate(self) -> Mapping[str, float]:
        """Mean squared error of the ensemble in standard deviations, and each property's MAE on the model's axis."""
        rows = self.split.valid
        truth = self.targets[rows].to(self.run.device)
        if not truth.isfinite().any():
            return {}
        mean, _ = self.ensemble(self.graphs.batch(rows, self.run.device))
        errors = ((mean - truth).abs().cpu() * self.ensemble.target_std.cpu()).numpy()
        known = [i for i in range(errors.shape[1]) if np.isfinite(errors[:, i]).any()]
        names = [item.name for item in self.run.table.properties]
        loss = float(_over_known(functional.mse_loss, mean, truth))
        return {"loss": loss} | {f"mae_{names[i]}": float(np.nanmean(errors[:, i])) for i in known}


def _over_known(loss: Any, predicted: Tensor, target: Tensor) -> Tensor:
    """Mean over the properties of a loss's mean over the rows with a value; all (B, P), NaN in target for no value."""
    known = target.isfinite()
    each = torch.where(known, loss(predicted, target.nan_to_num(), reduction="none"), 0)
    return (each.sum(0) / known.sum(0).clamp(min=1)).sum() / known.any(0).sum().clamp(min=1)


def _variance_loss(log_variance: Tensor, squared_error: Tensor, reduction: str) -> Tensor:
    """Negative log likelihood of an error under a normal distribution, without the constant."""
    return 0.5 * (log_variance + squared_error * (-log_variance).exp())


def train(run: Run) -> Trained:
    """Trains an ensemble as the configuration says; UserError when a property cannot be learned."""
    table, split = run.table, run.split()
    mean, std = targets.standards(table, split)
    torch.manual_seed(run.config.seed)
    model = Ensemble(run.config.model, len(table.properties))
    model.target_mean.copy_(torch.from_numpy(mean))
    model.target_std.copy_(torch.from_numpy(std))
    if run.init is not None:
        _start_from(model, run, run.init)
    molecules = [Chem.MolFromSmiles(key) for key in table.keys]
    graphs = featurise(molecules)
    domain = Domain.fit(molecules, graphs, split.train, run.config.model.landmarks)
    standardised = (torch.from_numpy(table.targets) - model.target_mean) / model.target_std
    model.to(run.device)
    progress = fit(Learner(model, run, graphs, standardised.float(), split), run)
    model.calibration.copy_(torch.from_numpy(_calibration(model, graphs, run, split)))
    tensors = {f"network.{name}": tensor for name, tensor in model.state_dict().items()} | domain.tensors()
    metrics = _metrics(model, graphs, domain.contains(molecules, graphs), run, split)
    return Trained(tensors, targets.describe(table, split), split, metrics, notes=_notes(run, split, progress))


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
        self._model = Ensemble(run.model, len(self.properties))
        bundle.fill(self._model, _network(tensors))
        self._model.to(device).eval()
        self._domain = Domain.load(tensors)

    def predict(self, structures: Sequence[str]) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        molecules, errors = self._read(structures)
        good = np.array([error is None for error in errors], dtype=bool)
        graphs = featurise(molecules)
        shape = (len(structures), len(self.properties))
        mean, std, in_domain = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape[0], dtype=bool)
        axis, std[good] = self._model.score(graphs, self._device)
        mean[good] = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        in_domain[good] = self._domain.contains(molecules, graphs)
        return Predictions(mean, std, in_domain, errors)

    def _read(self, structures: Sequence[str]) -> tuple[list[Chem.Mol], list[str | None]]:
        """Closed rings of the structures that could be read, and for each structure None or why not."""
        molecules: list[Chem.Mol] = []
        errors: list[str | None] = []
        for text in structures:
            try:
                polymeric = self._kind == "polymer"
                molecules.append(polymer.parse(text).ring if polymeric else molecule.parse(text).canonical)
                errors.append(None)
            except ChemError as error:
                errors.append(str(error))
        return molecules, errors


def _start_from(model: Ensemble, run: Run, init: Bundle) -> None:
    """Takes weights and standards from the bundle of `--init`, which must have the same shape and properties."""
    before = [f"{p['name']} ({p['scale']})" for p in init.manifest.properties]
    now = [f"{p.name} ({p.scale})" for p in run.table.properties]
    if init.manifest.architecture != run.config.architecture or before != now:
        raise UserError(
            f"--init {init.path}: a {init.manifest.architecture} of {', '.join(before) or 'no property'} cannot start "
            f"a {run.config.architecture} of {', '.join(now)}; architecture and properties must be the same, in order"
        )
    init.fill(model, _network(init.tensors))


def _network(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}


def _notes(run: Run, split: Split, progress: Progress) -> str:
    start = f", started from the bundle `{run.init.digest}`" if run.init else ""
    return (
        f"{_NOTES}\n\n## Training\n\n`python -m mlcore train CONFIG.json --data FILE.csv --out BUNDLE` with the "
        f"configuration below, on {describe_device(run.device)}{start}: {progress.step} steps, of which step "
        f"{progress.best_step or progress.step} was kept. Split digest `{split.digest}`."
    )


def _calibration(model: Ensemble, graphs: Graphs, run: Run, split: Split) -> Floats:
    model.calibration.fill_(1)
    return report.calibrate(run.table, split.valid, *model.score(graphs, run.device, split.valid), run.events)


def _metrics(model: Ensemble, graphs: Graphs, in_domain: NDArray[np.bool_], run: Run, split: Split) -> dict[str, Any]:
    """{property: {valid: {...}, test: {...}}}; the valid part chose step and calibration, the test part nothing."""
    metrics: dict[str, dict[str, Any]] = {item.name: {} for item in run.table.properties}
    for part, rows in (("valid", split.valid), ("test", split.test)):
        mean, std = model.score(graphs, run.device, rows)
        for name, measured in report.measure(run.table, rows, mean, std, in_domain[rows]).items():
            metrics[name][part] = measured
    return metrics
