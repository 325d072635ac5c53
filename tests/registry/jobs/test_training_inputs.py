"""Training beyond structures and values: differences between levels, geometries, conditions, from table to score."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from mlcore.chem import geometry
from mlcore.chem.salts import SALTS
from registry.actions.base import ActionError
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.start_scoring import StartScoring
from registry.actions.start_training import StartTraining
from registry.formats.beside import Beside
from registry.formats.training_inputs import TrainingInputs
from registry.formats.training_table import training_table
from registry.models import Conformer, DatasetVersion, Job, Property, Structure
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

DELTA = {"levels": {"energy": "G4MP2"}, "baselines": {"energy": "B3LYP"}}
MOLECULES = ["C" * n + end for n in range(1, 8) for end in ("O", "N", "F")]


def energy() -> Property:
    return factories.property_("energy", unit="eV", scale="linear", lower=None, better="neither")


def two_levels(count: int = len(MOLECULES)) -> DatasetVersion:
    """Molecules with an energy at both levels, 0.1 eV a heavy atom apart, and a geometry of the first."""
    dataset, item = factories.dataset(), energy()
    for place, smiles in enumerate(MOLECULES[:count]):
        of = factories.structure(smiles, "molecule")
        for level, value in (("B3LYP", -100.0 * len(smiles)), ("G4MP2", -99.9 * len(smiles))):
            factories.measurement(dataset=dataset, structure=of, property=item, value=value, method="dft",
                                  method_detail=level)  # fmt: skip
        if not place:
            factories.conformer(structure=of, level="B3LYP")
    return FreezeDataset(actor=None, dataset=dataset).run()


def salty(salt: str = "LiTFSI") -> DatasetVersion:
    dataset, sigma = factories.dataset(), factories.property_()
    for number in range(12):
        of = factories.structure("*" + "C" * (number + 1) + "O*")
        for kelvin in (298.0, 333.0):
            factories.measurement(dataset=dataset, structure=of, property=sigma, value=1e-6 * kelvin, salt=salt,
                                  temperature_k=kelvin, concentration=1.5, conditions={"mw": 4000.0})  # fmt: skip
    return FreezeDataset(actor=None, dataset=dataset).run()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def training(version: DatasetVersion, **fields: Any) -> StartTraining:
    defaults = {"actor": None, "model": factories.registered_model(), "architecture": "trees"}
    return StartTraining(**{**defaults, "dataset_version": version, "properties": [energy()], **fields})


def test_a_table_of_differences_has_both_values_and_the_geometry(tmp_path: Path) -> None:
    version = two_levels()
    inputs = TrainingInputs.read({**DELTA, "geometry": "B3LYP"})
    assert training_table(version, [energy()], tmp_path / "t.csv", inputs).rows == len(MOLECULES)
    rows = {row["smiles"]: row for row in rows_of(tmp_path / "t.csv")}
    assert list(rows["CCO"]) == ["smiles", "key", "energy", "energy_baseline", "geometry"]
    assert (rows["CCO"]["energy"], rows["CCO"]["energy_baseline"]) == (repr(-99.9 * 3), "-300.0")
    assert [row["geometry"].splitlines()[0] for row in rows.values() if row["geometry"]] == ["3"]


def test_a_table_over_conditions_has_a_row_a_state(tmp_path: Path) -> None:
    inputs = TrainingInputs(conditions=("temperature_k", "salt", "concentration", "mw"))
    table = training_table(salty(), [factories.property_()], tmp_path / "t.csv", inputs)
    rows = rows_of(tmp_path / "t.csv")
    assert (table.rows, table.passed_over, table.averaged) == (24, 0, 0)
    assert [row["temperature_k"] for row in rows[:2]] == ["298.0", "333.0"]
    assert {(row["salt"], row["concentration"], row["mw"]) for row in rows} == {(SALTS["LiTFSI"], "1.5", "4000.0")}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"level": "x"}, "level is unknown; known: levels"),
    "other property": ({"levels": {"hue": "G4MP2"}}, "hue is not among the properties"),
    "no level": ({"baselines": {"energy": "B3LYP"}}, "needs the level of the values"),
    "same level": ({**DELTA, "baselines": {"energy": "g4mp2"}}, "nothing is left to learn"),
    "no values": ({"levels": {"energy": "CCSD"}}, "at CCSD for 0 structures; .* Its levels are: B3LYP, G4MP2"),
    "geometry": ({"geometry": "B3LYP"}, "trees takes no geometries; .* or choose .*schnet"),
    "conditions": ({"conditions": ["temperature_k"]}, "trees takes no conditions; .*polymer-arrhenius"),
    "list": ({"conditions": "temperature_k"}, "conditions is a list"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_inputs_that_are_not_there_are_refused_at_once(case: str) -> None:
    inputs, said = REFUSED[case]
    with pytest.raises(ActionError, match=said) as caught:
        training(two_levels(12), inputs=inputs).run()
    assert caught.value.field == "inputs"
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("salt", "conditions", "said"),
    [
        ("LiTFSI", [], 'put "temperature_k" among the conditions'),
        ("LiTFSI", ["temperature_k", "pressure"], "no measurement .* states pressure"),
        ("table salt", ["temperature_k", "salt"], "the salts table salt are neither known by name"),
    ],
)
def test_conditions_that_cannot_be_told_are_refused_at_once(salt: str, conditions: list[str], said: str) -> None:
    start = training(
        salty(salt),
        architecture="polymer-arrhenius",
        properties=[factories.property_()],
        inputs={"conditions": conditions},
    )
    with pytest.raises(ActionError, match=said):
        start.run()


def test_a_level_of_geometries_that_is_not_there_is_refused() -> None:
    inputs = {"levels": {"energy": "G4MP2"}, "geometry": "MP2"}
    with pytest.raises(ActionError, match="no geometry at MP2; there are: B3LYP"):
        training(two_levels(12), architecture="schnet", inputs=inputs).run()


def test_a_difference_is_learned_named_and_added_back(after: Callable[[Any], Job], client: Client) -> None:
    run = training(two_levels(), inputs=DELTA, config={"training": {"steps": 20}, "model": {"least_in_leaf": 1}}).run()
    assert run.config["data"]["kind"] == "molecule"
    assert after(run).state == Job.State.SUCCEEDED
    version = run.model_version
    assert "as the difference to B3LYP" in version.card
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    page = client.get(f"/admin/registry/modelversion/{version.pk}/change/").content.decode()
    assert "at G4MP2, as the difference to B3LYP" in page
    known, unknown = (
        factories.candidate(structure=factories.structure(smiles, "molecule")) for smiles in ("CCO", "CCCS")
    )
    scoring = StartScoring(actor=None, model_version=version).run()
    assert after(scoring).state == Job.State.SUCCEEDED
    scoring.refresh_from_db()
    assert (scoring.scored, scoring.failed) == (1, 1)
    found = known.structure.predictions.get()
    assert found.value == pytest.approx(-299.7, abs=0.5)
    assert not unknown.structure.predictions.exists()
    assert scoring.job.events.filter(message__contains="B3LYP").exists()
    refused = StartScoring(actor=None, model_version=version).run()  # of which only what was refused is left
    assert after(refused).state == Job.State.SUCCEEDED
    refused.refresh_from_db()
    assert (refused.scored, refused.kept, refused.failed) == (0, 1, 1)
    assert refused.job.events.filter(level="warning", message__contains="B3LYP").exists()
    whole = StartScoring(actor=None, model_version=version, dataset_version=run.dataset_version).run()
    assert after(whole).state == Job.State.SUCCEEDED
    whole.refresh_from_db()
    assert (whole.scored, whole.kept, whole.failed, whole.left_out) == (len(MOLECULES) - 1, 1, 0, 0)


def test_a_prediction_says_which_geometry_it_is_from_and_gives_way_to_one_from_a_better(
    after: Callable[[Any], Job], client: Client
) -> None:
    def computed(of: Structure) -> None:
        found = geometry.guess(of.smiles)
        factories.conformer(structure=of, level="B3LYP", xyz=found.to_xyz(), atoms=len(found.numbers))

    version = two_levels(12)
    for of in Structure.objects.exclude(smiles=MOLECULES[0]):
        computed(of)
    Conformer.objects.filter(structure__smiles=MOLECULES[0]).update(xyz=geometry.guess(MOLECULES[0]).to_xyz())
    inputs = {"levels": {"energy": "G4MP2"}, "geometry": "B3LYP"}
    run = training(version, architecture="fchl", inputs=inputs, config={"model": {"wide_weight": 0.0}}).run()
    assert after(run).state == Job.State.SUCCEEDED
    known, later = (factories.structure(smiles, "molecule") for smiles in ("CCO", "CCCO"))
    later.conformers.all().delete()

    def scored() -> tuple[int, int]:
        scoring = StartScoring(actor=None, model_version=run.model_version, dataset_version=version).run()
        assert after(scoring).state == Job.State.SUCCEEDED
        scoring.refresh_from_db()
        return scoring.scored, scoring.kept

    assert scored() == (12, 0)
    assert known.predictions.get().geometry == "B3LYP"
    guess = later.predictions.get()
    assert guess.geometry == "guessed"
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    assert "geometry guessed" in client.get(f"/admin/registry/structure/{later.pk}/change/").content.decode()
    assert scored() == (0, 12)
    computed(later)
    assert scored() == (1, 11)
    better = later.predictions.get()
    assert (better.pk, better.geometry) == (guess.pk, "B3LYP")
    assert better.scoring_run != guess.scoring_run


def test_a_stored_guess_is_given_only_to_models_that_learned_from_guesses() -> None:
    of = factories.structure("CCO", "molecule")
    guess = factories.conformer(structure=of, level=Conformer.GUESSED)
    assert Beside(None, "").cells([of.pk]) == Beside(None, "B3LYP").cells([of.pk]) == {}
    assert Beside(None, Conformer.GUESSED).cells([of.pk]) == {of.pk: guess.xyz}
    computed = factories.conformer(structure=of, level="MP2")
    assert Beside(None, "").cells([of.pk]) == {of.pk: computed.xyz}
    assert Beside(None, "").levels([of.pk]) == {of.pk: "MP2"}


def test_a_model_over_temperatures_is_trained_and_asked_at_several(after: Callable[[Any], Job]) -> None:
    run = training(
        salty(),
        architecture="polymer-arrhenius",
        properties=[factories.property_()],
        inputs={"conditions": ["temperature_k", "salt", "concentration"]},
        config={"training": {"steps": 10}, "model": {"members": 2, "width": 8}},
    ).run()
    assert after(run).state == Job.State.SUCCEEDED
    candidate = factories.candidate("*CCOCCO*")
    conditions = {"temperature_k": [333.0, 298.0], "salt": "LiTFSI", "concentration": 1.5}
    scoring = StartScoring(actor=None, model_version=run.model_version, conditions=conditions).run()
    assert after(scoring).state == Job.State.SUCCEEDED
    found = {p.conditions["temperature_k"]: p.value for p in candidate.structure.predictions.all()}
    assert 0 < found[298.0] < found[333.0]
