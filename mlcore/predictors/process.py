"""A Gaussian process over structures for several properties, some of which may have gaps: fitted, asked, kept.

Properties that have values for the same structures are learned together (`mlcore.predictors.coregion`), others, and
those that the configuration sets apart, each for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.errors import UserError
from mlcore.predictors import coregion
from mlcore.predictors.coregion import Learned, Posterior, Solver
from mlcore.predictors.covariance import Anchors, Axes, Covariance, Described
from mlcore.run import Run

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_AT_ONCE = 1024  # structures: their covariances then take some megabytes
_DOUBTERS = 128
"""Anchors that the variance is kept for: a matrix of them is small, and their mean is not what it is needed for."""


@dataclass(frozen=True)
class Settings:
    """What decides a process, beside the data."""

    anchors: int
    fit_rows: int
    steps: int
    rate: float
    apart: str


@dataclass(frozen=True)
class Together:
    """Properties learned together."""

    properties: NDArray[np.int64]
    covariance: Covariance
    posterior: Posterior


@dataclass(frozen=True)
class Process:
    """A fitted process for P properties, in standard deviations of the training values."""

    axes: Axes
    anchors: Anchors
    parts: list[Together]
    doubt: Floats
    """(V, V): see `Solver.doubt`, for the first V anchors and the covariance of the first part."""

    def score(self, described: Described) -> tuple[Floats, Floats]:
        """Means (N, P), and for each structure the share of the variance that the training leaves, (N,) in 0..1."""
        mean = np.empty((len(described.counts), sum(len(part.properties) for part in self.parts)))
        left = np.ones(len(mean))
        for start in range(0, len(mean), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(mean)))
            mean[rows], left[rows] = self._some(described.of(rows))
        return mean, left

    def _some(self, described: Described) -> tuple[Floats, Floats]:
        coordinates, likeness = self.axes.coordinates(described.descriptors), self.anchors.likeness(described)
        mean = np.empty((len(coordinates), sum(len(part.properties) for part in self.parts)))
        left = np.ones(len(mean))
        for number, part in enumerate(self.parts):
            k = part.covariance.of(coordinates, likeness, self.anchors)
            mean[:, part.properties] = part.posterior.mean(k)
            if number == 0:
                left = _left(k[:, : len(self.doubt)], self.doubt)
        return mean, left

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle."""
        kept = self.axes.tensors() | self.anchors.tensors() | {"process.doubt": torch.from_numpy(self.doubt)}
        for number, part in enumerate(self.parts):
            arrays = {"properties": part.properties, "weights": part.posterior.weights, "offset": part.posterior.offset}
            named = {name: torch.from_numpy(array) for name, array in arrays.items()} | part.covariance.tensors()
            kept |= {f"process.{number}.{name}": tensor for name, tensor in named.items()}
        return kept

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], properties: int) -> "Process":
        """From the tensors of a bundle; KeyError or ValueError where they are no process of so many properties."""
        axes, anchors = Axes.load(tensors), Anchors.load(tensors)
        parts: list[Together] = []
        while sum(len(part.properties) for part in parts) < properties:
            start = f"process.{len(parts)}."
            ours = {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)}
            posterior = Posterior(ours["weights"].numpy(), ours["offset"].numpy())
            parts.append(Together(ours["properties"].numpy(), Covariance.load(ours, axes), posterior))
        if sorted(np.concatenate([part.properties for part in parts]).tolist()) != list(range(properties)):
            raise ValueError(f"the parts of the process are not those of {properties} properties")
        if any(part.posterior.weights.shape[0] != len(anchors.coordinates) for part in parts):
            raise ValueError("process.*.weights are not those of the anchors")
        return cls(axes, anchors, parts, tensors["process.doubt"].numpy())


@dataclass(frozen=True)
class Fitted:
    """A process, and what processes that did not see a fold say about it."""

    process: Process
    mean: Floats
    """(N, P) in standard deviations, of the training structures, each without the values of its fold."""
    left: Floats
    """(N,): the share of the variance that is left, likewise."""


def fit(run: Run, described: Described, values: Floats, folds: Sequence[Rows], settings: Settings) -> Fitted:
    """Learns from structures (N) and values (N, P) in standard deviations, NaN where there is none.

    folds: rows of the structures, each in one of them.
    """
    random = np.random.default_rng(run.config.seed)
    chosen = np.sort(random.permutation(len(values))[: settings.anchors])
    random.shuffle(chosen)
    axes = Axes.fit(described.descriptors)
    anchors = Anchors.of(described.of(chosen), axes)
    mean, left, doubt = np.empty(values.shape), np.ones(len(values)), np.empty((0, 0))
    parts: list[Together] = []
    groups = _groups(run, values, settings.apart)
    for number, members in enumerate(groups):
        known = np.flatnonzero(np.isfinite(values[:, members[0]]))
        learned = _learn(
            run, described.of(known), axes, values[np.ix_(known, members)], settings, (number, len(groups))
        )
        covariance = Covariance(axes, learned.relevance, learned.share)
        everywhere = covariance.between(described, anchors)
        among = covariance.among(anchors)
        solver = Solver.of(among, everywhere[known])
        taught = values[np.ix_(known, members)]
        within = [np.flatnonzero(np.isin(known, fold)) for fold in folds]
        for fold, posterior in zip(folds, solver.without(within, taught, learned.mixing), strict=True):
            mean[np.ix_(fold, members)] = posterior.mean(everywhere[fold])
        parts.append(Together(members, covariance, solver.posterior(taught, learned.mixing)))
        if number == 0:
            signal = float(np.exp(np.log(learned.mixing.signal).mean()))
            doubters = Solver.of(_first(among)[:_DOUBTERS], _first(everywhere[known]))
            doubt = doubters.doubt(signal)
            for fold, rows in zip(folds, within, strict=True):
                left[fold] = _left(_first(everywhere[fold]), doubters.doubt(signal, rows))
    return Fitted(Process(axes, anchors, parts, doubt), mean, left)


def _first(k: Floats) -> Floats:
    return k[:, :_DOUBTERS]


def _left(k: Floats, doubt: Floats) -> Floats:
    return np.clip(1 - np.einsum("nv,vw,nw->n", k, doubt, k, optimize=True), 0, 1)


def _groups(run: Run, values: Floats, apart: str) -> list[NDArray[np.int64]]:
    """Numbers of the properties that are learned together, the largest group first."""
    names = [item.name for item in run.table.properties]
    alone = {name.strip() for name in apart.split(",")} - {""}
    if stray := alone - set(names):
        raise UserError(f"model.apart: {', '.join(sorted(stray))} is not among data.properties")
    groups: dict[Any, list[int]] = {}
    for number, name in enumerate(names):
        pattern = name if name in alone else np.isfinite(values[:, number]).tobytes()
        groups.setdefault(pattern, []).append(number)
    return [
        np.array(members, dtype=np.int64) for members in sorted(groups.values(), key=lambda group: (-len(group), group))
    ]


def _learn(
    run: Run, known: Described, axes: Axes, values: Floats, settings: Settings, place: tuple[int, int]
) -> Learned:
    """The parameters that suit a random part of the structures best; tells the likelihood of the first group."""
    rows = np.random.default_rng([run.config.seed, 1]).permutation(len(values))[: settings.fit_rows]
    part = known.of(np.sort(rows))
    anchors = Anchors.of(part, axes)
    number, groups = place

    def told(step: int, loss: float) -> None:
        run.events.progress(number * settings.steps + step + 1, groups * settings.steps, "fitting the Gaussian process")
        if number == 0 and (step + 1) % run.config.training.report_every == 0:
            run.events.metric("process_loss", loss, step + 1, "train")

    return coregion.learn(
        axes.coordinates(part.descriptors),
        anchors.likeness(part),
        values[np.sort(rows)],
        settings.steps,
        settings.rate,
        run.device,
        told,
    )
