"""A model of differences scores what has the cheaper value, and is refused at once where nothing has it."""

import pytest
from django.utils import timezone

from registry.actions.base import ActionError
from registry.actions.move_alias import MoveAlias
from registry.actions.start_scoring import StartScoring
from registry.models import Job, ModelVersion, Property, ScoringRun, Structure
from tests import factories

pytestmark = pytest.mark.django_db


def energy(name: str = "energy") -> Property:
    return factories.property_(name, unit="eV", scale="linear", lower=None, better="neither")


def differences(*baselines: tuple[str, str]) -> ModelVersion:
    """A model of molecules that adds to these properties at these levels."""
    learned = [{"name": name, "baseline": f"{name}_cheap", "baseline_level": level} for name, level in baselines]
    config = {"data": {"kind": "molecule", "properties": learned}}
    return factories.model_version(config=config, properties=[energy(name) for name, _ in baselines])


def computed(smiles: str, level: str, name: str = "energy", **fields: object) -> Structure:
    of = factories.structure(smiles, "molecule")
    factories.measurement(structure=of, property=energy(name), value=-1.0, method="dft", method_detail=level, **fields)
    return of


def score(version: ModelVersion, *structures: Structure) -> ScoringRun:
    selection = {"ids": [of.pk for of in structures]}
    return StartScoring(actor=None, model_version=version, subject="structures", selection=selection).run()


def test_structures_without_the_cheaper_value_are_refused_with_the_levels_there_are() -> None:
    version, others = differences(("energy", "B3LYP")), [computed("CCO", "G4MP2"), computed("CCN", "PBE")]
    said = (
        f"{version} adds to the value of energy at B3LYP, and of the 2 molecules asked for none has that. Their "
        "levels of energy are: G4MP2, PBE. Import such values, "
    )
    with pytest.raises(ActionError, match=said) as caught:
        score(version, *others)
    assert caught.value.field == "model_version"
    computed("CCF", "B3LYP")  # is not asked for
    computed("CCO", "B3LYP", retired_at=timezone.now())
    with pytest.raises(ActionError, match=said):
        score(version, *others)
    with pytest.raises(ActionError, match="levels of energy are: none"):
        score(version, factories.structure("CCC", "molecule"))
    assert not Job.objects.exists()


def test_one_structure_that_has_the_value_is_enough() -> None:
    assert score(differences(("energy", "B3LYP")), computed("CCO", "b3lyp"), computed("CCN", "PBE")).pk


def test_all_the_values_of_one_structure_are_needed() -> None:
    version = differences(("energy", "B3LYP"), ("enthalpy", "PBE"))
    one, other = computed("CCO", "B3LYP"), computed("CCN", "PBE", "enthalpy")
    said = "adds to the value of energy at B3LYP and to the value of enthalpy at PBE, .* of enthalpy are: PBE"
    with pytest.raises(ActionError, match=said):
        score(version, one, other)
    computed("CCO", "PBE", "enthalpy")
    assert score(version, one, other).pk


def test_a_new_champion_of_differences_starts_no_run_that_could_score_nothing() -> None:
    version = differences(("energy", "B3LYP"))
    of = factories.candidate(structure=factories.structure("CCO", "molecule")).structure
    MoveAlias(actor=None, model=version.model, version=version, reason="better").run()
    assert not ScoringRun.objects.exists()
    computed(of.smiles, "B3LYP")
    version.model.aliases.all().delete()
    MoveAlias(actor=None, model=version.model, version=version, reason="better").run()
    assert ScoringRun.objects.count() == 1
