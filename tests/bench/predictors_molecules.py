"""Energies of molecules: FCHL, SchNet and dressed atoms, of G4MP2 directly or as the difference to B3LYP.

    DATA_DIR=... python -m tests.bench.predictors_molecules [--only fchl] [--sizes 100 300 1000 2758]

Ward et al., MRS Commun. 9, 891 (2019), on the 2,758 training and 307 validation molecules in DATA_DIR/g4mp2. Trains and
predicts through the command line of mlcore; the validation molecules steer nothing, and none is in what `schnet-qm9`,
from which SchNet's transfers start, was pretrained on (`tests.bench.qm9`). Mean absolute errors in meV and times go to
.local/bench/predictors/molecules.json, one entry a model and size; what is there already is kept.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from mlcore import bundle
from mlcore.predictors.given import of_rows
from tests.bench.generators_report import machine

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "mlcore" / "zoo"
OUT = ROOT / ".local" / "bench" / "predictors"
MEV = 27211.386  # in a hartree
ROUNDS = 3
ALL = 2758  # molecules of the training table
DIRECT = {"name": "u0", "column": "u0_g4mp2", "unit": "Ha", "level": "G4MP2"}
LEVELS = {
    "b3lyp": ("u0_b3lyp", "B3LYP/6-31G(2df,p)"),
    "b3lyp-large": ("u0_b3lyp_large", "B3LYP in a larger basis"),
    "wb97xd": ("u0_wB97Xd", "wB97X-D"),
}
"""Columns of the energies that a difference may start from, and their levels of theory."""


@dataclass(frozen=True)
class Model:
    """One way to the energies."""

    architecture: str
    level: str = ""
    """Of LEVELS, whose difference to G4MP2 is learned; blank for G4MP2 itself."""
    transfer: bool = False
    """Whether it starts from the representation of a SchNet trained on QM9's energies of B3LYP."""
    shipped: str = ""
    """The bundle of the zoo, where it is one: trained on the training table, too."""

    @property
    def name(self) -> str:
        if self.shipped:
            return self.shipped
        level = "" if self.level in ("", "b3lyp") else f" {self.level}"
        return f"{self.architecture} {'delta' if self.level else 'direct'}{level}{' transfer' if self.transfer else ''}"

    def config(self) -> dict[str, Any]:
        """Its configuration: that of the zoo for schnet's shape and loop, defaults for the others."""
        data = {"kind": "molecule", "smiles_column": "inchi", "geometry_column": "xyz"}
        split = {"valid": 0.0 if self.architecture == "fchl" else 0.1, "test": 0.0}  # a kernel leaves out by itself
        own = json.loads((Path(__file__).parent / "configs" / "schnet.json").read_text())
        settings = own if self.architecture == "schnet" else {"architecture": self.architecture}
        column, level = LEVELS.get(self.level, (None, None))
        wanted = DIRECT | ({"baseline": column, "baseline_level": level} if column else {})
        return settings | {"data": data | {"split": split, "properties": [wanted]}}


MODELS = [
    Model("dressed-atoms", "b3lyp"),
    Model("dressed-atoms"),
    Model("fchl", "b3lyp"),
    Model("fchl", "b3lyp", shipped="fchl-g4mp2"),
    Model("fchl", "b3lyp-large"),
    Model("fchl", "wb97xd"),
    Model("fchl"),
    Model("schnet", "b3lyp", transfer=True),
    Model("schnet", "b3lyp"),
    Model("schnet", transfer=True),
    Model("schnet"),
]


def mlcore(*arguments: object) -> float:
    """One command; its wall time in seconds."""
    began = time.monotonic()
    command = [sys.executable, "-m", "mlcore", *map(str, arguments), "--events"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def subset(source: Path, size: int, path: Path) -> Path:
    """A table with `size` rows of another, drawn with seed 0; the smaller are parts of the larger."""
    rows = list(csv.DictReader(source.open(newline="")))
    random.Random(0).shuffle(rows)
    with path.open("w", newline="") as file:
        baselines = (column for column, _ in LEVELS.values())
        writer = csv.DictWriter(file, ["inchi", "xyz", "u0_g4mp2", *baselines], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows[:size])
    return path


def scoring(path: Path, table: Path) -> float:
    """Milliseconds that a molecule of a table takes in one batch: a median, without the first round."""
    model = bundle.load(path, "predict")
    predictor = model.activate()
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    given, _ = of_rows(rows, model.config.data)
    structures, times = [row["inchi"] for row in rows], []
    for _ in range(ROUNDS + 1):
        began = time.monotonic()
        predictor.predict(structures, given)
        times.append(time.monotonic() - began)
    return 1000 * median(times[1:]) / len(rows)


def measured(model: Model, size: int, data: Path, work: Path) -> dict[str, Any]:
    """Trains on `size` molecules and predicts the validation molecules, and times the scoring."""
    name = f"{model.name.replace(' ', '-')}-{size}"
    path = ZOO / model.shipped if model.shipped else work / name
    spent: dict[str, float] = {}
    if not path.exists():
        config = work / f"{name}.json"
        config.write_text(json.dumps(model.config(), indent=1))
        table = subset(data / "train.csv", size, work / f"train-{size}.csv")
        start = ["--init", ZOO / "schnet-qm9"] if model.transfer else []
        spent = {"train_seconds": mlcore("train", config, "--data", table, "--out", path, *start)}
    mlcore("predict", path, data / "valid.csv", "--smiles-column", "inchi", "--out", work / f"{name}.csv")
    with (work / f"{name}.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["error"]]
    errors = [abs(float(row["u0"]) - float(row["u0_g4mp2"])) * MEV for row in rows]
    inside = [abs(float(row["u0"]) - float(row["u0_g4mp2"])) <= 1.645 * float(row["u0_std"]) for row in rows]
    return {
        "molecules": len(rows),
        "mae_mev": sum(errors) / len(errors),
        "coverage_90": sum(inside) / len(inside),
        **spent,
        "predict_ms": scoring(path, subset(data / "train.csv", 1000, work / "thousand.csv")),
        "machine": machine(),
    }


def main() -> None:
    """Measures what is asked for; what the file holds of other models stays."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.predictors_molecules", description=__doc__)
    parser.add_argument("--only", default="", help="models whose name begins so")
    parser.add_argument("--sizes", type=int, nargs="+", default=[ALL], help="training molecules")
    args = parser.parse_args()
    data, work = Path(os.environ["DATA_DIR"]) / "g4mp2", OUT / "molecules"
    work.mkdir(parents=True, exist_ok=True)
    path = OUT / "molecules.json"
    for size in args.sizes:
        for model in (model for model in MODELS if model.name.startswith(args.only)):
            if model.shipped and size != ALL:
                continue
            entry = measured(model, size, data, work)
            found = json.loads(path.read_text()) if path.exists() else {}
            title = f"{model.name}, {size}"
            path.write_text(json.dumps(found | {title: found.get(title, {}) | entry}, indent=1) + "\n")
            sys.stdout.write(f"{title}: {json.dumps(entry)}\n")


if __name__ == "__main__":
    main()
