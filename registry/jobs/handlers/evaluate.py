"""How good the strings of a generation run are, as mlcore's evaluation says, against what the model learned from.

What mlcore reports is kept as it is, under `evaluation` among the run's metrics, with the reference, the thresholds and
the judges named. A run is worth keeping without it: what stands in the way is logged and kept as `not_evaluated`.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Exists, OuterRef

from registry.actions.trained_range import trained_range
from registry.artifacts import ArtifactError
from registry.formats.training_table import TrainingTable, measured_table, training_table
from registry.jobs.attempt import Attempt
from registry.jobs.child import ChildCrashed, ChildFailed, run_mlcore
from registry.jobs.handlers.bundles import unpacked
from registry.models import Alias, GenerationRun, ModelVersion, Property, RegisteredModel

MOST = 10_000
"""Strings that are evaluated: of more, the first. Some measures compare each with each, and all depend on N."""
JUDGES = 2
FAILURES = (ChildFailed, ChildCrashed, ArtifactError, OSError)


@dataclass(frozen=True)
class Asked:
    """What the run was asked for, and from which value on its model calls it high."""

    property: Property
    threshold: float


def evaluate(attempt: Attempt, run: GenerationRun) -> None:
    """Once a run: an attempt that finds the report there does nothing."""
    run.refresh_from_db(fields=["metrics"])
    if "evaluation" in run.metrics:
        return
    try:
        found = _report(attempt, run)
        why = "" if found else "there are no measured structures to compare with"
    except FAILURES as error:
        found, why = {}, " ".join(str(error).split())[:500]
    if why:
        attempt.log("warning", f"not evaluated: {why}")
    news = {"not_evaluated": why} if why else {"evaluation": found}
    attempt.write(lambda: _keep(run, news))


def _keep(run: GenerationRun, news: dict[str, Any]) -> None:
    run.refresh_from_db(fields=["metrics"])
    kept = {name: value for name, value in run.metrics.items() if name != "not_evaluated"}
    run.metrics = kept | news
    run.save(update_fields=["metrics"])


def _report(attempt: Attempt, run: GenerationRun) -> dict[str, Any]:
    """Empty where there is nothing to compare with."""
    version = run.model_version
    kind = version.structure_kind
    asked = asked_of(run)
    reference = attempt.folder / "reference.csv"
    table, name = _write_reference(version, kind, asked, reference)
    if not table.rows:
        return {}
    strings = attempt.folder / "strings.csv"
    drawn = _write_strings(run, strings)
    judges = judges_of(asked.property, kind) if asked else []
    arguments: list[str | Path] = ["evaluate", strings, "--reference", reference, "--reference-column", "smiles"]
    arguments += ["--kind", kind]
    for judge in judges:
        arguments += ["--predictor", unpacked(attempt, judge)]
    for earlier in _earlier_tables(attempt, version):
        arguments += ["--lineage", earlier]
    if judges and asked:
        arguments += ["--threshold", f"{asked.property.name}={asked.threshold!r}"]
    attempt.progress(None, f"measuring against {table.rows:,} structures")
    report = run_mlcore(attempt, arguments, stage="")
    return report | {
        "judges": _named(report.get("judges") or [], "name", judges),
        "histograms": _named(report.get("histograms") or [], "judge", judges),
        "population": "distinct" if run.distinct else "drawn",
        "drawn": drawn,
        "reference": {"name": name, "rows": table.rows, "sha256": table.sha256},
        "thresholds": {asked.property.name: asked.threshold} if asked else {},
    }


def asked_of(run: GenerationRun) -> Asked | None:
    """The first property of the condition whose threshold the bundle states, or that the model knows without one."""
    known = {item.name: item for item in run.model_version.properties.order_by("pk")}
    for name in [*run.condition, *known]:
        span = trained_range(run.model_version, known[name]) if name in known else None
        if span is not None and span.threshold is not None:
            return Asked(known[name], span.threshold)
    return None


def judges_of(item: Property, kind: str) -> list[ModelVersion]:
    """Predictors of the property, of unlike architecture, champions first, then the newest."""
    crowned = Exists(Alias.objects.filter(version=OuterRef("pk"), name=Alias.CHAMPION))
    able = ModelVersion.objects.filter(model__task=RegisteredModel.Task.PREDICT, properties=item)
    chosen: dict[str, ModelVersion] = {}
    for version in able.select_related("model").order_by(crowned.desc(), "-pk"):
        if version.structure_kind == kind:
            chosen.setdefault(version.architecture, version)
    return list(chosen.values())[:JUDGES]


def _write_reference(version: ModelVersion, kind: str, asked: Asked | None, path: Path) -> tuple[TrainingTable, str]:
    """What the model learned from; for one from elsewhere, all that was measured. With its name for people."""
    if version.dataset_version is not None:
        columns = list(version.properties.order_by("pk"))
        return training_table(version.dataset_version, columns, path), str(version.dataset_version)
    return measured_table(kind, [asked.property] if asked else [], path), f"all measured {kind}s"


def _earlier_tables(attempt: Attempt, version: ModelVersion) -> list[Path]:
    """What the versions that this one was fine-tuned from learned from, as far as it is in the registry."""
    tables: dict[int | None, Path] = {version.dataset_version_id: Path(), None: Path()}
    ancestor = version.parent
    while ancestor is not None:
        if ancestor.dataset_version is not None and ancestor.dataset_version_id not in tables:
            path = attempt.folder / f"lineage-{ancestor.dataset_version_id}.csv"
            training_table(ancestor.dataset_version, list(ancestor.properties.order_by("pk")), path)
            tables[ancestor.dataset_version_id] = path
        ancestor = ancestor.parent
    return [path for path in tables.values() if path.name]


def _write_strings(run: GenerationRun, path: Path) -> int:
    """The strings to evaluate in the order of drawing; returns how many were drawn."""
    texts: Any = run.proposals.order_by("rank").values_list("text", flat=True)
    drawn = texts.count()
    rows = texts.iterator(chunk_size=10_000) if run.distinct else texts[:MOST]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles"])
        writer.writerows([text] for text in (list(dict.fromkeys(rows))[:MOST] if run.distinct else rows))
    return drawn


def _named(entries: Sequence[dict[str, Any]], name: str, judges: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    """mlcore knows a judge by its folder; people know it by its version."""
    known = {f"version-{version.pk}": {name: str(version), "version": version.pk} for version in judges}
    return [entry | known.get(str(entry.get(name)), {}) for entry in entries]
