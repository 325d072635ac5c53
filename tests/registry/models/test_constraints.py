"""The database is the last guard: what no action should write, it refuses, also by bulk insert and raw SQL."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from registry.models import (
    Alias,
    Candidate,
    Dataset,
    DatasetVersion,
    Decision,
    Job,
    Measurement,
    ModelVersion,
    Prediction,
    Property,
    Proposal,
    RegisteredModel,
    Schedule,
    ScoringRun,
    Structure,
)
from tests import factories

pytestmark = pytest.mark.django_db
DIGEST = "a" * 64


def make_structure(**changes: Any) -> Structure:
    fields = {
        "kind": "polymer",
        "key_version": 1,
        "key": "C1COCCO1",
        "smiles": "*CCO*",
        "formula": "C2H4O",
        "mass": 44.05,
        "heavy_atoms": 3,
        "elements": ["C", "O"],
    }
    return Structure.objects.create(**fields | changes)


def make_property(**changes: Any) -> Property:
    fields = {"name": "conductivity", "label": "Conductivity", "unit": "S/cm", "scale": "log10", "lower": 0, "upper": 1}
    return Property.objects.create(**fields | changes)


@pytest.fixture
def measure():
    dataset, structure, quantity = Dataset.objects.create(name="D", slug="d"), make_structure(), make_property()

    def build(**changes: Any) -> Measurement:
        fields = {"dataset": dataset, "structure": structure, "property": quantity, "content_digest": DIGEST}
        return Measurement(**fields | {"value": 1e-4} | changes)

    return build


def refused(save, error: type[Exception] = IntegrityError, match: str | None = None) -> None:
    with pytest.raises(error, match=match), transaction.atomic():
        save()


def test_one_structure_an_identity():
    make_structure()
    refused(make_structure, match="structure_identity")
    make_structure(kind="molecule")  # another kind is another identity
    make_structure(key_version=2)


@pytest.mark.parametrize(
    "changes", [{"key": ""}, {"key": "C" * 2401}, {"kind": "metal"}, {"mass": -1}, {"mass": math.nan}]
)
def test_an_impossible_structure_is_refused(changes):
    refused(lambda: make_structure(**changes))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_measurement_is_infinite_or_nan(measure, value):
    refused(lambda: Measurement.objects.bulk_create([measure(value=value)]))


@pytest.mark.parametrize("value", [-1e-9, 1.5])
def test_a_value_out_of_bounds_is_named(measure, value):
    refused(
        lambda: Measurement.objects.bulk_create([measure(value=value)]), match="of conductivity lies outside 0 to 1"
    )


def test_raw_sql_cannot_leave_the_bounds(measure):
    row = measure()
    row.save()

    def update() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE registry_measurement SET value = 7 WHERE id = %s", [row.pk])

    refused(update)


def test_a_missing_value_needs_its_reason(measure):
    refused(measure(value=None).save)
    refused(measure(missing_reason="not converged").save)
    measure(value=None, missing_reason="not converged").save()


def test_the_same_report_counts_once_until_it_is_retired(measure):
    first = measure()
    first.save()
    refused(measure().save, match="measurement_reported_once")
    first.retired_at = datetime.now(UTC)
    first.save()
    measure().save()


@pytest.mark.parametrize(
    "changes", [{"temperature_k": -1}, {"concentration": math.nan}, {"standard_deviation": -0.1}, {"method": "guess"}]
)
def test_impossible_conditions_are_refused(measure, changes):
    refused(measure(**changes).save)


def test_a_log_property_cannot_be_negative():
    refused(lambda: make_property(lower=-1), match="property_log_is_positive")
    refused(lambda: make_property(lower=None))
    refused(lambda: make_property(lower=2), match="property_bounds_ordered")


def frozen() -> DatasetVersion:
    dataset = Dataset.objects.create(name="Frozen", slug="frozen")
    return DatasetVersion.objects.create(
        dataset=dataset, number=1, sha256=DIGEST, measurement_count=0, structure_count=0, added_count=0, retired_count=0
    )


def trained() -> ModelVersion:
    model = RegisteredModel.objects.create(name="line", task="predict")
    return ModelVersion.objects.create(
        model=model, number=1, architecture="polymer-gnn", origin="zoo", bundle_digest=DIGEST, dataset_version=frozen()
    )


@pytest.mark.parametrize("make", [frozen, trained])
def test_frozen_rows_never_change(make):
    row = make()
    refused(lambda: type(row).objects.update(number=2), DatabaseError, "Cannot update")
    refused(row.delete, DatabaseError)


def test_lineage_cannot_be_cut():
    version = trained()
    Alias.objects.create(model=version.model, version=version, reason="first")
    for ancestor in (version.model, version.dataset_version.dataset):
        refused(ancestor.delete, ProtectedError)


def test_an_alias_points_to_one_version():
    version = trained()
    Alias.objects.create(model=version.model, version=version, reason="first")
    refused(
        lambda: Alias.objects.create(model=version.model, version=version, reason="again"), match="alias_once_a_model"
    )
    assert version.model.champion() == version


def test_decisions_are_append_only(django_user_model):
    candidate = Candidate.objects.create(structure=make_structure())
    reviewer = django_user_model.objects.create_user("curie")
    decision = Decision.objects.create(candidate=candidate, reviewer=reviewer, verdict="accept")
    refused(lambda: Decision.objects.update(verdict="reject"), DatabaseError)
    refused(decision.delete, DatabaseError)
    refused(lambda: Decision.objects.create(candidate=candidate, reviewer=reviewer, verdict="undo"))
    undo = {"candidate": candidate, "reviewer": reviewer, "verdict": "undo", "undoes": decision}
    Decision.objects.create(**undo)
    refused(lambda: Decision.objects.create(**undo))


def test_a_prediction_is_made_once():
    version, quantity, structure = trained(), make_property(), make_structure()
    fields = {
        "structure": structure,
        "model_version": version,
        "property": quantity,
        "value": 1e-4,
        "scoring_run": ScoringRun.objects.create(model_version=version),
    }
    Prediction.objects.create(**fields, conditions={"temperature_k": 353})
    Prediction.objects.create(**fields, conditions={"temperature_k": 300})
    refused(lambda: Prediction.objects.create(**fields, conditions={"temperature_k": 353}), match="prediction_once")


def test_a_job_is_finished_exactly_when_its_state_is_final():
    refused(lambda: Job.objects.create(kind="train", state="succeeded"), match="job_finished_when_final")
    refused(lambda: Job.objects.create(kind="train", state="running", finished_at=datetime.now(UTC)))
    refused(lambda: Job.objects.create(kind="train", progress=1.5))


def test_a_refused_proposal_says_why():
    run = trained().generation_runs.create(requested=1)
    refused(lambda: Proposal.objects.create(run=run, rank=0, text="C("), match="proposal_refused_for_a_reason")
    Proposal.objects.create(run=run, rank=0, text="C(", reason="unclosed branch")
    refused(lambda: Proposal.objects.create(run=run, rank=0, text="C)", reason="x"), match="proposal_rank")


def test_a_generation_draws_in_one_way():
    refused(
        lambda: trained().generation_runs.create(requested=1, accept=True, distinct=True),
        match="generationrun_accept_or_distinct",
    )


def test_a_scoring_takes_candidates_or_a_dataset_version():
    version = factories.dataset_version()
    factories.scoring_run(dataset_version=version)
    for source in ({"generation_run": factories.generation_run()}, {"selection": {"status": "proposed"}}):
        run = factories.scoring_run(**source)
        refused(lambda run=run: ScoringRun.objects.filter(pk=run.pk).update(dataset_version=version),
                match="scoringrun_one_source")  # fmt: skip


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "hourly-ish", "* * 31 2 8"])
def test_a_schedule_needs_a_cron_expression(cron):
    with pytest.raises(ValidationError, match="cron"):
        Schedule(name="s", cron=cron).clean_fields(exclude=["model", "dataset", "template"])


def test_a_version_is_a_query_over_its_dataset(measure):
    kept, retired, later = (measure(content_digest=letter * 64) for letter in "bcd")
    dataset = kept.dataset
    one, two = (
        DatasetVersion.objects.create(
            dataset=dataset,
            number=n,
            sha256=DIGEST,
            measurement_count=2,
            structure_count=1,
            added_count=1,
            retired_count=1,
        )
        for n in (1, 2)
    )
    kept.added_in = one
    retired.added_in, retired.retired_in, retired.retired_at = one, two, datetime.now(UTC)
    later.added_in = two
    waiting = measure(content_digest="e" * 64)
    Measurement.objects.bulk_create([kept, retired, later, waiting])
    assert set(Measurement.objects.in_version(one)) == {kept, retired}
    assert set(Measurement.objects.in_version(two)) == {kept, later}
    assert set(Measurement.objects.pending()) == {waiting}
