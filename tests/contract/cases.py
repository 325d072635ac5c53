"""What the API promises about each noun, as data; test_contract.py holds every case to the same rules.

A filter is given as (value that finds the row, value that does not); a function computes it from the row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from registry.api import (
    candidates,
    conformers,
    datasets,
    decisions,
    imports,
    jobs,
    measurements,
    models,
    predictions,
    runs,
    schedules,
    structures,
    tags,
)
from registry.api.base import NounViewSet
from tests import factories

Value = str | Callable[[Any], Any]
Filters = Mapping[str, tuple[Value, Value]]

LONG_AGO, FAR_AHEAD, NO_ID = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "999999999"
YES, NO = ("true", "false"), ("false", "true")

IDS: Filters = {"ids": (lambda row: row.pk, NO_ID)}
CREATED: Filters = {"created_after": (LONG_AGO, FAR_AHEAD), "created_before": (FAR_AHEAD, LONG_AGO)}
STATE: Filters = {"state": ("queued", "failed,lost")}


def _structure(of: Callable[[Any], Any]) -> Filters:
    return {
        "kind": ("polymer", "molecule"),
        "smiles": (lambda row: of(row).smiles, "*CC*"),
        "formula": (lambda row: of(row).formula, "He"),
        "elements": ("C,O", "C,Xe"),
        "charge": ("0", "1"),
        "heavy_atoms_min": ("1", "999"),
        "heavy_atoms_max": ("999", "1"),
        "mass_min": ("1", "1e6"),
        "mass_max": ("1e6", "1"),
        "sa_score_max": ("10", "0.5"),
        "measured": NO,
        "similar_to": (lambda row: of(row).smiles, "*CC(*)c1ccccc1"),
        "threshold": ("0.5", ""),
        "substructure": ("OC(=O)", "c1ccccc1"),
    }


def _import_that_measured(candidate: Any) -> Any:
    run = factories.import_run()
    factories.measurement(structure=candidate.structure, import_run=run)
    return run


def _version_in_place_of_candidates(run: Any) -> Any:
    run.dataset_version, run.generation_run = factories.dataset_version(), None
    run.save()
    return run.dataset_version


@dataclass(frozen=True)
class Case:
    """parent: name of the foreign key whose id stands in the address as {parent}."""

    path: str
    view: type[NounViewSet]
    make: Callable[..., Model]
    filters: Filters = field(default_factory=dict)
    parent: str = ""

    @property
    def model(self) -> type[Model]:
        return self.view.queryset.model

    def address(self, row: Model) -> str:
        """Of the list that holds the row."""
        return "/api/v1/" + self.path.format(parent=getattr(row, f"{self.parent}_id") if self.parent else "")

    def rows(self, count: int) -> list[Model]:
        """Rows of one list."""
        first = self.make()
        shared = {self.parent: getattr(first, self.parent)} if self.parent else {}
        return [first, *(self.make(**shared) for _ in range(count - 1))]


def _version_with_alias(**fields: Any) -> Model:
    version = factories.model_version(
        dataset_version=factories.dataset_version(), parent=factories.model_version(), **fields
    )
    factories.alias(version=version)
    return version


def _candidate(**fields: Any) -> Model:
    candidate = factories.candidate(assignee=factories.user(), tags=["promising"], **fields)
    factories.score(candidate)
    factories.proposal(candidate=candidate)
    factories.decision(candidate=candidate)
    return candidate


def _frozen_measurement(**fields: Any) -> Model:
    version = factories.dataset_version()
    run = factories.import_run(dataset=version.dataset)
    more = {"dataset": version.dataset, "added_in": version, "import_run": run, "temperature_k": 353, "salt": "LiTFSI"}
    return factories.measurement(**more | fields)


def _generation_run(**fields: Any) -> Model:
    run = factories.generation_run(**fields)
    factories.proposal(run=run, candidate=factories.candidate())
    return run


def _version_of(structure: Any) -> Any:
    version = factories.dataset_version()
    factories.measurement(structure=structure, dataset=version.dataset, added_in=version)
    return version


def _prediction(**fields: Any) -> Model:
    return factories.prediction(
        structure=factories.candidate().structure, conditions={"temperature_k": 353.0}, geometry="guessed", **fields
    )


def _training_run(**fields: Any) -> Model:
    return factories.training_run(schedule=factories.schedule(), **fields)


def _job(**fields: Any) -> Model:
    return factories.training_run(job=factories.job(created_by=factories.user(), **fields)).job


CASES = [
    Case(
        "structures/",
        structures.StructureViewSet,
        factories.structure,
        IDS | CREATED | _structure(lambda row: row),
    ),
    Case(
        "conformers/",
        conformers.ConformerViewSet,
        lambda **fields: factories.conformer(import_run=factories.import_run(), **fields),
        IDS
        | CREATED
        | {
            "structure": (lambda row: row.structure_id, NO_ID),
            "level": (lambda row: row.level, "none"),
            "import_run": (lambda row: row.import_run_id, NO_ID),
        },
    ),
    Case(
        "properties/",
        datasets.PropertyViewSet,
        lambda: factories.property_(f"property_{factories.digest()[-9:]}"),
        IDS | CREATED | {"name": (lambda row: row.name, "none"), "scale": ("log10", "linear")},
    ),
    Case(
        "datasets/",
        datasets.DatasetViewSet,
        lambda: factories.dataset(licence="MIT"),
        IDS | CREATED | {"slug": (lambda row: row.slug, "none"), "licence": ("MIT", "CC0-1.0")},
    ),
    Case(
        "dataset-versions/",
        datasets.DatasetVersionViewSet,
        factories.dataset_version,
        IDS | CREATED | {"dataset": (lambda row: row.dataset.slug, "none")},
    ),
    Case(
        "measurements/",
        measurements.MeasurementViewSet,
        _frozen_measurement,
        IDS
        | CREATED
        | {
            "dataset": (lambda row: row.dataset.slug, "none"),
            "dataset_version": (lambda row: row.added_in_id, lambda row: factories.dataset_version().pk),
            "structure": (lambda row: row.structure_id, NO_ID),
            "property": ("conductivity", "none"),
            "method": ("other,md", "dft"),
            "value_min": ("1e-6", "1e-4"),
            "value_max": ("1e-4", "1e-6"),
            "temperature_min": ("300", "400"),
            "temperature_max": ("400", "300"),
            "salt": ("LiTFSI", "LiPF6"),
            "import_run": (lambda row: row.import_run_id, NO_ID),
            "retired": NO,
        },
    ),
    Case(
        "import-runs/",
        imports.ImportRunViewSet,
        factories.import_run,
        IDS | CREATED | STATE | {"dataset": (lambda row: row.dataset.slug, "none"), "dry_run": NO, "applied": NO},
    ),
    Case(
        "import-runs/{parent}/rejected-rows/",
        imports.RejectedRowViewSet,
        factories.rejected_row,
        IDS | {"code": ("star_count", "salt")},
        parent="import_run",
    ),
    Case(
        "models/",
        models.RegisteredModelViewSet,
        lambda: factories.alias().model,
        IDS | CREATED | {"name": (lambda row: row.name, "none"), "task": ("predict", "generate")},
    ),
    Case(
        "model-versions/",
        models.ModelVersionViewSet,
        _version_with_alias,
        IDS
        | CREATED
        | {
            "model": (lambda row: row.model.name, "none"),
            "task": ("predict", "generate"),
            "architecture": ("polymer-gnn", "gpt"),
            "origin": ("zoo", "uploaded"),
            "property": ("conductivity", "none"),
            "alias": ("champion", "none"),
            "dataset_version": (lambda row: row.dataset_version_id, NO_ID),
            "parent": (lambda row: row.parent_id, NO_ID),
        },
    ),
    Case(
        "aliases/",
        models.AliasViewSet,
        factories.alias,
        IDS | {"model": (lambda row: row.model.name, "none"), "name": ("champion", "none")},
    ),
    Case(
        "training-runs/",
        runs.TrainingRunViewSet,
        _training_run,
        IDS
        | CREATED
        | STATE
        | {
            "model": (lambda row: row.model.name, "none"),
            "dataset_version": (lambda row: row.dataset_version_id, NO_ID),
            "architecture": ("polymer-gnn", "gpt"),
            "schedule": (lambda row: row.schedule_id, NO_ID),
        },
    ),
    Case(
        "generation-runs/",
        runs.GenerationRunViewSet,
        _generation_run,
        IDS
        | CREATED
        | STATE
        | {
            "model_version": (lambda row: row.model_version_id, NO_ID),
            "candidate": (lambda row: row.proposals.get().candidate_id, NO_ID),
        },
    ),
    Case(
        "generation-runs/{parent}/proposals/",
        runs.ProposalViewSet,
        lambda **fields: factories.proposal(candidate=factories.candidate(), **fields),
        IDS | {"valid": YES, "duplicate": NO, "known": NO, "candidate": (lambda row: row.candidate_id, NO_ID)},
        parent="run",
    ),
    Case(
        "scoring-runs/",
        runs.ScoringRunViewSet,
        lambda: factories.scoring_run(generation_run=factories.generation_run()),
        IDS
        | CREATED
        | STATE
        | {
            "model_version": (lambda row: row.model_version_id, NO_ID),
            "generation_run": (lambda row: row.generation_run_id, NO_ID),
            "dataset_version": (
                lambda row: _version_in_place_of_candidates(row).pk,
                NO_ID,
            ),  # last: no run then
        },
    ),
    Case(
        "export-runs/",
        runs.ExportRunViewSet,
        factories.export_run,
        IDS | CREATED | STATE | {"subject": ("candidates", "structures"), "file_format": ("csv", "sdf")},
    ),
    Case(
        "candidates/",
        candidates.CandidateViewSet,
        _candidate,
        IDS
        | CREATED
        | _structure(lambda row: row.structure)
        | {
            "status": ("proposed,accepted", "rejected"),
            "tag": ("promising,none", "none"),
            "without_tag": ("none", "promising"),
            "run": (lambda row: row.proposals.get().run_id, NO_ID),
            "model_version": (lambda row: row.proposals.get().run.model_version_id, NO_ID),
            "assignee": (lambda row: row.assignee.username, "nobody"),
            "assigned": YES,
            "reviewer": (lambda row: row.decisions.get().reviewer.username, "nobody"),
            "search": (lambda row: row.structure.formula, "XeF"),
            "import_run": (lambda row: _import_that_measured(row).pk, NO_ID),  # last: the row is not measured before
        },
    ),
    Case(
        "predictions/",
        predictions.PredictionViewSet,
        _prediction,
        IDS
        | CREATED
        | {
            "structure": (lambda row: row.structure_id, NO_ID),
            "candidate": (lambda row: row.structure.candidate.pk, NO_ID),
            "dataset_version": (
                lambda row: _version_of(row.structure).pk,
                lambda row: _version_of(factories.structure()).pk,
            ),
            "model_version": (lambda row: row.model_version_id, NO_ID),
            "scoring_run": (lambda row: row.scoring_run_id, NO_ID),
            "property": ("conductivity", "none"),
            "value_min": ("1e-6", "1e-4"),
            "value_max": ("1e-4", "1e-6"),
            "in_domain": YES,
            "geometry": ("guessed", "B3LYP"),
            "std_min": ("0.001", "0.5"),
            "std_max": ("0.5", "0.001"),
            "search": (lambda row: row.structure.smiles, "[Xe]"),
            "temperature_min": ("300", "400"),
            "temperature_max": ("400", "300"),
        },
    ),
    Case(
        "decisions/",
        decisions.DecisionViewSet,
        factories.decision,
        IDS
        | CREATED
        | {
            "candidate": (lambda row: row.candidate_id, NO_ID),
            "reviewer": (lambda row: row.reviewer.username, "nobody"),
            "verdict": ("accept,hold", "reject"),
            "undone": NO,
        },
    ),
    Case(
        "jobs/",
        jobs.JobViewSet,
        _job,
        CREATED
        | {
            "kind": ("train", "import"),
            "state": ("queued,running", "lost"),
            "queue": ("cpu", "gpu"),
            "created_by": (lambda row: row.created_by.username, "nobody"),
        },
    ),
    Case(
        "jobs/{parent}/events/",
        jobs.JobEventViewSet,
        factories.job_event,
        IDS
        | {
            "after": (lambda row: row.pk - 1, lambda row: row.pk),
            "kind": ("log", "metric"),
            "attempt": ("1", "2"),
            "level": ("info", "error"),
        },
        parent="job",
    ),
    Case(
        "schedules/",
        schedules.ScheduleViewSet,
        factories.schedule,
        IDS
        | CREATED
        | {
            "name": (lambda row: row.name, "none"),
            "model": (lambda row: row.model.name, "none"),
            "dataset": (lambda row: row.dataset.slug, "none"),
            "enabled": YES,
        },
    ),
    Case("tags/", tags.TagViewSet, factories.tag, IDS | {"name": (lambda row: row.name, "none")}),
]
