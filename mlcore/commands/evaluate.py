"""`python -m mlcore evaluate`: the measures of generated strings against the data they should add to."""

import argparse
import json
import sys
from pathlib import Path

from mlcore import bundle
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.evaluation import generative
from mlcore.events import Events, finite
from mlcore.generators import conditions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="generated strings, every one that was drawn")
    parser.add_argument("--smiles-column", default="smiles", help="their column (default smiles)")
    parser.add_argument("--reference", type=Path, required=True, metavar="FILE.csv", help="the whole data set")
    parser.add_argument("--reference-column", default="smiles", help="its column (default smiles)")
    parser.add_argument("--kind", default="polymer", choices=("polymer", "molecule"), help="default polymer")
    parser.add_argument("--predictor", type=Path, metavar="BUNDLE", help="a predictor that did not guide the sampling")
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="P=VALUE", help="count predictions from here on"
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to predict (default auto)"
    )
    parser.add_argument("--json", action="store_true", help="the measures as one JSON object on stdout")


def run(args: argparse.Namespace, events: Events) -> None:
    """Computes every measure of mlcore.evaluation.generative."""
    thresholds = {name: _number(name, wish) for name, wish in conditions.parse(args.threshold).items()}
    if bool(thresholds) != bool(args.predictor):
        raise UserError("--predictor and --threshold need each other")
    predictor = bundle.open_model(args.predictor, "predict", args.device) if args.predictor else None
    texts = _column(args.file, args.smiles_column)
    events.progress(0, 2, "reading the reference")
    reference = generative.Reference.of(_column(args.reference, args.reference_column), args.kind)
    events.progress(1, 2, "measuring")
    report = generative.measure(texts, reference, predictor, thresholds)
    events.progress(2, 2, "measuring")
    if args.json and not events.as_json:
        sys.stdout.write(json.dumps(finite(report), indent=2) + "\n")
    else:
        events.result(report)


def _column(path: Path, column: str) -> list[str]:
    return [row[column].strip() for row in tables.read_rows(path, [column])]


def _number(name: str, wish: str | float) -> float:
    if isinstance(wish, str):
        raise UserError(f"--threshold {name}={wish}: expected a number in the property's unit")
    return wish
