"""Conductivity of polymers with salts over the temperature: networks with a law, the same without it, and trees.

    python -m tests.bench.predictors_chemarr [--models law input ...] [--window 313 353] [--members 16]

Five folds by polymer key, seed 0, of the experimental table of ChemArr (Bradford et al., ACS Cent. Sci. 9, 206 (2023)).
DATA_DIR names the folder with `chemarr/`. Mean absolute errors of log10 S/cm over rows and over polymers go to
`.local/bench/predictors/chemarr.json`. With --window only rows between these temperatures in K are learned from and
only rows outside of them are tested: how a model goes on beyond the temperatures that it knows.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore import bundle, config
from mlcore.config import RunConfig
from mlcore.data import tables
from mlcore.data.splits import Split, folds_by_key
from mlcore.data.tables import Table
from mlcore.evaluation import calibration
from mlcore.events import Events
from mlcore.predictors import arrhenius, groups, reading, salts, temperature
from mlcore.predictors.configs import TreesConfig
from mlcore.predictors.features import Features
from mlcore.predictors.protocol import Given
from mlcore.run import Run

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "mlcore" / "zoo" / "configs" / "arrhenius-chemarr.json"
OUT = ROOT / ".local" / "bench" / "predictors" / "chemarr.json"
MODELS = ("law", "input", "trees", "trees-groups")

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class FoldRun(Run):
    """A run whose split is a fold: no validation rows, so that the last step is kept and nothing is chosen."""

    fold: Split | None = None

    def split(self) -> Split:
        """The fold."""
        assert self.fold is not None
        return self.fold


def networks(table: Table, run_config: RunConfig, split: Split) -> tuple[Floats, Floats]:
    """Predictions of log10 S/cm and standard deviations, (T,), for the test rows, through a saved bundle."""
    with tempfile.TemporaryDirectory() as folder:
        run = FoldRun(run_config, table, Events(), Path(folder) / "checkpoint", fold=split)
        saved = bundle.save(Path(folder) / "bundle", run_config, table, arrhenius.train(run))
        keys = [table.keys[row] for row in split.test]
        found = saved.activate("cpu").predict_keys(keys, Given(conditions=table.conditions.of(split.test)))
    return np.log10(found.mean[:, 0]), found.std[:, 0]


def trees(table: Table, split: Split, kelvin: Floats, with_groups: bool) -> tuple[Floats, Floats]:
    """The same of boosted trees on the counts, descriptors, salt and conditions, the temperature among them; they do
    not know how sure they are.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    keys, place = np.unique(table.keys, return_inverse=True)
    molecules = reading.of_keys(keys.tolist())
    known = [molecules[i] for i in np.unique(place[split.train])]
    features = Features.fit(known, TreesConfig(least=2), "polymer")
    numbers = np.log10(np.stack([table.conditions.numbers[n] for n in ("molality", "molecular_weight")], axis=1))
    salt = salts.describe(table.conditions.structures["salt"])
    polymers = [features.of(molecules)[place]] + ([groups.shares(molecules)[place]] if with_groups else [])
    rows = np.hstack([*polymers, salt, numbers, kelvin[:, None]])
    booster = HistGradientBoostingRegressor(
        max_iter=300, learning_rate=0.05, max_leaf_nodes=15, l2_regularization=1.0, max_features=0.3,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    found: Floats = booster.fit(rows[split.train], table.targets[split.train, 0]).predict(rows[split.test])
    return found, np.full(len(found), np.nan)


def measured(table: Table, folds: list[Split], found: list[tuple[Floats, Floats]]) -> dict[str, Any]:
    """Mean absolute errors: of each fold, of all rows, of the polymers' own mean errors; what 90 % intervals hold.

    `mae_thirds` are those of the polymers of which the model is surest, less sure and least sure.
    """
    errors = [np.abs(mean - table.targets[split.test, 0]) for split, (mean, _) in zip(folds, found, strict=True)]
    std = np.concatenate([spread for _, spread in found])
    keys = np.concatenate([np.array(table.keys)[split.test] for split in folds])
    whole = np.concatenate(errors)
    _, place = np.unique(keys, return_inverse=True)
    by_polymer = np.bincount(place, whole) / np.bincount(place)
    entry = {
        "rows": len(whole),
        "polymers": len(by_polymer),
        "mae_rows": float(whole.mean()),
        "mae_polymers": float(by_polymer.mean()),
        "mae_folds": [float(part.mean()) for part in errors],
    }
    if np.isnan(std).any():
        return entry
    inside = whole <= calibration.half_width(0.9) * std
    surest = np.argsort(np.bincount(place, std) / np.bincount(place))
    return entry | {
        "coverage_rows": float(inside.mean()),
        "coverage_polymers": float((np.bincount(place, inside) / np.bincount(place)).mean()),
        "mae_thirds": [float(by_polymer[third].mean()) for third in np.array_split(surest, 3)],
    }


def main() -> None:
    """Trains and tests what is asked for and is not in the file yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--window", nargs=2, type=float, metavar="KELVIN", help="learn only from rows in between")
    parser.add_argument("--members", type=int, help="networks in an ensemble (default: as configured)")
    parser.add_argument("--vogel-k", type=float, help="T0 of the law (default: as configured)")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    run_config = config.load(CONFIG)
    table = tables.read(Path(os.environ["DATA_DIR"]) / "chemarr" / "train.csv", run_config.data)
    kelvin = temperature.to_kelvin(table.conditions.numbers["temperature"], "degC")
    folds = folds_by_key(table.keys, 5, seed=0)
    if asked.window:
        inside = (kelvin >= asked.window[0]) & (kelvin <= asked.window[1])
        folds = [replace(f, train=f.train[inside[f.train]], test=f.test[~inside[f.test]]) for f in folds]
    settings = {n: v for n, v in (("members", asked.members), ("vogel_k", asked.vogel_k)) if v is not None}
    said = "".join(f", {name} {value:g}" for name, value in settings.items())
    said += f", learned at {asked.window[0]:g} to {asked.window[1]:g} K" if asked.window else ""
    there = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for name in [name for name in asked.models if name + said not in there]:
        began = time.monotonic()
        if name.startswith("trees"):
            found = [trees(table, split, kelvin, name == "trees-groups") for split in folds]
        else:
            model = replace(run_config.model, law=name, **settings)
            found = [networks(table, replace(run_config, model=model), split) for split in folds]
        entry = measured(table, folds, found) | {"seconds": round(time.monotonic() - began)}
        _keep(asked.out, name + said, entry)
        print(json.dumps({name + said: entry}))  # noqa: T201


def _keep(path: Path, title: str, entry: dict[str, Any]) -> None:
    """Adds one entry to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | {title: entry}, indent=1) + "\n")


if __name__ == "__main__":
    main()
