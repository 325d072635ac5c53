"""The members of a stack that are no Gaussian process: graph networks and boosted trees, and what each says of a fold
that it did not see.

The networks are kept, one a fold, and answer together; of the trees, which are larger, the ones that saw everything.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.data.graphs import Graphs
from mlcore.data.splits import Split
from mlcore.events import Events, Level
from mlcore.predictors.configs import PolymerGNNConfig, StackConfig
from mlcore.predictors.covariance import Described
from mlcore.predictors.crossfit import Material
from mlcore.predictors.ensemble import Ensemble
from mlcore.predictors.fitting import Learner
from mlcore.predictors.forest import Forest
from mlcore.predictors.gine import GINE
from mlcore.run import Run
from mlcore.training import fit

Floats = NDArray[np.float64]


def network_config(config: StackConfig) -> PolymerGNNConfig:
    """The settings of one network."""
    return PolymerGNNConfig(members=1, width=config.width, layers=config.layers, dropout=config.dropout)


class Networks:
    """Graph networks, one a fold, whose answers are averaged."""

    def __init__(self, config: StackConfig, count: int, properties: int) -> None:
        shape = network_config(config)
        self.parts = [Ensemble([GINE(shape, properties)], properties) for _ in range(count)]
        for part in self.parts:
            part.target_mean.zero_()  # they answer in standard deviations of the learned values

    def score(self, graphs: Graphs, device: torch.device) -> tuple[Floats, Floats, Floats]:
        """Means, the networks' own variances and the variance between them, each (N, P), in standard deviations."""
        answers = [part.to(device).eval().score(graphs, device) for part in self.parts]
        means = np.stack([answer.mean for answer in answers])
        return means.mean(0), np.mean([np.square(answer.std) for answer in answers], axis=0), means.var(0)

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle, in half precision."""
        return {
            f"networks.{number}.{name}": tensor.half() if tensor.is_floating_point() else tensor
            for number, part in enumerate(self.parts)
            for name, tensor in part.members.state_dict().items()
        }

    def fill(self, tensors: dict[str, Tensor]) -> None:
        """Takes the weights of a bundle; RuntimeError where they do not fit."""
        for number, part in enumerate(self.parts):
            start = f"networks.{number}."
            ours = {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)}
            part.members.load_state_dict(ours)
            part.eval()


@dataclass(frozen=True)
class Answers:
    """What models say about the learned structures (n), each without those of its fold, in standard deviations."""

    mean: Floats  # (n, P)
    variance: Floats  # (n, P)


def train_networks(material: Material, config: StackConfig) -> tuple[Networks, Answers]:
    """One network a fold, trained without it."""
    run, rows, folds = material.run, material.rows, material.folds
    properties = len(run.table.properties)
    torch.manual_seed(run.config.seed)
    networks = Networks(config, len(folds), properties)
    answers = Answers(np.zeros((len(rows), properties)), np.zeros((len(rows), properties)))
    targets = torch.from_numpy(material.values).float()
    for number, (part, fold) in enumerate(zip(networks.parts, folds, strict=True)):
        split = Split(np.delete(rows, fold), rows[:0], rows[:0], "")
        ours = _run_of(run, config, number, len(folds))
        part.to(run.device)
        fit(Learner(part, ours, material.graphs, targets, split), ours)
        part.members.half().float()  # as the bundle keeps them
        said = part.eval().score(material.graphs, run.device, rows[fold])
        answers.mean[fold], answers.variance[fold] = said.mean, np.square(said.std)
    return networks, answers


def _run_of(run: Run, config: StackConfig, number: int, of: int) -> Run:
    """The run of one network: its own seed, and a part of the progress."""
    ours = replace(run.config, model=network_config(config), seed=run.config.seed * 100 + number)
    return replace(
        run, config=ours, resume=False, init=None, events=_Part(run.events, number, of, run.config.training.steps)
    )


class _Part(Events):
    """Events of one of several trainings, which follow one another in the steps that are told."""

    def __init__(self, events: Events, number: int, of: int, steps: int) -> None:
        super().__init__()
        self._inner, self._first, self._total = events, number * steps, of * steps

    def progress(self, step: int, total: int, text: str = "") -> None:
        """A step of the whole."""
        self._inner.progress(self._first + step, self._total, text)

    def metric(self, name: str, value: float, step: int, split: str) -> None:
        """A point of the one curve."""
        self._inner.metric(name, value, self._first + step, split)

    def log(self, level: Level, message: str) -> None:
        """As it is."""
        self._inner.log(level, message)


def columns(described: Described, names: NDArray[np.int64]) -> Floats:
    """(N, E + D): counts of the environments `names`, then the descriptors, for trees."""
    places = {name: place for place, name in enumerate(names.tolist())}
    rows = np.zeros((len(described.counts), len(places)))
    for row, counts in zip(rows, described.counts, strict=True):
        for name in counts.keys() & places.keys():
            row[places[name]] = counts[name]
    return np.concatenate([rows, described.descriptors], axis=1)


def train_trees(material: Material, config: StackConfig, names: NDArray[np.int64]) -> tuple[list[Any], Floats]:
    """A booster a property that saw everything, and (n, P) answers of boosters without a structure's fold."""
    values = material.values[material.rows]
    boosters: list[Any] = []
    said = np.zeros(values.shape)
    if not config.tree_rounds:
        return boosters, said
    table = columns(material.described.of(material.rows), names)
    for number, target in enumerate(values.T):
        material.run.events.progress(number, values.shape[1], "growing trees")
        known = np.isfinite(target)
        boosters.append(_booster(config, material.run).fit(table[known], target[known]))
        for fold in material.folds:
            taught = known.copy()
            taught[fold] = False
            if taught.any():
                booster = _booster(config, material.run).fit(table[taught], target[taught])
                said[fold, number] = booster.predict(table[fold])
    material.run.events.progress(values.shape[1], values.shape[1], "growing trees")
    return boosters, said


def _booster(config: StackConfig, run: Run) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor  # only here: slow to import, and not needed to predict

    return HistGradientBoostingRegressor(
        max_iter=config.tree_rounds,
        learning_rate=config.tree_rate,
        max_leaf_nodes=config.tree_leaves,
        min_samples_leaf=config.tree_least,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        random_state=run.config.seed,
    )


def forest_of(boosters: list[Any], wanted: NDArray[np.bool_], config: StackConfig) -> Forest:
    """The trees of the properties that want them."""
    if not boosters:
        return Forest.empty(0, config.tree_leaves, len(wanted))
    return Forest.of(boosters, [config.tree_rounds if want else 0 for want in wanted], config.tree_leaves)
