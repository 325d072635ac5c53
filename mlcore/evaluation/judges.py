"""Predictors that did not guide the sampling say what they expect of it.

Several of different kind are worth more than one: a generator can please one network by its blind spots, hardly two
models that share nothing but the data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore import bundle, device
from mlcore.errors import UserError
from mlcore.predictors.protocol import Predictor
from mlcore.processes import Workers

Floats = NDArray[np.float64]

_BATCH = 256  # structures sent to a worker process at once


@dataclass(frozen=True)
class Judge:
    """A predictor, by the bundle that it was read from."""

    name: str
    """Of the bundle's folder."""
    architecture: str
    digest: str
    predictor: Predictor
    shared: Path | None = None
    """Where other processes find it; None where it is on a GPU."""

    @classmethod
    def open(cls, path: Path, device_name: str = "auto") -> "Judge":
        """The predictor in the bundle at `path`."""
        found, where = bundle.load(path, "predict"), device.select(device_name)
        shared = path.absolute() if where.type == "cpu" else None
        return cls(path.absolute().name, found.manifest.architecture, found.digest, found.activate(where.type), shared)

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """What it predicts, by name: unit, scale, ..."""
        return {entry["name"]: entry for entry in self.predictor.properties}

    def answers(self, keys: Iterable[str], workers: Workers | None = None) -> "Answers":
        """Predictions for structures given by their keys, each worked out once; by `workers` where they help."""
        distinct = list(dict.fromkeys(keys))
        return Answers(self, dict(zip(distinct, self._means(distinct, workers), strict=True)))

    def _means(self, keys: Sequence[str], workers: Workers | None) -> Iterable[Floats]:
        if self.shared is None or workers is None or workers.processes == 1:
            return self.predictor.predict_keys(keys).mean
        batches = [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]
        return chain.from_iterable(workers.map(partial(_predict, self.shared), batches))


def _predict(path: Path, keys: Sequence[str]) -> Floats:
    return _opened(path).predict_keys(keys).mean


@lru_cache(maxsize=8)
def _opened(path: Path) -> Predictor:
    torch.set_num_threads(1)  # each process has a core to itself
    model: Predictor = bundle.open_model(path, "predict", "cpu")
    return model


@dataclass(frozen=True)
class Answers:
    """What a judge predicts."""

    judge: Judge
    means: Mapping[str, Floats]
    """By key, (P,) in the properties' units."""

    def of(self, name: str, keys: Sequence[str]) -> Floats:
        """(N,) of one property, for keys that may repeat."""
        place = list(self.judge.properties).index(name)
        return np.array([self.means[key][place] for key in keys], dtype=np.float64)

    def report(self, keys: Sequence[str], thresholds: Mapping[str, float]) -> dict[str, Any]:
        """Who judged, and the share of keys, repeats included, at or above each threshold of a property it knows.

        Structures that the judge refused do not count; without any other the share is None.
        """
        shares: dict[str, float | None] = {}
        for name in thresholds.keys() & self.judge.properties.keys():
            values = self.of(name, keys)
            known = values[np.isfinite(values)]
            shares[name] = float((known >= thresholds[name]).mean()) if len(known) else None
        judge = self.judge
        return {
            "name": judge.name,
            "architecture": judge.architecture,
            "digest": judge.digest,
            "above_threshold": {name: shares[name] for name in thresholds if name in shares},
        }


def check(judges: Sequence[Judge], thresholds: Mapping[str, float], columns: Iterable[str]) -> None:
    """UserError unless each judge knows a threshold's property, and each such property is a judge's or a column."""
    for judge in judges:
        if not thresholds.keys() & judge.properties.keys():
            known = ", ".join(judge.properties)
            raise UserError(f"--predictor {judge.name} needs a --threshold of a property that it knows: {known}")
    predicted = {name for judge in judges for name in judge.properties}
    for name in sorted(thresholds.keys() - predicted - set(columns)):
        raise UserError(f"--threshold {name}: neither a predictor nor the reference knows it")
