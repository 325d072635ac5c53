"""How fast the shipped predictors of polymers score, featurising included. For a machine with nothing else to do.

    DATA_DIR=... python -m tests.bench.predictors_speed

Polymers of HTP-MD that have been identified, as the registry scores them, and the same as strings, which have to be
read and identified first. Medians of rounds in which the models take turns go to speed.json, from where
`make bench-predictors` takes them into its page.
"""

import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from mlcore import bundle
from mlcore.chem import polymer
from mlcore.predictors.latent import UNKNOWN
from tests.bench.predictors_htpmd import CONFIGS, OUT

TABLE = "htpmd/PolyGen-train-set-from-HTP-MD.csv"
MODELS = ("gnn-htpmd", "trees-htpmd", "stack-htpmd")
SINGLE = "gnn-htpmd, one of its four networks"
ROUNDS = 5


def main() -> None:
    """Measures and writes."""
    with (Path(os.environ["DATA_DIR"]) / TABLE).open(newline="") as file:
        texts = [row["mol_smiles"] for row in csv.DictReader(file)]
    keys = [polymer.key(text) for text in texts]
    opened: dict[str, Any] = {name: opened_model(name) for name in MODELS}
    opened[SINGLE] = opened_model("gnn-htpmd")
    opened[SINGLE]._model.members, opened[SINGLE]._latent = opened[SINGLE]._model.members[:1], UNKNOWN
    rates: dict[str, dict[str, list[float]]] = {name: {"identified": [], "strings": []} for name in opened}
    for _ in range(ROUNDS + 1):
        for name, model in opened.items():
            rates[name]["identified"].append(len(keys) / seconds(model.predict_keys, keys))
            rates[name]["strings"].append(len(texts) / seconds(model.predict, texts))
    found = {name: {how: median(rates[1:]) for how, rates in part.items()} for name, part in rates.items()}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "speed.json").write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def opened_model(name: str) -> Any:
    """A predictor of the zoo, on the CPU."""
    return bundle.open_model(CONFIGS.parent / name, "predict", "cpu")


def seconds(work: Callable[[list[str]], object], structures: list[str]) -> float:
    """On the clock."""
    began = time.monotonic()
    work(structures)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
