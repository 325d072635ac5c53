"""Unlike models, weighted by how well they did on structures that they had not seen: `stack`.

Members are a Gaussian process (`mlcore.predictors.process`), graph networks as those of `polymer-gnn`, and boosted
trees on counts and descriptors. A property's mean is a weighted sum of theirs; the weights are at least zero and fit
the members' answers about held-out folds by least squares (Wolpert, Neural Networks 5, 241 (1992); Breiman, Machine
Learning 24, 49 (1996)). Intervals are made from the same answers (`mlcore.predictors.spread`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from scipy.optimize import nnls

from mlcore.bundle import Bundle, Trained
from mlcore.data.graphs import Graphs, featurise
from mlcore.data.tables import from_scale
from mlcore.errors import UserError
from mlcore.evaluation import regression
from mlcore.predictors import chains, covariance, doubts, features, members, process, reading, targets
from mlcore.predictors.configs import StackConfig
from mlcore.predictors.covariance import Described
from mlcore.predictors.crossfit import Material, doubts_about, limit_of
from mlcore.predictors.domain import Domain
from mlcore.predictors.forest import Forest
from mlcore.predictors.members import Networks
from mlcore.predictors.process import Process, Settings
from mlcore.predictors.protocol import NOTHING, Given, Predictions
from mlcore.predictors.spread import Spread
from mlcore.run import Run

Floats = NDArray[np.float64]

MEMBERS = ("gaussian-process", "polymer-gnn", "trees")
_LEAST_WEIGHT = 0.03

_NOTES = (
    "A weighted sum of a Gaussian process (descriptors and MinMax of Morgan counts, several properties together), "
    "graph networks (one for each fold, which it did not see) and, where asked for, boosted trees, on standardised "
    "values (log10 where the scale is log10). Weights of at least zero fit the members' answers about folds by key "
    "that they had not seen. Training and validation rows are both learned from: figures of the validation part are "
    "such answers too, though beyond 500 structures the parameters of the process were found on rows of all folds. "
    "`std` is learned from them (what the members disagree and doubt about, how high or low the prediction is) and "
    "scaled so that mean ± 1.645 std holds 90 % of them; for a log10 scale it is in decades. `in_domain` is false for "
    "a structure with an element, a charge or a kind of atom or bond that no training structure has, that is like "
    "none of them, or about which the Gaussian process has learned less than about nearly all of them. The section "
    "`training` is the networks'."
)


@dataclass(frozen=True)
class Opinions:
    """What the members say about N structures, in standard deviations of the learned values."""

    means: Floats
    """(members, N, P)."""
    doubts: list[Floats]
    """As `Spread` takes them."""

    @classmethod
    def of(cls, means: Sequence[Floats], left: Floats, variance: Floats, used: NDArray[np.bool_]) -> "Opinions":
        """From members' means (N, P), the process's variance left (N,) and the networks' variance (N, P).

        used: (members, P), the weights above zero; only these members' disagreement counts.
        """
        stacked = np.stack(means)
        share = used / used.sum(axis=0).clip(1)
        centre = np.einsum("mnp,mp->np", stacked, share)
        disagreement = np.einsum("mnp,mp->np", np.square(stacked - centre), share)
        return cls(stacked, [left, variance, disagreement])


def train(run: Run) -> Trained:
    """Trains the members and weights them; UserError when a property cannot be learned."""
    if run.resume:
        run.events.log("info", "a stack keeps no checkpoints: starting at the beginning")
    config: StackConfig = run.config.model
    material = Material.of(run, config.folds, config.radius)
    rows, values = material.rows, material.values[material.rows]
    settings = Settings(config.anchors, config.fit_rows, config.process_steps, config.process_rate, config.apart)
    fitted = process.fit(run, material.described.of(rows), values, material.folds, settings)
    networks, said = members.train_networks(material, config)
    names = frequent(material.described.of(rows), config)
    boosters, grown = members.train_trees(material, config, names)
    weights = weigh([fitted.mean, said.mean, grown], values)
    forest = members.forest_of(boosters, weights[2] > 0, config)
    held_out = Opinions.of([fitted.mean, said.mean, grown], fitted.left, said.variance, weights > 0)
    answer = np.einsum("mnp,mp->np", held_out.means, weights)
    spread = Spread.fit(values - answer, answer, held_out.doubts)
    location, unit = material.standards
    whole = Stack(fitted.process, networks, forest, names, weights, spread)
    mean, std, left = whole.score(material.described, material.graphs, run.device)
    mean[rows], std[rows], left[rows] = answer, spread.std(answer, held_out.doubts), fitted.left
    limit, domain = limit_of(fitted.left), material.domain(config.landmarks)
    found = doubts_about(domain, material.molecules, material.graphs, left, limit)
    kept = {"mean": location, "unit": unit, "limit": np.float64(limit), "weights": weights, "names": names}
    return Trained(
        whole.tensors() | domain.tensors() | {f"stack.{n}": torch.as_tensor(v) for n, v in kept.items()},
        targets.describe(run.table, material.split),
        run.split(),
        material.metrics(mean, std, doubts.inside(found)),
        notes=f"{_NOTES}\n\n## Weights\n\n{_table(run, weights, held_out, answer, values)}",
    )


def frequent(described: Described, config: StackConfig) -> NDArray[np.int64]:
    """The environments that most structures have, for the trees."""
    having = Counter(name for counts in described.counts for name in counts)
    chosen = sorted(having.items(), key=lambda item: (-item[1], item[0]))[: config.tree_surroundings]
    return np.array([name for name, count in chosen if count >= config.tree_least], dtype=np.int64)


def weigh(means: Sequence[Floats], values: Floats) -> Floats:
    """(members, P) weights for members' means (n, P), by least squares on the known values; small ones become zero."""
    weights = np.zeros((len(means), values.shape[1]))
    for p, target in enumerate(values.T):
        known = np.isfinite(target)
        table = np.stack([mean[known, p] for mean in means], axis=1)
        found, _ = nnls(table, target[known])
        used = found >= _LEAST_WEIGHT
        if used.any():
            weights[used, p], _ = nnls(table[:, used], target[known])
    return weights


def _table(run: Run, weights: Floats, held_out: Opinions, answer: Floats, values: Floats) -> str:
    """Each member's weight and, behind it, R² of its answers about folds that it had not seen; then the stack's."""
    lines = [
        "Weight of each member and, in brackets, R² of its answers about folds that it had not seen; then the stack's.",
        "",
        f"| property | {' | '.join(MEMBERS)} | stack |",
        f"|---|{'---|' * (len(MEMBERS) + 1)}",
    ]
    for p, item in enumerate(run.table.properties):
        scores = [_r2(values[:, p], mean[:, p]) for mean in (*held_out.means, answer)]
        cells = [f"{weight:.2f} ({score})" for weight, score in zip(weights[:, p], scores, strict=False)]
        lines.append(f"| {item.name} | {' | '.join(cells)} | {scores[-1]} |")
    return "\n".join(lines)


def _r2(truth: Floats, mean: Floats) -> str:
    return f"{regression.measure(truth, mean)['r2']:.3f}"


@dataclass(frozen=True)
class Stack:
    """The members and what is made of their answers, in standard deviations of the learned values."""

    process: Process
    networks: Networks
    forest: Forest
    names: NDArray[np.int64]
    weights: Floats
    spread: Spread

    def score(self, described: Described, graphs: Graphs, device: torch.device) -> tuple[Floats, Floats, Floats]:
        """Means and standard deviations, both (N, P), and the share of the process's variance left, (N,)."""
        mean, left = self.process.score(described)
        networks, variance, _ = self.networks.score(graphs, device)
        trees = np.zeros_like(mean)
        if self.weights[2].any():
            trees = self.forest.predict(members.columns(described, self.names))
        said = Opinions.of([mean, networks, trees], left, variance, self.weights > 0)
        answer = np.einsum("mnp,mp->np", said.means, self.weights)
        return answer, self.spread.std(answer, said.doubts), left

    def tensors(self) -> dict[str, torch.Tensor]:
        """For a bundle."""
        parts = (self.process.tensors(), self.networks.tensors(), self.forest.tensors(), self.spread.tensors())
        return {name: tensor for part in parts for name, tensor in part.items()}

    @classmethod
    def load(cls, tensors: dict[str, torch.Tensor], config: StackConfig, properties: int) -> "Stack":
        """From the tensors of a bundle; KeyError, ValueError or RuntimeError where they do not fit."""
        names = tensors["stack.names"].numpy()
        count = len({name.split(".")[1] for name in tensors if name.startswith("networks.")})
        networks = Networks(config, count, properties)
        networks.fill(tensors)
        forest = Forest.load(tensors, len(names) + features.DESCRIPTORS + chains.COLUMNS)
        weights = tensors["stack.weights"].numpy()
        if weights.shape != (len(MEMBERS), properties):
            raise ValueError(f"stack.weights are {weights.shape}, not {(len(MEMBERS), properties)}")
        return cls(Process.load(tensors, properties), networks, forest, names, weights, Spread.load(tensors))


def load(bundle: Bundle, device: torch.device) -> "Stacked":
    """The predictor in a bundle."""
    return Stacked(bundle, device)


class Stacked:
    """A trained stack (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        run, tensors = bundle.config, bundle.tensors
        self.properties = bundle.manifest.properties
        self._kind, self._radius, self._device = run.data.kind, run.model.radius, device
        try:
            self._stack = Stack.load(tensors, run.model, len(self.properties))
            self._domain = Domain.load(tensors)
            self._mean, self._unit = (tensors[f"stack.{name}"].numpy() for name in ("mean", "unit"))
            self._limit = float(tensors["stack.limit"])
        except (KeyError, ValueError, RuntimeError) as error:
            fault = str(error).splitlines()[0]
            raise UserError(f"bundle {bundle.path}: the weights do not fit the configuration: {fault}") from error

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures; the answer for one does not depend on the others."""
        return self._answer(*reading.read(structures, self._kind))

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        return self._answer(reading.of_keys(keys), [None] * len(keys))

    def _answer(self, molecules: list[Chem.Mol], errors: list[str | None]) -> Predictions:
        described, graphs = covariance.describe(molecules, self._kind, self._radius), featurise(molecules)
        mean, std, left = self._stack.score(described, graphs, self._device)
        axis = mean * self._unit + self._mean
        found = doubts_about(self._domain, molecules, graphs, left, self._limit)
        values = np.stack([from_scale(axis[:, i], p["scale"]) for i, p in enumerate(self.properties)], axis=1)
        return Predictions.of(values, std * self._unit, found, errors)
