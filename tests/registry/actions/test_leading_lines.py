"""Which line of models gives the candidates' scores of a property, and how a person chooses another."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from registry.actions.base import ActionError
from registry.actions.ingest import AddPredictions, Predicted
from registry.actions.lead_property import LeadProperty
from registry.actions.leading_lines import led_by, lines_of
from registry.actions.move_alias import MoveAlias
from registry.models import Candidate, CandidateScore, ModelVersion, Property, RegisteredModel, ScoringRun
from tests import factories

pytestmark = pytest.mark.django_db

TOLD = {"data": {"conditions": [{"name": "temperature", "unit": "K"}]}}


def crown(version: ModelVersion, **more: Any) -> ModelVersion:
    MoveAlias(actor=None, model=version.model, version=version, reason="better", **more).run()
    return version


def predict(version: ModelVersion, candidate: Candidate, value: float, **conditions: float) -> None:
    run = factories.scoring_run(model_version=version, conditions=conditions)
    row = Predicted(candidate.structure_id, "conductivity", value, 0.1, True, conditions)
    AddPredictions(actor=None, scoring_run=run, rows=[row]).run()


def lead(property_: Property, model: RegisteredModel | None, **more: Any) -> Property:
    return LeadProperty(**({"actor": None, "property": property_, "model": model} | more)).run()


def shown() -> Mapping[str, float]:
    return dict(CandidateScore.objects.values_list("property__name", "value"))


@pytest.fixture
def candidate(db: None) -> Candidate:
    return factories.candidate()


@pytest.fixture
def first(candidate: Candidate) -> ModelVersion:
    """The champion that has predicted conductivity longest, with a prediction of 1e-5."""
    version = crown(factories.model_version())
    predict(version, candidate, 1e-5)
    return version


@pytest.fixture
def second(first: ModelVersion, candidate: Candidate) -> ModelVersion:
    """The champion of a later line, under conditions, with a newer prediction of 9e-4."""
    version = crown(factories.model_version(config=TOLD))
    predict(version, candidate, 9e-4, temperature_k=298.0)
    return version


def test_scoring_with_a_second_line_leaves_the_list_as_it_was(first: ModelVersion, candidate: Candidate) -> None:
    before = list(CandidateScore.objects.values())
    version = crown(factories.model_version())
    kept = list(CandidateScore.objects.values("prediction", "value"))
    assert kept == [{"prediction": before[0]["prediction_id"], "value": 1e-5}]
    rows = list(CandidateScore.objects.values())
    predict(version, candidate, 9e-4, temperature_k=298.0)
    assert list(CandidateScore.objects.values()) == rows  # not even written anew
    predict(first, candidate, 2e-5, temperature_k=298.0)
    assert shown() == {"conductivity": 2e-5}


def test_a_line_that_needs_no_conditions_comes_first(candidate: Candidate) -> None:
    told = crown(factories.model_version(config=TOLD))
    predict(told, candidate, 9e-4, temperature_k=298.0)
    assert shown() == {"conductivity": 9e-4}
    plain = crown(factories.model_version(config={"data": {"conditions": []}}))
    assert shown() == {}
    predict(plain, candidate, 1e-5)
    assert shown() == {"conductivity": 1e-5}
    with connection.cursor() as cursor:
        cursor.execute(import_module("registry.migrations.0011_leading_scores").REWRITE)
    assert shown() == {"conductivity": 1e-5}


def test_a_person_chooses_the_line_and_goes_back(first: ModelVersion, second: ModelVersion) -> None:
    conductivity = factories.property_()
    assert shown() == {"conductivity": 1e-5}
    lead(conductivity, second.model)
    assert shown() == {"conductivity": 9e-4}
    assert [(line.champion, line.leads) for line in lines_of(conductivity)] == [(second, True), (first, False)]
    assert (led_by(first), led_by(second)) == ([], [conductivity])
    lead(conductivity, None)
    assert shown() == {"conductivity": 1e-5}
    lead(conductivity, first.model)
    assert shown() == {"conductivity": 1e-5}


def test_other_properties_keep_their_line(candidate: Candidate) -> None:
    hue = factories.property_("hue")
    both = crown(factories.model_version(properties=[factories.property_(), hue]))
    factories.score(candidate, property=hue, value=3.0, scoring_run=factories.scoring_run(model_version=both))
    lone = crown(factories.model_version())
    predict(lone, candidate, 9e-4)
    assert shown() == {"hue": 3.0}
    lead(factories.property_(), lone.model)
    assert shown() == {"hue": 3.0, "conductivity": 9e-4}
    assert led_by(both) == [hue]


def test_a_line_keeps_the_lead_when_its_champion_moves(first: ModelVersion, second: ModelVersion) -> None:
    newer = crown(factories.model_version(model=first.model))
    assert shown() == {}  # it has predicted nothing yet; the other line does not step in
    predict(newer, Candidate.objects.get(), 3e-5)
    assert shown() == {"conductivity": 3e-5}


def test_a_line_that_learns_a_property_later_does_not_take_it_over(candidate: Candidate) -> None:
    older = crown(factories.model_version(properties=[factories.property_("hue")]))
    first = crown(factories.model_version())
    predict(first, candidate, 1e-5)
    wide = factories.model_version(model=older.model, properties=[factories.property_("hue"), factories.property_()])
    predict(crown(wide), candidate, 9e-4)
    assert shown() == {"conductivity": 1e-5}


def test_the_lead_falls_back_where_the_chosen_line_predicts_it_no_more(
    first: ModelVersion, second: ModelVersion
) -> None:
    lead(factories.property_(), second.model)
    crown(factories.model_version(model=second.model, properties=[factories.property_("hue")]))
    assert shown() == {"conductivity": 1e-5}
    crown(second, drop_properties=True)  # the choice still stands
    assert shown() == {"conductivity": 9e-4}


def test_scores_from_before_lines_led_are_rewritten(first: ModelVersion, second: ModelVersion) -> None:
    CandidateScore.objects.update(prediction=second.predictions.get(), value=9e-4)
    rewrite = import_module("registry.migrations.0011_leading_scores").REWRITE
    with connection.cursor() as cursor:
        cursor.execute(rewrite)
    assert shown() == {"conductivity": 1e-5}


def test_without_its_model_a_choice_is_none(first: ModelVersion) -> None:
    gone, conductivity = factories.registered_model(), factories.property_()
    Property.objects.filter(pk=conductivity.pk).update(leading_model=gone)
    assert lines_of(conductivity)[0].champion == first
    gone.delete()
    conductivity.refresh_from_db()
    assert conductivity.leading_model is None


def test_who_may_choose_and_what(first: ModelVersion) -> None:
    conductivity, stranger = factories.property_(), factories.model_version()
    with pytest.raises(ActionError, match=f"has no champion that predicts conductivity.*: {first.model}") as refused:
        lead(conductivity, stranger.model)
    assert refused.value.field == "model"
    with pytest.raises(PermissionDenied):
        lead(conductivity, first.model, actor=factories.user("Curator"))
    engineer = factories.user("Engineer")
    lead(conductivity, first.model, actor=engineer)
    [*_, event] = conductivity.events.order_by("pgh_id").select_related("pgh_context")
    assert (event.leading_model_id, event.pgh_context.metadata["user"]) == (first.model_id, engineer.pk)


def test_a_new_leader_scores_what_it_has_not_predicted(first: ModelVersion, candidate: Candidate) -> None:
    version = factories.model_version()
    factories.alias(version=version)
    lead(factories.property_(), version.model)
    run = ScoringRun.objects.get(model_version=version)
    assert (run.selection, run.job.kind) == ({}, "score")


def test_a_champion_that_must_be_told_a_temperature_is_left_to_a_person(
    first: ModelVersion, candidate: Candidate
) -> None:
    version = crown(factories.model_version(config=TOLD))
    lead(factories.property_(), version.model)
    assert not ScoringRun.objects.filter(model_version=version).exists()
    assert version.model.champion() == version
