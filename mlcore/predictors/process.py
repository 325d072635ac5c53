"""A Gaussian process over structures for several properties, some of which may have gaps: fitted, asked, kept.

Properties that have values for the same structures are learned together (`mlcore.predictors.coregion`), others, and
those that the configuration sets apart, each for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.errors import UserError
from mlcore.predictors import coregion
from mlcore.predictors.coregion import Learned, Mixing, Posterior, Solver
from mlcore.predictors.covariance import Anchors, Axes, Covariance, Described
from mlcore.run import Run

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_AT_ONCE = 1024  # structures: their covariances then take some megabytes
_DOUBTERS = 128
"""Anchors that the variance is kept for: a matrix of them is small, and their mean is not what it is needed for."""
_FEW = 500
"""Structures up to which a fold is judged by parameters found without it: so few let their noise into them, and the
figures would flatter. More hardly feel a fold, and the search would cost minutes for each."""


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
    known = [np.flatnonzero(np.isfinite(values[:, members[0]])) for members in groups]
    search = _Search(run, described, axes, anchors, settings, sum(_searches(len(rows), folds) for rows in known))
    for number, (members, rows) in enumerate(zip(groups, known, strict=True)):
        taught = values[:, members]
        whole = search.view(rows, taught)
        for fold in folds:
            view = search.view(np.setdiff1d(rows, fold), taught) if _searches(len(rows), folds) > 1 else whole
            mean[np.ix_(fold, members)] = view.mean(fold)
            if number == 0:
                left[fold] = view.left(fold)
        parts.append(Together(members, whole.covariance, whole.posterior()))
        if number == 0:
            doubt = whole.doubt()
    return Fitted(Process(axes, anchors, parts, doubt), mean, left)


def _searches(count: int, folds: Sequence[Rows]) -> int:
    """How often parameters are sought for so many structures."""
    return 1 if count > _FEW else 1 + len(folds)


@dataclass(frozen=True)
class _View:
    """Parameters, and what training structures say under them."""

    rows: Rows
    """Structures that the process is told about."""
    values: Floats
    """(N, p) of all."""
    covariance: Covariance
    mixing: Mixing
    everywhere: Floats
    """(N, M) of all with the anchors."""
    among: Floats
    """(M, M)."""

    def posterior(self, without: Rows | None = None) -> Posterior:
        """As if the process had not been told about some structures."""
        return self._solver.posterior(self.values[self.rows], self.mixing, self._places(without))

    def mean(self, fold: Rows) -> Floats:
        """(n, p): about a fold, from a process that was not told about it."""
        return self.posterior(fold).mean(self.everywhere[fold])

    def doubt(self, without: Rows | None = None) -> Floats:
        """`Solver.doubt` of the first anchors."""
        return self._doubters.doubt(float(np.exp(np.log(self.mixing.signal).mean())), self._places(without))

    def left(self, fold: Rows) -> Floats:
        """(n,): the share of the variance left at a fold, likewise."""
        return _left(_first(self.everywhere[fold]), self.doubt(fold))

    def _places(self, without: Rows | None) -> Rows:
        return np.flatnonzero(np.isin(self.rows, [] if without is None else without))

    @cached_property
    def _solver(self) -> Solver:
        return Solver.of(self.among, self.everywhere[self.rows])

    @cached_property
    def _doubters(self) -> Solver:
        return Solver.of(_first(self.among)[:_DOUBTERS], _first(self.everywhere[self.rows]))


class _Search:
    """Seeks parameters, once for each view."""

    def __init__(
        self, run: Run, described: Described, axes: Axes, anchors: Anchors, settings: Settings, count: int
    ) -> None:
        self._run, self._described, self._axes, self._anchors = run, described, axes, anchors
        self._settings, self._count, self._done = settings, count, 0

    def view(self, rows: Rows, values: Floats) -> _View:
        """With the parameters that suit a random part of some structures best; tells the likelihood of the first."""
        learned = self._learn(rows, values)
        self._done += 1
        covariance = Covariance(self._axes, learned.relevance, learned.share)
        everywhere, among = covariance.between(self._described, self._anchors), covariance.among(self._anchors)
        return _View(rows, values, covariance, learned.mixing, everywhere, among)

    def _learn(self, rows: Rows, values: Floats) -> Learned:
        order = np.random.default_rng([self._run.config.seed, 1]).permutation(len(rows))
        chosen = rows[np.sort(order[: self._settings.fit_rows])]
        part, steps = self._described.of(chosen), self._settings.steps

        def told(step: int, loss: float) -> None:
            done, of = self._done * steps + step + 1, self._count * steps
            self._run.events.progress(done, of, "fitting the Gaussian process")
            if self._done == 0 and (step + 1) % self._run.config.training.report_every == 0:
                self._run.events.metric("process_loss", loss, step + 1, "train")

        return coregion.learn(
            self._axes.coordinates(part.descriptors),
            Anchors.of(part, self._axes).likeness(part),
            values[chosen],
            steps,
            self._settings.rate,
            self._run.device,
            told,
        )


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
