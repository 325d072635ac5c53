"""Scoring: what a predictor says of structures, each value kept once."""

import csv
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db.models import Exists, OuterRef, QuerySet

from registry.actions import model_conditions
from registry.actions.ingest import AddPredictions, Predicted
from registry.actions.model_conditions import State
from registry.actions.scoring_source import Source
from registry.formats.beside import columns_of, computed_geometries, shape_of
from registry.jobs.attempt import Attempt
from registry.jobs.child import run_mlcore
from registry.jobs.handlers.bundles import unpacked
from registry.jobs.handlers.device import keep_device
from registry.models import Conformer, Prediction, Property, ScoringRun, Structure
from registry.search.sentence import counted, rows_of

BATCH = 1_000  # structures
PREDICTED = 0.6  # share of the bar; the rest is taking the values in
STATE = "state_number"  # column of the table for mlcore: under which of the conditions
LEVEL = "geometry_level"  # the same: of the geometry, where the model reads one and it is there
NAMED = 20  # refused structures that the log names


def score(attempt: Attempt, run: ScoringRun) -> None:
    """Predict what this version has not predicted yet under these conditions, and take it in."""
    wanted = model_conditions.states(run.conditions)
    named = Source.of(run).structures()
    chosen = named.filter(kind=run.model_version.structure_kind)
    left_out = named.count() - chosen.count()
    _announce(attempt, run, chosen, wanted, left_out)
    asked, answered = attempt.folder / "asked.csv", attempt.folder / "predicted.csv"
    if not answered.exists() and _write(run, chosen, wanted, asked):
        arguments: list[str | Path] = ["predict", unpacked(attempt, run.model_version), asked, "--out", answered]
        arguments.append("--keep-refused")  # what it says of each row is wanted, if it says no to all of them
        keep_device(attempt, run, run_mlcore(attempt, arguments, stage="scoring", until=PREDICTED))
    failed = _take_in(attempt, run, wanted, answered) if answered.exists() else 0
    if failed:
        attempt.log("warning", f"{rows_of('structures', failed)} could not be scored.")
    scored = run.predictions.values("structure").distinct().count()  # an earlier attempt's too
    kept = chosen.count() - _left(run, chosen, wanted) - scored
    counts = {"scored": scored, "kept": max(0, kept), "failed": failed, "left_out": left_out}
    attempt.write(lambda: ScoringRun.objects.filter(pk=run.pk).update(**counts))


def _announce(
    attempt: Attempt, run: ScoringRun, chosen: QuerySet[Structure], wanted: Sequence[State], left_out: int
) -> None:
    """What is going to be predicted, and what is not."""
    subject, count = Source.of(run).noun, chosen.count()
    if count:
        attempt.log("info", f"{_plan(run, chosen, wanted)}.")
    else:
        attempt.log("warning", f"Nothing to score among the {subject} asked for.")
    if left_out:
        kind = run.model_version.structure_kind
        attempt.log("warning", f"{rows_of(subject, left_out)} left out: the model reads {kind}s.")


def _plan(run: ScoringRun, chosen: QuerySet[Structure], wanted: Sequence[State]) -> str:
    """Of how many structures values are predicted; at several temperatures also how many predictions these are."""
    subject, count = Source.of(run).noun, chosen.count()
    new = sum(_waiting(run, chosen, state).count() for state in wanted)
    there = count * len(wanted) - new
    if not new:
        return f"All values of {rows_of(subject, count)} were predicted before"
    if len(wanted) == 1:
        before = f"; {rows_of(subject, there)} {'was' if there == 1 else 'were'} predicted before" if there else ""
        return f"Predicting the values of {rows_of(subject, new)}{before}"
    each = run.model_version.properties.count()
    before = (
        f"; {counted(there * each, 'prediction')} {'was' if there * each == 1 else 'were'} made before" if there else ""
    )
    of = rows_of(subject, _left(run, chosen, wanted))
    return f"Predicting the values of {of} at {len(wanted)} temperatures, {counted(new * each, 'prediction')}{before}"


def _left(run: ScoringRun, chosen: QuerySet[Structure], wanted: Sequence[State]) -> int:
    """How many structures lack a prediction under any of these conditions."""
    return Structure.objects.none().union(*(_waiting(run, chosen, state).only("pk") for state in wanted)).count()


def _waiting(run: ScoringRun, chosen: QuerySet[Structure], state: State) -> QuerySet[Structure]:
    """Those that this version has not predicted under these conditions, or only by a guess at their geometry.

    The latter where somebody has computed one since.
    """
    mine = Prediction.objects.filter(structure=OuterRef("pk"), model_version=run.model_version, conditions=state)
    shape = shape_of(run.model_version)
    if not shape:
        return chosen.filter(~Exists(mine))
    computed = computed_geometries(shape.level).filter(structure=OuterRef("pk"))
    return chosen.filter(~Exists(mine) | Exists(mine.filter(geometry=Conformer.GUESSED)) & Exists(computed))


def _write(run: ScoringRun, chosen: QuerySet[Structure], wanted: Sequence[State], path: Path) -> int:
    """The table for mlcore, the first state last, so that its values are the newest; returns its number of rows."""
    known = model_conditions.conditions_of(run.model_version)
    beside, shape, rows = columns_of(run.model_version), shape_of(run.model_version), 0
    cells_of = {column: one.cells for column, one in beside.items()} | ({LEVEL: shape.levels} if shape else {})
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["structure_id", "smiles", STATE, *(known[name].column for name in wanted[0]), *cells_of])
        for number, state in reversed(list(enumerate(wanted))):
            cells = [known[name].cell(value) for name, value in state.items()]
            found = _waiting(run, chosen, state).order_by("pk").values_list("pk", "smiles")
            stream = found.iterator(chunk_size=10_000)
            while batch := list(itertools.islice(stream, 10_000)):
                known_of = [cells([pk for pk, _ in batch]) for cells in cells_of.values()]
                writer.writerows(
                    [pk, smiles, number, *cells, *(own.get(pk, "") for own in known_of)] for pk, smiles in batch
                )
                rows += len(batch)
    return rows


def _take_in(attempt: Attempt, run: ScoringRun, wanted: Sequence[State], path: Path) -> int:
    """Batch by batch; returns how many structures could not be scored, and names the first of them."""
    properties = list(run.model_version.properties.all())
    failed: set[str] = set()
    done = 0
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        while batch := list(itertools.islice(reader, BATCH)):
            rows: list[Predicted] = []
            for row in batch:
                try:
                    rows += _values(row, properties, wanted[int(row[STATE])])
                except ValueError as error:
                    if row["structure_id"] not in failed and len(failed) < NAMED:
                        attempt.log("warning", f"{row['smiles'][:100]}: {error}")
                    failed.add(row["structure_id"])
            attempt.write(AddPredictions(actor=None, scoring_run=run, rows=rows).run)
            done += len(batch)
            attempt.progress(None, f"values of {done:,} stored")
    return len(failed)


def _values(row: dict[str, str], properties: list[Property], state: State) -> Iterator[Predicted]:
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
            conditions=state,
            out_of_domain=row["out_of_domain"],
            geometry=Conformer.GUESSED if row.get("geometry") == "guessed" else row.get(LEVEL, ""),
        )
