"""A deep ensemble of graph networks over the ring-closed polymer graph, for any number of properties at once.

Each member is a graph isomorphism network with bond features (GINE; Hu et al., ICLR 2020, arXiv 1905.12265) with
residual steps. Closing the chain to a ring follows Xie et al., Nat. Commun. 13, 3415 (2022). The uncertainty is that of
deep ensembles (Lakshminarayanan et al., NeurIPS 2017): the mean of the members' variances plus the variance of their
means, scaled on the validation rows so that 90 % intervals hold (`mlcore.evaluation.calibration`).

Missing values are left out of the loss, property by property. Values are learned as they are reported: a simulated
transference number below zero stays, since cutting one side off would shift every prediction; a Huber loss keeps such
tails from ruling.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval
from torch_geometric.data import Data
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter

from mlcore.bundle import Bundle, Trained
from mlcore.data.graphs import ATOM_CATEGORIES, BOND_CATEGORIES, Graphs, featurise
from mlcore.data.splits import Split
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.inheritance import check_shape
from mlcore.predictors import doubts, reading, report, targets
from mlcore.predictors.configs import PolymerGNNConfig
from mlcore.predictors.domain import Domain
from mlcore.predictors.ensemble import Ensemble
from mlcore.predictors.fitting import Learner
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.predictors.rehearsal import Rehearsal
from mlcore.run import Run
from mlcore.training import Progress, fit

Floats = NDArray[np.float64]

_NOTES = (
    "Deep ensemble of GINE networks on the ring closed from the primitive repeat unit; mean and spread of the atoms' "
    "states are read out; Huber loss on standardised values (log10 where the scale is log10), missing values left out. "
    "Values are learned as reported: negative transference numbers of a simulation stay negative. `std` is that of the "
    "mixture, scaled on the validation rows so that mean ± 1.645 std holds 90 % of them; for a log10 scale it is in "
    "decades. `in_domain` is false for a structure with an atom or bond of a kind that no training structure has, or "
    "that is like none of them. Metrics are on the model's axis; the validation part chose the training step and the "
    "scale of std, the test part nothing. `examples.json` names training structures, on which a model trained further "
    "from this one is held to what this one said."
)


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


class Combinations(Categories):
    """The same for features with few categories: each combination is summed once, and looked up."""

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__(sizes, width)
        self.kinds: Tensor
        self.strides: Tensor
        every = torch.cartesian_prod(*(torch.arange(size) for size in sizes))  # the last feature changes fastest
        self.register_buffer("kinds", every, persistent=False)
        self.register_buffer("strides", torch.tensor([math.prod(sizes[n + 1 :]) for n in range(len(sizes))]), False)

    def forward(self, codes: Tensor) -> Tensor:
        """One vector per row of codes."""
        return super().forward(self.kinds).index_select(0, (codes * self.strides).sum(1))


class Gather(GINEConv):  # type: ignore[misc]
    """The library's without its epsilon, in as few passes over memory as it takes, which is where its time goes."""

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """x (A, width), edge_index (2, B), edge_attr (B, width) -> (A, width)."""
        source, target = edge_index
        messages = x.index_select(0, source).add_(edge_attr).relu_()
        gathered: Tensor = self.nn(x.scatter_add(0, target[:, None].expand_as(messages), messages))
        return gathered


class Layer(nn.Module):
    """One message-passing step: h_i + f(h_i + sum over neighbours j of relu(h_j + bond_ij))."""

    def __init__(self, config: PolymerGNNConfig) -> None:
        super().__init__()
        width = config.width
        self.bonds = Combinations(list(BOND_CATEGORIES.values()), width)
        self.gather = Gather(
            nn.Sequential(
                nn.Linear(width, 2 * width), nn.BatchNorm1d(2 * width), nn.SiLU(), nn.Linear(2 * width, width)
            )
        )
        self.finish = nn.Sequential(nn.BatchNorm1d(width), nn.SiLU(), nn.Dropout(config.dropout))

    def forward(self, h: Tensor, graph: Data) -> Tensor:
        """h (A, width) -> (A, width)."""
        gathered: Tensor = self.finish(self.gather(h, graph.edge_index, self.bonds(graph.edge_attr)))
        return gathered.add_(h)

    def fuse(self) -> None:
        """Makes the normalisations part of the linear maps before them, for scoring alone: half as much to do."""
        steps, finish = self.gather.nn, self.finish
        steps[0], steps[1] = fuse_linear_bn_eval(steps[0], steps[1]), nn.Identity()
        steps[2] = finish[1] = nn.SiLU(inplace=True)
        steps[3], finish[0] = fuse_linear_bn_eval(steps[3], finish[0]), nn.Identity()  # type: ignore[arg-type]


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


def _network(config: PolymerGNNConfig, properties: int) -> Ensemble:
    return Ensemble([Member(config, properties) for _ in range(config.members)], properties)


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
    tensors = {f"network.{name}": tensor for name, tensor in model.state_dict().items()} | domain.tensors()
    inside = doubts.inside(domain.doubts_about(molecules, graphs))
    metrics = report.parts(table, split, lambda rows: model.score(graphs, run.device, rows), inside)
    before = run.init.manifest.properties if run.init else None
    return Trained(
        tensors,
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
        for layer in (part for part in self._model.modules() if isinstance(part, Layer)):
            layer.fuse()
        self._domain = Domain.load(tensors)

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        return self._answer(*reading.read(structures, self._kind))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        graphs = featurise(molecules)
        axis, std = self._model.score(graphs, self._device)
        mean = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        return Predictions.of(mean, std, self._domain.doubts_about(molecules, graphs), errors)


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
    new = {run.table.keys[row] for row in split.train}
    keys = [key for key in run.init.examples if key not in new] if run.init else []
    strength = run.config.model.rehearsal
    if not keys or not strength:
        return None
    return Rehearsal.of(model.members, keys, strength / len(split.train), run.device)


def _examples(run: Run, split: Split) -> list[str]:
    """A random part of the structures learned from, the earlier model's in proportion, for the next fine-tuning."""
    count, random = run.config.model.examples, np.random.default_rng(run.config.seed)
    learned = sorted({run.table.keys[row] for row in split.train})
    kept = [key for key in run.init.examples if key not in set(learned)] if run.init else []
    pool = kept + learned
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
    mean, std = model.score(graphs, run.device, split.valid)
    return report.calibrate(run.table, split.valid, mean, std, before, run.events)
