"""Predictors on HTP-MD, five folds by polymer key, all six properties.

    python -m tests.bench.predictors_htpmd             trains, predicts and reports; hours on two cores
    python -m tests.bench.predictors_htpmd --only gaussian-process --folds 0 1
    python -m tests.bench.predictors_htpmd --report    of what was predicted before

DATA_DIR names the folder with `htpmd/`. Each fold is held out of the table before anything else, and its keys are
scored by the bundle that was saved (`mlcore.predictors.crossvalidation`). A fold that is there already is kept, so that
folds may be run side by side. Everything lands in .local/bench/predictors, figures of what has all five in htpmd.json:
pooled, on the model's axis.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore import catalog, config
from mlcore.config import RunConfig
from mlcore.data import tables
from mlcore.data.splits import folds_by_key
from mlcore.data.tables import Table, to_scale
from mlcore.evaluation import calibration, regression
from mlcore.predictors import crossvalidation

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "mlcore" / "zoo" / "configs"
OUT = ROOT / ".local" / "bench" / "predictors"
TABLE = "htpmd/md_wo_structure_cleaned_0_1_4.csv"
USUAL = ("trees", "gaussian-process", "stack")
FOLDS = 5
BEST = 320
"""The class high of HTP-MD holds so many polymers."""

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description="Predictors on HTP-MD, five folds by polymer key.")
    parser.add_argument("--only", nargs="+", default=USUAL, choices=(*USUAL, "polymer-gnn"))
    parser.add_argument("--folds", nargs="+", type=int, default=range(FOLDS), choices=range(FOLDS))
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    parser.add_argument("--model", default="{}", help="settings of model to change, as JSON")
    parser.add_argument("--tag", default="", help="name for the changed settings")
    parser.add_argument("--report", action="store_true", help="only put together what is there")
    asked = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if not asked.report:
        table = tables.read(Path(os.environ["DATA_DIR"]) / TABLE, configuration("trees", {}).data)
        for name in asked.only:
            for fold in asked.folds:
                run_fold(table, name, fold, asked.seed, json.loads(asked.model), asked.tag)
    print(json.dumps(report(), indent=1))  # noqa: T201


def configuration(architecture: str, model: dict[str, Any]) -> RunConfig:
    """As the zoo has it, but for the shares: no test rows, and validation rows only where they decide something."""
    zoo = {"trees": "trees", "gaussian-process": "stack", "stack": "stack", "polymer-gnn": "gnn"}[architecture]
    content = json.loads((CONFIGS / f"{zoo}-htpmd.json").read_text())
    if architecture == "gaussian-process":
        known = {item["name"] for item in catalog.describe(catalog.get(architecture))["model"]}
        kept = {name: value for name, value in content["model"].items() if name in known}
        content = {**content, "architecture": architecture, "model": kept, "training": {}}
    content["model"] = {**content["model"], **model}
    steered = architecture in ("trees", "polymer-gnn")
    content["data"]["split"] = {"valid": 0.1 if steered else 0.0, "test": 0.0}
    if steered:  # a seed of its own: folds and validation rows are drawn from the same hash of (seed, key)
        content["seed"] = 100
    return config.load(content)


def run_fold(table: Table, name: str, fold: int, seed: int, model: dict[str, Any], tag: str) -> None:
    """Trains without a fold and writes what the bundle says about it."""
    out = OUT / f"{name}{tag}-seed{seed}-fold{fold}.json"
    if out.exists():
        return
    split, began = folds_by_key(table.keys, FOLDS, seed)[fold], time.monotonic()
    (answer,) = crossvalidation.held_out(configuration(name, model), table, [split])
    found = answer.found
    axis = [to_scale(found.mean[:, i], item.scale) for i, item in enumerate(table.properties)]
    content = {
        "mean": np.stack(axis, axis=1).tolist(),
        "std": found.std.tolist(),
        "in_domain": found.in_domain.tolist(),
        "truth": table.targets[split.test].tolist(),
        "seconds": time.monotonic() - began,
    }
    out.write_text(json.dumps(content))


def report() -> dict[str, Any]:
    """Figures of each kind of predictor over the folds that are there; in htpmd.json those over all five."""
    found: dict[str, Any] = {}
    for name in sorted({path.name.split("-fold")[0] for path in OUT.glob("*-fold*.json")}):
        parts = [json.loads(path.read_text()) for path in sorted(OUT.glob(f"{name}-fold*.json"))]
        mean, std, truth = (np.concatenate([part[key] for part in parts]) for key in ("mean", "std", "truth"))
        properties = configuration("trees", {}).data.properties
        found[name] = {
            "folds": len(parts),
            "in_domain": float(np.mean(np.concatenate([part["in_domain"] for part in parts]))),
            "properties": {p.name: measure(truth[:, i], mean[:, i], std[:, i]) for i, p in enumerate(properties)},
        }
    whole = {name: entry for name, entry in found.items() if entry["folds"] == FOLDS}
    (OUT / "htpmd.json").write_text(json.dumps(whole, indent=1) + "\n")
    return found


def measure(truth: Floats, mean: Floats, std: Floats) -> dict[str, Any]:
    """Errors and intervals of one property (N,); thirds are those of least, middle and largest std."""
    error = np.abs(truth - mean)
    thirds = np.array_split(np.argsort(std, kind="stable"), 3)
    constant = std.std() < 1e-12
    return {
        **regression.measure(truth, mean),
        "top_320": regression.top_precision(truth, mean, min(BEST, len(truth))),
        "coverage_90": calibration.coverage(truth, mean, std),
        "error_to_std": None if constant else float(np.corrcoef(error, std)[0, 1]),
        "width_in_thirds": [2 * calibration.half_width(0.9) * float(std[third].mean()) for third in thirds],
        "coverage_in_thirds": [calibration.coverage(truth[third], mean[third], std[third]) for third in thirds],
        "mae_in_thirds": [float(error[third].mean()) for third in thirds],
    }


if __name__ == "__main__":
    main()
