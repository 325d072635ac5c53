"""Scoring: what a predictor says of candidates, each value kept once."""

import csv
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Exists, OuterRef, QuerySet

from registry.actions.ingest import AddPredictions, Predicted
from registry.jobs.attempt import Attempt
from registry.jobs.child import run_mlcore
from registry.jobs.handlers.bundles import unpacked
from registry.jobs.handlers.device import keep_device
from registry.models import Candidate, Prediction, Property, ScoringRun, Structure
from registry.search.selection import select_candidates

BATCH = 1_000  # structures
PREDICTED = 0.6  # share of the bar; the rest is taking the values in
NAMED = 20  # refused structures that the log names


def score(attempt: Attempt, run: ScoringRun) -> None:
    """Predict what this version has not predicted yet under these conditions, and take it in."""
    chosen, waiting = _structures(run)
    total, new = chosen.count(), waiting.count()
    rest = "" if new == total else f"; the other {total - new:,} have theirs already"
    attempt.log("info", f"Predicting the values of {new:,} candidate{'' if new == 1 else 's'}{rest}.")
    asked, answered = attempt.folder / "asked.csv", attempt.folder / "predicted.csv"
    if not answered.exists() and _write(waiting, asked):
        arguments: list[str | Path] = ["predict", unpacked(attempt, run.model_version), asked, "--out", answered]
        if "temperature_k" in run.conditions:
            arguments += ["--temperature-k", str(run.conditions["temperature_k"])]
        keep_device(attempt, run, run_mlcore(attempt, arguments, stage="scoring", until=PREDICTED))
    failed = _take_in(attempt, run, answered) if answered.exists() else 0
    scored = run.predictions.values("structure").distinct().count()  # an earlier attempt's too
    kept = chosen.count() - _structures(run)[1].count() - scored
    attempt.write(lambda: ScoringRun.objects.filter(pk=run.pk).update(scored=scored, kept=max(0, kept), failed=failed))


def _structures(run: ScoringRun) -> tuple[QuerySet[Structure], QuerySet[Structure]]:
    """Structures of the chosen candidates, and those of them that this version has not predicted."""
    candidates = select_candidates(run.selection)
    if run.generation_run is not None:
        candidates = candidates.filter(proposals__run=run.generation_run)
    kind = run.model_version.config.get("data", {}).get("kind", Structure.Kind.POLYMER)
    ids = Candidate.objects.filter(pk__in=candidates.order_by().values("pk")).values("structure")
    chosen = Structure.objects.filter(pk__in=ids, kind=kind)
    mine = Prediction.objects.filter(
        structure=OuterRef("pk"), model_version=run.model_version, conditions=run.conditions
    )
    return chosen, chosen.filter(~Exists(mine))


def _write(structures: QuerySet[Structure], path: Path) -> int:
    """The table for mlcore; returns its number of rows."""
    rows = 0
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["structure_id", "smiles"])
        for row in structures.order_by("pk").values_list("pk", "smiles").iterator(chunk_size=10_000):
            writer.writerow(row)
            rows += 1
    return rows


def _take_in(attempt: Attempt, run: ScoringRun, path: Path) -> int:
    """Batch by batch; returns how many structures could not be scored, and names the first of them."""
    properties = list(run.model_version.properties.all())
    failed = done = 0
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        while batch := list(itertools.islice(reader, BATCH)):
            rows: list[Predicted] = []
            for row in batch:
                try:
                    rows += _values(row, properties)
                except ValueError as error:
                    failed += 1
                    if failed <= NAMED:
                        attempt.log("warning", f"{row['smiles'][:100]}: {error}")
            attempt.write(AddPredictions(actor=None, scoring_run=run, rows=rows).run)
            done += len(batch)
            attempt.progress(None, f"values of {done:,} stored")
    return failed


def _values(row: dict[str, str], properties: list[Property]) -> Iterator[Predicted]:
    """All values of one structure; ValueError says why there are none."""
    if row["error"]:
        raise ValueError(row["error"])
    for item in properties:
        value, deviation = float(row[item.name]), float(row[f"{item.name}_std"] or "nan")
        if not math.isfinite(value):
            raise ValueError(f"{item.name} came out as {value}")
        inside = row[f"{item.name}_in_domain"]
        yield Predicted(
            structure=int(row["structure_id"]),
            property=item.name,
            value=value,
            standard_deviation=deviation if math.isfinite(deviation) else None,
            in_domain=bool(int(inside)) if inside else None,
        )
