"""`python -m mlcore crossvalidate`: what a configuration of a predictor is worth on structures that it did not see."""

import argparse
import csv
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mlcore import bundle, catalog, config, device
from mlcore.commands.columns import distinct
from mlcore.config import DataConfig, PropertyConfig
from mlcore.data import tables
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.files import check_apart, replacing
from mlcore.predictors import crossvalidation
from mlcore.predictors.crossvalidation import HeldOut


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("config", type=Path, metavar="CONFIG.json", help="a predictor's configuration; see `catalog`")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE.csv", help="structures and values")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write what was predicted of each row")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="parts, each held out in turn (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the folds (default 0)")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="a learning curve as well: train on so many structures of those not held out",
    )
    parser.add_argument("--init", type=Path, metavar="BUNDLE", help="start every training from this model")


def run(args: argparse.Namespace, events: Events) -> None:
    """Trains once a fold, and once more for each size of a learning curve.

    The figures are those of all rows, each predicted by the model that did not see its structure: errors on the model's
    axis, coverage of the 90 % interval, share in the domain. The file has for each property P its value, P_predicted,
    P_std and P_in_domain, and then the other columns of the table.
    """
    if args.out:
        check_apart(args.out, args.data)
    parent = bundle.load(args.init) if args.init else None
    settings = config.load(args.config, parent.config if parent else None)
    if catalog.get(settings.architecture).task != "predict":
        raise UserError(f"{args.config}: {settings.architecture} predicts nothing; `evaluate` measures what it draws")
    if not 2 <= args.folds <= 100:
        raise UserError(f"--folds {args.folds}: must be from 2 to 100")
    if few := [size for size in args.sizes if size < 1]:
        raise UserError(f"--sizes {few[0]}: must be at least 1")
    table = tables.read(args.data, settings.data, events)
    others = _others(args.data, table, settings.data, events) if args.out else None  # before hours pass over the file
    plan = crossvalidation.plan(table, args.folds, args.sizes, args.seed)
    began = time.monotonic()
    found = crossvalidation.carry_out(
        plan, settings, table, parent, lambda done, of: events.progress(done, of, "trainings")
    )
    if others:
        _write(args.out, table, found[None], others)
    _tell_refused(table, found[None], events)
    curve = {str(size): crossvalidation.measure(table, found[size]) for size in plan.sizes}
    said = {
        **({"out": str(args.out)} if args.out else {}),
        "rows": len(table.keys),
        "structures": len(set(table.keys)),
        "folds": len(plan.splits),
        "digest": plan.digest,
        "device": device.describe(device.select(settings.device)),
        "seconds": round(time.monotonic() - began, 2),
    }
    metrics = crossvalidation.measure(table, found[None])
    if events.as_json:
        events.result(said | {"metrics": metrics} | ({"curve": curve} if curve else {}))
    else:
        events.result(said | _for_a_person({**curve, "all": metrics}, table.properties))


def _for_a_person(curve: Mapping[str, Mapping[str, Any]], properties: Sequence[PropertyConfig]) -> dict[str, str]:
    """A line for each property and size; `curve` is what was measured, by structures learned from."""
    units = {item.name: " decades" if item.scale == "log10" else f" {item.unit}".rstrip() for item in properties}
    lines = {}
    for name in curve["all"]:
        for size, metrics in curve.items():
            found, worth = metrics[name], ("mae", "r2", "spearman", "coverage_90", "in_domain")
            told = [f"{key} {_digits(found[key])}{units[name] * (key == 'mae')}" for key in worth if key in found]
            lines[name if size == "all" else f"{name}, from {size}"] = ", ".join(told) or "no value"
    return lines


def _digits(value: float) -> str:
    """Three of them, and of what is only nearly 1 as many as show that it is not."""
    texts = (f"{value:.{digits}g}" for digits in range(3, 17))
    return next((text for text in texts if text != "1" or value == 1), "1")


class Others(NamedTuple):
    """What a table has beside structures and values: conditions, names, whatever the rows are known by."""

    header: list[str]
    """As the columns are called in the output."""
    cells: list[list[str]]
    """Of each row of the table."""


def _others(path: Path, table: Table, data: DataConfig, events: Events) -> Others:
    rows = tables.read_rows(path, [])
    told = {data.smiles_column, *(item.source for item in data.properties)}
    kept = [column for column in rows[0] if column is not None and column not in told]
    header = distinct(kept, _header(table), events)
    return Others(header, [[rows[line - 2][column] for column in kept] for line in table.lines])


def _header(table: Table) -> list[str]:
    names = [item.name for item in table.properties]
    added = [column for name in names for column in (name, f"{name}_predicted", f"{name}_std", f"{name}_in_domain")]
    return ["smiles", "fold", *added, "error"]


def _write(path: Path, table: Table, answers: Sequence[HeldOut], others: Others) -> None:
    """In the order of the table."""
    lines: dict[int, list[Any]] = {}
    for answer in answers:
        found = answer.found
        for place, row in enumerate(answer.rows.tolist()):
            cells: list[Any] = [table.smiles[row], answer.fold]
            for i in range(len(table.properties)):
                values = (table.values[row, i], found.mean[place, i], found.std[place, i])
                inside = "" if found.errors[place] else int(found.in_domain[place])
                cells += ["" if math.isnan(value) else repr(float(value)) for value in values] + [inside]
            lines[row] = [*cells, found.errors[place] or "", *others.cells[row]]
    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow([*_header(table), *others.header])
        writer.writerows(lines[row] for row in sorted(lines))


def _tell_refused(table: Table, answers: Sequence[HeldOut], events: Events) -> None:
    refused = [
        (table.smiles[row], error)
        for answer in answers
        for row, error in zip(answer.rows, answer.found.errors, strict=True)
        if error
    ]
    if refused:
        text, reason = refused[0]
        events.log(
            "warning", f"{len(refused):,} rows could not be scored and do not count; the first, {text}: {reason}"
        )
