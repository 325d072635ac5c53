"""Registering bundles, moving champions, and the scores that follow."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.ingest import AddPredictions, Predicted
from registry.actions.move_alias import MoveAlias
from registry.actions.register_model import RegisterModel
from registry.models import Alias, CandidateScore, ModelVersion, Prediction, Property, RegisteredModel, ScoringRun
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle

pytestmark = pytest.mark.django_db


def register(folder: Path, name: str = "line", **fields: object) -> ModelVersion:
    return RegisterModel(actor=None, folder=folder, model_name=name, origin="uploaded", **fields).run()


def test_bundle_becomes_a_version(tmp_path: Path) -> None:
    version = register(write_bundle(tmp_path / "b", metrics={"vun": 0.5}))
    assert (version.number, version.architecture, version.metrics) == (1, "gpt", {"vun": 0.5})
    assert version.card == "# A card\n"
    assert version.model.task == RegisteredModel.Task.GENERATE
    [item] = version.properties.all()
    assert (item.name, item.unit, item.scale, item.label) == ("conductivity", "S/cm", "log10", "Ionic conductivity")
    unpacked = artifacts.unpack_folder(version.bundle_digest, tmp_path / "again")
    assert {path.name for path in unpacked.iterdir()} == {"manifest.json", "card.md", "model.safetensors"}


def test_same_bundle_is_registered_once(tmp_path: Path) -> None:
    first = register(write_bundle(tmp_path / "a"))
    assert register(write_bundle(tmp_path / "b")) == first
    assert register(write_bundle(tmp_path / "c", weights=b"other")).number == 2


def test_run_has_one_version(tmp_path: Path) -> None:
    run = factories.training_run()
    first = register(write_bundle(tmp_path / "a"), training_run=run)
    assert register(write_bundle(tmp_path / "b", weights=b"other"), training_run=run) == first


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "model.safetensors").write_bytes(b"evil"), "was changed or damaged"),
        (lambda f: (f / "card.md").unlink(), "card.md is missing"),
        (lambda f: (f / "extra.py").write_text("import os"), "extra.py is not named in the manifest"),
        (lambda f: (f / "manifest.json").write_text("{"), "is not JSON"),
        (lambda f: (f / "manifest.json").write_text('{"format_version": 99}'), "is newer than"),
    ],
)
def test_spoilt_bundle_is_refused(tmp_path: Path, spoil: object, said: str) -> None:
    folder = write_bundle(tmp_path / "b")
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(ActionError, match=said):
        register(folder)
    assert not RegisteredModel.objects.exists()


def test_bundle_must_fit_its_model_and_the_units(tmp_path: Path) -> None:
    register(write_bundle(tmp_path / "a"))
    with pytest.raises(ActionError, match="this bundle can predict"):
        register(write_bundle(tmp_path / "b", task="predict"))
    with pytest.raises(ActionError, match="model_name"):
        register(write_bundle(tmp_path / "c"), name="no such/slug")
    with pytest.raises(ActionError, match="gives conductivity in S/m, the registry keeps it in S/cm"):
        register(write_bundle(tmp_path / "d", properties=[CONDUCTIVITY | {"unit": "S/m"}]), name="other")


def test_alias_moves_within_its_model_for_a_reason() -> None:
    version, other = factories.model_version(), factories.model_version()
    with pytest.raises(ActionError, match="no version of"):
        MoveAlias(actor=None, model=version.model, version=other, reason="better").run()
    with pytest.raises(ActionError, match="Say why"):
        MoveAlias(actor=None, model=version.model, version=version, reason=" ").run()
    with pytest.raises(PermissionDenied):
        MoveAlias(actor=factories.user("Curator"), model=version.model, version=version, reason="mine").run()
    engineer = factories.user("Engineer")
    alias = MoveAlias(actor=engineer, model=version.model, version=version, reason="better").run()
    assert (alias.version, alias.moved_by, alias.name) == (version, engineer, Alias.CHAMPION)


def predicted(version: ModelVersion, structure: int, value: float) -> ScoringRun:
    run = factories.scoring_run(model_version=version)
    rows = [Predicted(structure, "conductivity", value, 0.1, True)]
    AddPredictions(actor=None, scoring_run=run, rows=rows).run()
    return run


def scores() -> list[float]:
    return list(CandidateScore.objects.order_by("candidate").values_list("value", flat=True))


def test_scores_follow_the_champion() -> None:
    candidate = factories.candidate()
    old, model = factories.model_version(), None
    model = old.model
    new = factories.model_version(model=model)
    predicted(old, candidate.structure_id, 1e-5)
    assert scores() == []  # no champion, no score
    MoveAlias(actor=None, model=model, version=old, reason="the first").run()
    assert scores() == [1e-5]
    predicted(new, candidate.structure_id, 2e-5)
    assert scores() == [1e-5]
    MoveAlias(actor=None, model=model, version=new, reason="better").run()
    assert scores() == [2e-5]
    assert ScoringRun.objects.filter(job__state="queued", selection={}).count() == 2  # of the factory: none to score


def test_a_champion_that_predicts_less_is_refused_unless_that_is_meant() -> None:
    candidate, hue = factories.candidate(), factories.property_("hue", label="Hue of the film")
    old = factories.model_version(properties=[factories.property_(), hue])
    new = factories.model_version(model=old.model)
    MoveAlias(actor=None, model=old.model, version=old, reason="the first").run()
    factories.score(candidate, property=hue, value=3.0)
    with pytest.raises(ActionError, match="does not predict Hue of the film, and no other champion") as refused:
        MoveAlias(actor=None, model=old.model, version=new, reason="better").run()
    assert (refused.value.field, refused.value.conflict) == ("drop_properties", True)
    assert refused.value.message.count("Hue of the film") == 1
    assert "To use it for conductivity alone, train it as a model of its own" in refused.value.message
    assert scores() == [3.0]
    assert old.model.champion() == old
    MoveAlias(actor=None, model=old.model, version=new, reason="only a name", name="candidate").run()
    MoveAlias(actor=None, model=old.model, version=new, reason="better", drop_properties=True).run()
    assert old.model.champion() == new


def test_properties_of_another_champion_are_not_lost() -> None:
    old = factories.model_version(properties=[factories.property_(), factories.property_("hue")])
    new = factories.model_version(model=old.model)
    factories.alias(version=old)
    factories.alias(version=factories.model_version(properties=[factories.property_("hue")]))
    assert MoveAlias(actor=None, model=old.model, version=new, reason="better").run().version == new


def test_new_champion_scores_what_it_has_not_predicted() -> None:
    factories.candidate()
    version = factories.model_version()
    MoveAlias(actor=None, model=version.model, version=version, reason="the first").run()
    run = ScoringRun.objects.get()
    assert (run.model_version, run.selection, run.job.kind) == (version, {}, "score")
    MoveAlias(actor=None, model=version.model, version=version, reason="said again").run()
    assert ScoringRun.objects.count() == 1


@pytest.mark.parametrize(
    "config",
    [{"data": {"kind": "molecule"}}, {"data": {"conditions": [{"name": "temperature", "unit": "K"}]}}],
    ids=["of another kind", "under conditions"],
)
def test_new_champion_that_cannot_score_the_candidates_by_itself_starts_nothing(config: dict[str, Any]) -> None:
    factories.candidate()
    version = factories.model_version(config=config)
    MoveAlias(actor=None, model=version.model, version=version, reason="the first").run()
    assert version.model.champion() == version
    assert not ScoringRun.objects.exists()


def test_second_delivery_of_predictions_changes_nothing() -> None:
    candidate, version = factories.candidate(), factories.model_version()
    factories.alias(version=version)
    run = predicted(version, candidate.structure_id, 1e-5)
    again = AddPredictions(
        actor=None, scoring_run=run, rows=[Predicted(candidate.structure_id, "conductivity", 9e-5, None, None)]
    ).run()
    assert again == 0
    assert scores() == [1e-5]
    assert Property.objects.get(name="conductivity").predictions.count() == 1


def test_what_takes_the_place_of_a_guess_is_as_new_as_the_run_that_made_it() -> None:
    version = factories.model_version()
    guess = factories.prediction(scoring_run=factories.scoring_run(model_version=version), geometry="guessed",
                                 property=version.properties.get())  # fmt: skip
    run = factories.scoring_run(model_version=version)
    row = Predicted(guess.structure_id, guess.property.name, 2e-5, None, None, geometry="B3LYP")
    AddPredictions(actor=None, scoring_run=run, rows=[row]).run()
    (found,) = Prediction.objects.all()
    assert (found.pk, found.geometry, found.scoring_run) == (guess.pk, "B3LYP", run)
    assert found.created_at > run.created_at > guess.created_at
