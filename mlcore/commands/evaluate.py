"""`python -m mlcore evaluate`: the measures of generated strings against the data they should add to."""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.chem.identity import Kind
from mlcore.data import tables
from mlcore.data.identities import workers_for
from mlcore.errors import UserError
from mlcore.evaluation import generative, judges, lineage
from mlcore.evaluation.generative import Sample
from mlcore.evaluation.judges import Judge
from mlcore.evaluation.report import Known, Question, report
from mlcore.events import Events, finite
from mlcore.processes import Workers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="generated strings, every one that was drawn")
    parser.add_argument("--smiles-column", default="smiles", help="their column (default smiles)")
    parser.add_argument("--reference", type=Path, required=True, metavar="FILE.csv", help="the whole data set")
    parser.add_argument("--reference-column", default="smiles", help="its column (default smiles)")
    parser.add_argument(
        "--lineage",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.csv",
        help="a further table that the generator or its parents learned from; may be repeated",
    )
    parser.add_argument("--lineage-column", default="smiles", help="the column of these (default smiles)")
    parser.add_argument("--kind", default="polymer", choices=("polymer", "molecule"), help="default polymer")
    parser.add_argument(
        "--predictor",
        type=Path,
        action="append",
        default=[],
        metavar="BUNDLE",
        help="a predictor that did not guide the sampling; may be repeated",
    )
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="P=VALUE", help="count predictions of P from here on"
    )
    parser.add_argument("--fcd", action="store_true", help="also the Frechet ChemNet distance, which takes minutes")
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to predict (default auto)"
    )
    parser.add_argument("--json", action="store_true", help="the measures as one JSON object on stdout")


def run(args: argparse.Namespace, events: Events) -> None:
    """Computes all of mlcore.evaluation.report."""
    thresholds = _thresholds(args.threshold)
    bench = [Judge.open(path, args.device) for path in args.predictor]
    texts = tables.read_column(args.file, args.smiles_column)
    rows = tables.read_rows(args.reference, [args.reference_column])
    judges.check(bench, thresholds, [column for column in rows[0] if column])
    with workers_for(len(texts) + len(rows)) as workers:
        events.progress(0, 3, "reading the reference")
        judged = generative.judge([row[args.reference_column].strip() for row in rows], args.kind, workers)
        known = Known(judged, _values(rows, thresholds), args.kind)
        events.progress(1, 3, "reading the strings")
        sample = Sample.of(texts, known.reference, workers)
        learned = _learned(sample, args.lineage, args.lineage_column, args.kind, workers, events)
        events.progress(2, 3, "measuring")
        found = report(sample, known, Question(bench, thresholds, learned, args.fcd), workers)
    events.progress(3, 3, "measuring")
    if args.json and not events.as_json:
        sys.stdout.write(json.dumps(finite(found), indent=2) + "\n")
    else:
        events.result(found if events.as_json else _for_a_person(found))


def _for_a_person(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without the histograms, and with a line for each share of a judge."""
    plain = {name: value for name, value in found.items() if name not in ("judges", "histograms")}
    return plain | {f"above_threshold.{one['name']}": one["above_threshold"] for one in found["judges"]}


def _learned(
    sample: Sample, paths: Sequence[Path], column: str, kind: Kind, workers: Workers, events: Events
) -> set[str] | None:
    """Keys of the sample that stand in the tables of its lineage; None without a table."""
    if not paths:
        return None
    mine = {item.key: item.identity for item in sample.valid if item.identity}
    found: set[str] = set()
    for path in paths:
        table = tables.read_column(path, column)
        here, looked_at = lineage.occurring(mine.values(), table, kind, workers)
        found |= here
        events.log(
            "info",
            f"{path}: {len(here):,} of {len(mine):,} structures are among its {len(table):,} rows; "
            f"{looked_at:,} had to be read",
        )
    return found


def _thresholds(texts: Sequence[str]) -> dict[str, float]:
    thresholds: dict[str, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        number = _number(value)
        if not name or not math.isfinite(number):
            raise UserError(f"--threshold {text!r}: expected P=VALUE, a number in the unit of property P")
        if name in thresholds:
            raise UserError(f"--threshold {name}: given twice")
        thresholds[name] = number
    return thresholds


def _values(rows: Sequence[Mapping[str, str]], names: Mapping[str, float]) -> dict[str, tables.Floats]:
    """The columns of these names, as far as there are any, with NaN for what is no number."""
    there = [name for name in names if name in rows[0]]
    return {name: np.array([_number(row[name]) for row in rows], dtype=np.float64) for name in there}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
