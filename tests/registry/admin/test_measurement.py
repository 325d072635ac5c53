"""Measurements: recorded in the lab book's units, listed with their conditions and where they came from."""

import pytest
from django.urls import reverse

from registry.models import Measurement
from tests import factories

pytestmark = pytest.mark.django_db

RECORD = "admin:registry_measurement_record"


@pytest.fixture
def given():
    """What a person enters; the structure is written another way round than it is stored."""
    factories.structure("*OCC(C)*")
    fields = {"dataset": factories.dataset().pk, "property": factories.property_().pk, "method": "experiment"}
    return fields | {"structure": "*C(C)CO*", "value": "0.2", "unit": "mS/cm"}


@pytest.mark.parametrize(
    ("entered", "kelvin"),
    [
        ({"temperature_k": "80", "temperature_unit": "degC"}, 353.15),
        ({"temperature_k": "-20", "temperature_unit": "degC"}, 253.15),
        ({"temperature_k": "353", "temperature_unit": "K"}, 353),
        ({"temperature_k": "353"}, 353),
        ({"temperature_unit": "degC"}, None),
    ],
)
def test_values_and_temperatures_are_converted(client_of, given, entered, kelvin):
    response = client_of("Chemist").post(reverse(RECORD), given | entered)
    assert response.status_code == 302, response.context["form"].errors
    row = Measurement.objects.get()
    assert row.value == pytest.approx(2e-4)
    assert row.temperature_k == kelvin


@pytest.mark.parametrize(
    ("entered", "label", "said"),
    [
        ({"unit": "cm2/s"}, "Unit", "does not convert"),
        ({"unit": "furlong/wk"}, "Unit", ""),
        ({"value": ""}, "Value", "required"),
        ({"value": "900", "unit": "S/cm"}, "Value", ""),
        ({"temperature_k": "-300", "temperature_unit": "degC"}, "Temperature", "-300 °C is below absolute zero."),
        ({"structure": "*CCCCCCN*"}, "Structure", "no such structure"),
        ({"structure": "((("}, "Structure", ""),
        ({"structure": "9" * 40}, "Structure", "no such structure"),
        ({"property": ""}, "Property", "required"),
    ],
)
def test_errors_are_summed_up_by_field(client_of, given, entered, label, said):
    factories.property_(upper=1.0)
    type(factories.property_()).objects.update(upper=1.0)
    response = client_of("Chemist").post(reverse(RECORD), given | entered)
    text = response.content.decode()
    assert response.status_code == 422
    summary = text[text.index('role="alert"') :].split("</div>")[0]
    assert f"<u>{label}</u>" in summary
    assert said in summary
    assert not Measurement.objects.exists()


def test_a_known_structure_is_drawn_and_not_asked_for(client_of):
    structure = factories.structure("*OCC*")
    text = client_of("Chemist").get(reverse(RECORD), {"structure": structure.pk}).content.decode()
    assert f'type="hidden" name="structure" value="{structure.pk}"' in text
    assert "C<sub>2</sub>H<sub>4</sub>O" in text
    assert "SMILES in any spelling" not in text
    assert "SMILES in any spelling" in client_of("Chemist").get(reverse(RECORD)).content.decode()


def test_units_that_convert_are_offered(client_of):
    factories.property_()
    offered = client_of("Chemist").get(reverse(RECORD)).context["units"]
    (names,) = offered.values()
    assert names[0] == "S/cm"
    assert {"mS/cm", "S/m"} <= set(names)
    assert "cm2/s" not in names


@pytest.fixture
def predicted():
    """A champion, trained on molecular dynamics at 353 K with LiTFSI, predicts 1e-4 S/cm for the given structure."""
    frozen = factories.dataset_version()
    under = {"method": "md", "temperature_k": 353, "salt": "LiTFSI"}
    factories.measurement(dataset=frozen.dataset, added_in=frozen, **under)
    version = factories.alias(version=factories.model_version(dataset_version=frozen)).version
    run = factories.scoring_run(model_version=version)
    factories.score(factories.candidate("*OCC(C)*"), value=1e-4, scoring_run=run)
    return version


@pytest.mark.parametrize(
    ("entered", "ratio", "unlike"),
    [
        ({"temperature_k": "353", "salt": "litfsi", "method": "md"}, True, ""),
        ({"temperature_k": "80", "temperature_unit": "degC", "salt": "LiTFSI", "method": "md"}, True, ""),
        ({"temperature_k": "345", "salt": "LiTFSI", "method": "md"}, True, "measured at 345 K, predicted for 353 K"),
        (
            {"temperature_k": "353", "salt": "LiPF6"},
            False,
            "not compared with the prediction: measured with LiPF6, predicted with LiTFSI",
        ),
        ({"temperature_k": "353"}, True, "measured without a stated salt by experiment, predicted with LiTFSI"),
        ({"temperature_k": "333"}, False, "not compared with the prediction: measured at 333 K, predicted for 353 K"),
        ({}, False, "not compared with the prediction: the temperature of the measurement is not stated"),
    ],
)
def test_the_measured_value_is_set_against_the_predicted_one(client_of, given, predicted, entered, ratio, unlike):
    response = client_of("Chemist").post(reverse(RECORD), given | entered, follow=True)
    (message,) = map(str, response.context["messages"])
    assert str(predicted) in message
    page = response.content.decode()  # the message, and the table of the candidate's page
    assert page.count("2 × predicted") == (2 if ratio else 0)
    assert page.count(unlike) == 2 if unlike else "predicted for" not in page


def test_an_unknown_training_temperature_gives_no_ratio(client_of, given):
    run = factories.scoring_run(model_version=factories.alias().version)
    factories.score(factories.candidate("*OCC(C)*"), value=1e-4, scoring_run=run)
    response = client_of("Chemist").post(reverse(RECORD), given | {"temperature_k": "353"}, follow=True)
    assert "× predicted" not in response.content.decode()
    assert response.content.decode().count("the temperature that it holds for is not stored") == 2


def test_the_standard_deviation_goes_with_the_value(client_of, given):
    response = client_of("Chemist").post(reverse(RECORD), given | {"standard_deviation": "0.03"}, follow=True)
    pieces = '2.00×10⁻⁴ ± 3.0×10⁻⁵<span class="sv-unit"> S/cm</span>'
    listed = client_of("Viewer").get(reverse("admin:registry_measurement_changelist"))
    page = client_of("Viewer").get(reverse("admin:registry_measurement_change", args=[Measurement.objects.get().pk]))
    for shown in (response, listed, page):
        assert pieces in shown.content.decode()


def test_the_list_says_conditions_and_source(client_of):
    run = factories.import_run(file_name="cell_7.csv")
    factories.measurement(import_run=run, source_row=1234, source_id="s-9", temperature_k=353, salt="LiTFSI",
                          concentration=1.348227363, conditions={"water": {}})  # fmt: skip
    factories.measurement(recorded_by=factories.user(username="grace"))
    text = client_of("Viewer").get(reverse("admin:registry_measurement_changelist")).content.decode()
    for piece in ("353 K, LiTFSI, 1.35 mol/kg", "cell_7.csv", "row 1,234 · id s-9", "by grace"):
        assert piece in text, piece
    assert "{}" not in text
