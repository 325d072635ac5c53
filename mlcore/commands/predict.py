"""`python -m mlcore predict`: values with their uncertainty for a table of structures."""

import argparse
import csv
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlcore import bundle, catalog, device, options
from mlcore.bundle import Bundle
from mlcore.commands.columns import distinct
from mlcore.data import conditions, tables
from mlcore.data.tables import Problem
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.files import check_apart, replacing
from mlcore.predictors import given, temperature
from mlcore.predictors.protocol import Given, Predictor

_BATCH = 512
_COLUMNS = """
FILE.csv comes back with all its rows and columns, and for each property P of the model three more: P, in the unit that
the model was trained in; P_std, one standard deviation, in that unit too or, where the property is learned on a log10
scale, in decades: the truth lies within a factor 10^P_std of P about two times in three; P_in_domain, 1 for structures
of a kind that the model knows. Of a model over geometries the column geometry says given or guessed. Last come
out_of_domain, why a structure is of no such kind, and error, why a row has no values. The last line that is printed
names units and scales.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.epilog = _COLUMNS
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a model that predicts")
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="structures to score")
    parser.add_argument("--smiles-column", default="smiles", help="their column (default smiles)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the table with what was predicted")
    parser.add_argument(
        "--temperature-k",
        type=float,
        metavar="KELVIN",
        help="the temperature of all rows in K, whatever the unit of the model, which its column of temperatures is in",
    )
    parser.add_argument(
        "--condition",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a condition of all rows, by its name and in its unit in the model, in place of a column (repeatable)",
    )
    parser.add_argument(
        "--keep-refused",
        action="store_true",
        help="write the table, with each row's error, also where no row could be scored",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to run (default auto)")


def run(args: argparse.Namespace, events: Events) -> None:
    """Scores every row that can be scored, names the others, and writes all of them in their order.

    Added for each property P of the model: P in its unit, P_std on the model's axis (decades for a log10 scale) and
    P_in_domain, 0 or 1; of a model over geometries whether the row's was given or guessed; then out_of_domain, why a
    structure is outside, and last error, why a row has no values.
    """
    check_apart(args.out, args.file)
    model = bundle.load(args.bundle, "predict")
    predictor: Predictor = model.activate(args.device)
    data = model.config.data
    rows = tables.read_rows(
        args.file, [args.smiles_column, *(item.baseline for item in data.properties if item.baseline)]
    )
    if data.geometry_column and data.geometry_column not in rows[0]:
        events.log("warning", f"{args.file}: no column {data.geometry_column!r}: the geometries are guessed")
    same = constants(args.condition, args.temperature_k, model)
    for name, lacking in unsaid(model, list(rows[0]), same).items():
        program = f"{name} is not told: it is unknown in all rows"  # what to type instead is for people
        events.log("warning", program if events.as_json else f"{args.file}: {lacking}")
    names = [entry["name"] for entry in predictor.properties]
    space = ["geometry"] if "geometry" in catalog.get(model.manifest.architecture).takes else []
    added = [column for name in names for column in (name, f"{name}_std", f"{name}_in_domain")]
    added += [*space, "out_of_domain", "error"]
    header = [column for column in rows[0] if column is not None]
    refused: list[Problem] = []
    outside = 0
    began = time.monotonic()
    with replacing(args.out) as file:
        writer = csv.writer(file)
        writer.writerow(distinct(header, added, events) + added)
        for start in range(0, len(rows), _BATCH):
            batch = [row | same for row in rows[start : start + _BATCH]]
            texts = [row[args.smiles_column].strip() for row in batch]
            scored = _score(predictor, texts, *given.of_rows(batch, data))
            for offset, (row, (cells, doubt, error)) in enumerate(zip(batch, scored, strict=True)):
                origin = "" if error else "given" if (row.get(data.geometry_column) or "").strip() else "guessed"
                writer.writerow([*(row[column] for column in header), *cells, *[origin] * len(space), doubt, error])
                outside += bool(doubt)
                if error:
                    refused.append(Problem(start + offset + 2, texts[offset], error))
            events.progress(start + len(batch), len(rows), "scoring")
        if len(refused) == len(rows) and not args.keep_refused:
            raise UserError(f"{args.file}: no row could be scored; the first was refused because: {refused[0].reason}")
    if not args.keep_refused:  # else whoever asks reads each row's error in the table
        tables.report(refused, f"{args.file}: not scored", events)
    counts = {"rows": len(rows), "scored": len(rows) - len(refused), "refused": len(refused), "out_of_domain": outside}
    spent = {"device": device.describe(device.select(args.device)), "seconds": round(time.monotonic() - began, 2)}
    said = {} if events.as_json else {"units": units(predictor.properties)}
    events.result({"out": str(args.out), **counts, **spent, **said})


def units(properties: Sequence[Mapping[str, Any]]) -> str:
    """In what values and standard deviations are, for a person: conductivity in S/cm, conductivity_std in decades."""
    told = []
    for item in properties:
        unit = f"in {item['unit']}" if item["unit"] else "without unit"
        spread = "in decades (log10 scale)" if item["std_scale"] == "log10" else "likewise (linear scale)"
        told.append(f"{item['name']} {unit}, {item['name']}_std {spread}")
    return "; ".join(told)


def constants(wishes: Sequence[str], kelvin: float | None, model: Bundle) -> dict[str, str]:
    """Cells that all rows share, by column, as `--condition NAME=VALUE` and `--temperature-k` say; checked here."""
    known = {item.name: item for item in model.config.data.conditions}
    said: dict[str, str] = {}
    for wish in wishes:
        name, equals, value = wish.partition("=")
        has = f"the model has {', '.join(known)}" if known else "the model was trained without conditions"
        if not equals:
            raise UserError(f"--condition {wish}: expected NAME=VALUE; {has}")
        if name not in known:
            close = options.closest(name, known)
            near = f"did you mean {close!r}? " if close else ""
            raise UserError(f"--condition {wish}: there is no condition {name!r}; {near}{has}")
        said[known[name].source] = value.strip()
    if kelvin is not None:
        if not hasattr(model.config.model, "temperature"):
            raise UserError(f"--temperature-k: {model.path} was trained at one temperature; leave the option out")
        heat = temperature.column(model.config.data.conditions, model.config.model.temperature)
        if heat.source in said:
            raise UserError(f"--temperature-k and --condition {heat.name} say the same; leave one out")
        if not 0 < kelvin < math.inf:
            raise UserError(f"--temperature-k {kelvin:g}: must be above absolute zero, 0 K")
        said[heat.source] = repr(float(temperature.from_kelvin(np.array(kelvin), heat.unit)))
    conditions.cells(model.config.data.conditions, said)
    return said


def unsaid(model: Bundle, header: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Of each condition that neither a column nor an option tells, by its name: its column, and what to do."""
    asked = model.config.data.conditions
    taken = {model.config.data.smiles_column, *(item.source for item in asked)}
    free = [column for column in header if column and column not in taken]
    heat = getattr(model.config.model, "temperature", "")
    found: dict[str, str] = {}
    for item in asked:
        if item.source in header or item.source in said:
            continue
        near = options.closest(item.source, free) or options.closest(item.name, free)
        option = "--temperature-k (in K)" if item.name == heat else f"--condition {item.name}=..."
        rename = f"the file has a column {near!r}; rename it{f' if it is in {item.unit}' if item.unit else ''}"
        unit = f" (in {item.unit})" if item.unit else ""
        found[item.name] = (
            f"no column {item.source!r}{unit}: unknown in all rows; {rename if near else 'add it'}, or use {option}"
        )
    return found


def _score(
    predictor: Predictor, texts: Sequence[str], known: Given, faults: Sequence[str | None]
) -> list[tuple[list[str], str, str]]:
    """For each text the cells to add, why it is out of the domain and why it was refused, or nothing."""
    found = predictor.predict(texts, known)
    answers = []
    for row, (error, doubt) in enumerate(zip(found.errors, found.doubts, strict=True)):
        refused = faults[row] or error or ""
        cells = [""] * (3 * len(predictor.properties))
        if not refused:
            pairs = zip(found.mean[row], found.std[row], predictor.properties, strict=True)
            values = ((_digits(m, s, item["std_scale"]), f"{s:.6g}", str(int(not doubt))) for m, s, item in pairs)
            cells = [cell for value in values for cell in value]
        answers.append((cells, "" if refused else doubt, refused))
    return answers


def _digits(mean: float, std: float, scale: str) -> str:
    """A value to six digits, and to so many more as an energy of hundreds of hartree needs to show a small std."""
    more = math.log10(abs(mean) / std) if scale == "linear" and mean and std > 0 else 0.0
    return f"{mean:.{6 + max(0, math.ceil(more))}g}"
