"""What stands beside a predicted value: the model's error, and the conditions that its training data hold for."""

import json
import os
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

import mlcore
from registry.admin.parts.candidate_values import MEASURED, UNFOLDED
from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.evidence import Evidence, evidence, method_text
from registry.catalogue import entry, entry_of_table
from registry.models import Candidate, ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db

ZOO = Path(mlcore.__file__).parent / "zoo"
CONDITIONS = {
    "htp-md": "molecular dynamics (PCFF+), 353 K, LiTFSI",
    "htp-md-transport": "molecular dynamics (PCFF+), 353 K, LiTFSI",
    "qm9": "DFT (B3LYP/6-31G(2df,p))",
    "g4mp2": "G4MP2 / DFT (B3LYP/6-31G(2df,p))",
    "chemarr": "experiment",
}
METRICS = {"conductivity": {"test": {"n": 1558, "mae": 0.1138, "r2": 0.5558}, "valid": {"n": 60, "mae": 9.0}}}


def version_on(rows, **fields):
    """A model version trained on a frozen version of such measurements."""
    frozen = factories.dataset_version()
    for row in rows:
        factories.measurement(dataset=frozen.dataset, added_in=frozen, **row)
    return factories.model_version(dataset_version=frozen, metrics=METRICS, **fields)


def test_error_and_conditions_of_a_model_trained_here():
    md = {"method": "md", "method_detail": "PCFF+", "salt": "LiTFSI"}
    version = version_on([md | {"temperature_k": 353, "concentration": c} for c in (1.2345, 1.5)])
    found = evidence(version, factories.property_())
    assert found.error == "test MAE ×/÷ 1.3 (0.114 decades), R² 0.556, n = 1,558"
    assert found.conditions == "molecular dynamics (PCFF+), 353 K, LiTFSI, 1.23–1.5 mol/kg"
    assert str(version.dataset_version) in found.data


def test_rows_of_other_properties_and_retired_rows_say_nothing():
    version = version_on([{"temperature_k": 300, "method": "experiment"}])
    frozen = version.dataset_version
    factories.measurement(dataset=frozen.dataset, added_in=frozen, retired_in=frozen, temperature_k=400)
    factories.measurement(dataset=frozen.dataset, temperature_k=500)
    other = factories.property_("density", unit="g/cm3", scale="linear")
    factories.measurement(dataset=frozen.dataset, added_in=frozen, property=other, temperature_k=600)
    assert evidence(version, factories.property_()).conditions == "experiment, 300 K"


def test_many_conditions_are_summed_up():
    rows = [{"temperature_k": t, "salt": s} for t, s in ((298, "LiCl"), (333, "LiBr"), (None, "LiI"), (353, "LiF"))]
    found = evidence(version_on(rows), factories.property_())
    assert found.conditions.startswith("298–353 K where stated, ")
    assert found.conditions.endswith(" and 1 more")


def test_a_linear_property_has_its_error_in_its_unit():
    density = factories.property_("density", unit="g/cm3", scale="linear")
    version = factories.model_version(properties=[density], metrics={"density": {"test": {"n": 5, "mae": 0.1 + 0.2}}})
    assert evidence(version, density).error == "test MAE 0.3 g/cm³, n = 5"


@pytest.mark.parametrize("metrics", [{}, {"conductivity": {"valid": {"mae": 1.0}}}, {"conductivity": "good"}])
def test_nothing_is_made_up(metrics):
    version = factories.model_version(metrics=metrics, training_data_digest="f" * 64)
    assert evidence(version, factories.property_()) == Evidence("", "", "")


def manifests():
    return [json.loads(path.read_text()) for path in ZOO.glob("*/manifest.json")]


def test_what_the_shipped_models_were_trained_on_is_known():
    for manifest in manifests():
        digest = manifest["training_data"]["digest"]
        known = entry_of_table(digest)
        assert known is not None, f"name the table {digest} under its data set in catalogue/datasets.toml"
        version = factories.model_version(training_data_digest=digest)
        found = evidence(version, factories.property_())
        assert found.conditions == CONDITIONS[known.slug]
        assert found.data == known.title


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("slug", "kept"),
    [
        ("htp-md", "gpt-htpmd"),
        ("htp-md-transport", "gnn-htpmd"),
        ("g4mp2", "fchl-g4mp2"),
        ("chemarr", "arrhenius-chemarr"),
    ],
)
def test_tables_of_the_catalogue_are_read_from_its_files(slug, kept):
    from mlcore import config
    from mlcore.data import tables

    path = next(Path(os.environ["DATA_DIR"]).rglob(entry(slug).file))
    assert tables.read(path, config.load(ZOO / "configs" / f"{kept}.json").data).digest in entry(slug).tables


def test_the_page_of_a_candidate_says_it(client_of):
    version = version_on([{"method": "md", "temperature_k": 353, "salt": "LiTFSI"}])
    factories.alias(version=version)
    candidate = factories.candidate("*OCCC*")
    run = factories.scoring_run(model_version=version)
    factories.score(candidate, value=1e-4, in_domain=True, scoring_run=run, conditions={"temperature_k": 333.0})
    factories.measurement(structure=candidate.structure, value=2e-4, method="experiment", temperature_k=333)
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    for piece in (
        "R² 0.556, n = 1,558",
        "molecular dynamics, 353 K, LiTFSI",
        ">in domain<",
        "at 333 K",
        "2 × predicted",
        "measured without a stated salt by experiment, predicted with LiTFSI from molecular dynamics",
    ):
        assert piece in text, piece
    page = client_of("Viewer").get(reverse("admin:registry_structure_change", args=[candidate.structure_id]))
    assert "molecular dynamics, 353 K, LiTFSI" in page.content.decode()


def test_a_prediction_for_one_concentration_is_no_measure_of_another(client_of):
    version = version_on([{"method": "experiment", "temperature_k": 353, "salt": "LiTFSI"}])
    candidate = factories.candidate("*OCCC*")
    asked = {"temperature_k": 353.0, "concentration": 1.0}
    run = factories.scoring_run(model_version=version)
    factories.prediction(structure=candidate.structure, value=1e-4, scoring_run=run, conditions=asked)
    under = {"structure": candidate.structure, "method": "experiment", "temperature_k": 353, "salt": "LiTFSI"}
    factories.measurement(value=2e-4, concentration=1.2, **under)
    factories.measurement(value=3e-4, concentration=4.0, **under)
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert "2 × predicted" in text
    assert "3 × predicted" not in text
    assert "measured at 4 mol/kg, predicted at 1 mol/kg" in text


def test_a_value_is_compared_with_the_nearest_of_all_predictions_and_its_model_is_named(client_of):
    """The model of lists predicts for one temperature, another one for others."""
    lists = version_on([{"temperature_k": 353, "salt": "LiTFSI"}])
    factories.alias(version=lists)
    over = factories.model_version(config={"data": {"conditions": [{"name": "temperature", "unit": "K"}]}})
    candidate = factories.candidate("*OCCC*")
    first = factories.scoring_run(model_version=lists)
    factories.prediction(structure=candidate.structure, value=1e-4, scoring_run=first)
    other = factories.scoring_run(model_version=over)
    for kelvin, value in ((298.0, 1e-6), (353.0, 2e-4)):
        under = {"temperature_k": kelvin, "salt": "LiTFSI"}
        factories.prediction(structure=candidate.structure, value=value, scoring_run=other, conditions=under)
    page = reverse("admin:registry_candidate_change", args=[candidate.pk])
    for kelvin, value in ((298.15, 4e-6), (353.5, 3e-4), (250, 5e-7)):
        under = {"temperature_k": kelvin, "salt": "LiTFSI", "structure": candidate.structure}
        factories.measurement(value=value, **under)
    text = client_of("Viewer").get(page).content.decode()
    assert f">4 × predicted by {over}<" in text
    assert ">3 × predicted<" in text  # of the model of lists, which is as near
    assert "not compared with the prediction: measured at 250 K, predicted for 298 K" in text
    assert text.count("not compared") == 1


def test_energies_are_compared_with_those_of_their_level(client_of):
    """They have no temperature; two levels differ by more than any model errs."""
    energy = factories.property_("energy", unit="Ha", scale="linear", lower=None, better="neither")
    learned = {"data": {"properties": [{"name": "energy", "column": "e", "level": "G4MP2"}]}}
    version = factories.model_version(properties=[energy], config=learned)
    ethanol = factories.structure("CCO", "molecule")
    candidate = Candidate.objects.create(structure=ethanol)
    run = factories.scoring_run(model_version=version)
    factories.prediction(structure=ethanol, property=energy, scoring_run=run, value=-154.7, standard_deviation=0.001)
    for value, method, level in ((-154.8123456, "other", "G4MP2"), (-154.9, "dft", "B3LYP")):
        factories.measurement(structure=ethanol, property=energy, value=value, method=method, method_detail=level)
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert "-154.812346" in text
    assert text.count("from predicted") == 1
    assert "−0.11 from predicted" in text
    assert "not compared with the prediction: measured at B3LYP, predicted at G4MP2" in text


def test_a_predicted_energy_says_its_level(client_of):
    """Two models of one molecule may differ by the whole distance of their methods."""
    energy = factories.property_("energy", unit="Ha", scale="linear", lower=None, better="neither")
    learned = {"name": "energy", "level": "G4MP2", "baseline": "energy_baseline", "baseline_level": "B3LYP"}
    version = factories.model_version(properties=[energy], config={"data": {"properties": [learned]}})
    silent = factories.model_version(properties=[energy])
    ethane = factories.structure("CC", "molecule")
    candidate = Candidate.objects.create(structure=ethane)
    rows = [
        factories.prediction(structure=ethane, property=energy, scoring_run=factories.scoring_run(model_version=one))
        for one in (version, silent)
    ]
    pages = [("candidate", candidate.pk, 1), ("structure", ethane.pk, 1)]
    pages += [("prediction", row.pk, told) for row, told in zip(rows, (1, 0), strict=True)]
    for noun, pk, told in pages:
        text = client_of("Viewer").get(reverse(f"admin:registry_{noun}_change", args=[pk])).content.decode()
        assert ("at G4MP2, from the B3LYP value" in text) == bool(told), noun


def test_of_many_measured_values_those_under_like_conditions_are_shown(client_of):
    """The rest is a link away, on the page of the structure too."""
    version = version_on([{"method": "experiment", "temperature_k": 353, "salt": "LiTFSI"}])
    candidate = factories.candidate("*OCCC*")
    factories.prediction(structure=candidate.structure, scoring_run=factories.scoring_run(model_version=version))
    for n in range(120):
        under = {"temperature_k": 300, "salt": "LiCl", "source_id": f"{n}"}
        factories.measurement(structure=candidate.structure, value=1e-6, **under)
    factories.measurement(structure=candidate.structure, value=2e-4, temperature_k=353, salt="LiTFSI")
    factories.measurement(structure=candidate.structure, value=3e-4, temperature_k=300, retired_at=timezone.now())
    client = client_of("Viewer")
    page = client.get(reverse("admin:registry_candidate_change", args=[candidate.pk]))
    (entry,) = page.context["values"]
    assert (len(entry["measured"]), len(entry["folded"]), entry["more"]) == (UNFOLDED, MEASURED - UNFOLDED, 101)
    assert "2.00×10⁻⁴" in entry["measured"][0]["value"]
    assert "<summary>16 more measurements</summary>" in page.content.decode()
    assert "and 101 more</a>" in page.content.decode()
    assert client.get(entry["all"]).context["cl"].result_count == 121
    known = client.get(reverse("admin:registry_structure_change", args=[candidate.structure_id]))
    (panel,) = (one for one in known.context["panels"] if one.title == "Reported")
    assert panel.note == "the first 100 of 122"
    assert client.get(panel.link).context["cl"].result_count == 122


def test_why_no_measured_value_is_compared_is_said_once_where_it_is_the_same(client_of):
    version = version_on([{"method": "experiment", "temperature_k": 353, "salt": "LiTFSI"}])
    candidate = factories.candidate("*OCCC*")
    factories.prediction(structure=candidate.structure, scoring_run=factories.scoring_run(model_version=version))
    client, why = client_of("Viewer"), "not compared with the prediction"
    page = reverse("admin:registry_candidate_change", args=[candidate.pk])
    for n in range(5):
        factories.measurement(structure=candidate.structure, temperature_k=300, salt="LiTFSI", source_id=f"{n}")
    text = client.get(page).content.decode()
    assert text.count(f"{why}: measured at 300 K, predicted for 353 K") == 1
    assert "more measurements" not in text, "one more than are in sight is not worth a fold"
    factories.measurement(structure=candidate.structure, temperature_k=320, salt="LiTFSI")
    text = client.get(page).content.decode()
    assert (text.count(why), text.count("<summary>2 more measurements")) == (6, 1)


def test_versions_cost_no_query_each(client_of, django_assert_max_num_queries):
    candidate, client = factories.candidate(), client_of("Viewer")
    for _ in range(8):
        run = factories.scoring_run(model_version=factories.model_version(metrics=METRICS))
        factories.prediction(structure=candidate.structure, scoring_run=run)
    assert ModelVersion.objects.count() == 8
    page = reverse("admin:registry_candidate_change", args=[candidate.pk])
    with django_assert_max_num_queries(40):
        client.get(page)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, ""),
        ({"temperature_k": 353.0, "salt": "LiTFSI", "concentration": 1.348227363}, "353 K, LiTFSI, 1.35 mol/kg"),
        ({"temperature_k": None, "salt": "", "water": {}}, ""),
        ({"strain_rate": 0.1 + 0.2, "cell": {"area": 2}}, "strain rate 0.3, area 2"),
    ],
)
def test_conditions_are_readable(values, text):
    assert stated(values) == text


def test_a_salt_without_a_name_is_shortened_but_on_its_own_page(client_of):
    borate = f"[Li+].{'FC(F)(F)c1cc(C(F)(F)F)cc1' * 5}[B-]"
    row = factories.measurement(temperature_k=300, salt=borate)
    assert conditions(row) == f"300 K, {borate[:31]}…"
    assert conditions(factories.measurement(salt="[Li+].F[P-](F)(F)(F)(F)F")) == "LiPF6"
    assert (
        borate in client_of("Viewer").get(reverse("admin:registry_measurement_change", args=[row.pk])).content.decode()
    )


def test_conditions_of_a_measurement():
    row = factories.measurement(temperature_k=298.15, salt="LiTFSI", conditions={"comment": "dry"})
    assert conditions(row) == "298.15 K, LiTFSI, comment dry"


@pytest.mark.parametrize(
    ("method", "detail", "text"),
    [("md", "PCFF+", "molecular dynamics (PCFF+)"), ("dft", "", "DFT"), ("other", "", ""), ("other", "x", "x")],
)
def test_methods(method, detail, text):
    assert method_text(method, detail) == text
