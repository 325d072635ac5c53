"""One measured value: converted, checked, recorded once, and retired with a reason."""

import pytest
from django.core.exceptions import PermissionDenied

from registry.actions.base import ActionError
from registry.actions.record_measurement import RecordMeasurement
from registry.actions.retire_measurement import RetireMeasurement
from registry.actions.structures import get_or_create_structure
from registry.models import Structure
from tests import factories

pytestmark = pytest.mark.django_db


def record(**fields):
    defaults = {"actor": None, "dataset": factories.dataset(), "structure": factories.structure("*CCO*")}
    return RecordMeasurement(**(defaults | {"property": factories.property_(upper=1.0), "value": 1e-5} | fields)).run()


def test_the_value_is_stored_in_the_unit_of_the_property():
    user = factories.user("Chemist")
    made = record(
        actor=user, value=0.2, unit="mS/cm", standard_deviation=0.02, temperature_k=333.15, salt="LiTFSI",
        concentration=1.5, conditions={"pressure": 1}, comment="second film", source_id="notebook 7, page 3",
    )  # fmt: skip
    assert made.value == pytest.approx(2e-4)
    assert made.standard_deviation == pytest.approx(2e-5)
    assert (made.temperature_k, made.salt, made.concentration) == (333.15, "LiTFSI", 1.5)
    assert made.conditions == {"pressure": 1, "comment": "second film"}
    assert made.recorded_by == user
    assert made.method == "experiment"


def test_a_missing_value_needs_its_reason():
    assert record(value=None, missing_reason="film cracked").missing_reason == "film cracked"
    with pytest.raises(ActionError) as caught:
        record(value=None)
    assert caught.value.field == "value"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"value": float("nan")}, "value", "finite"),
        ({"value": -1e-5}, "value", "negative"),
        ({"value": 0.0}, "value", "logarithm"),
        ({"value": 40.0}, "value", "outside"),
        ({"value": 1.0, "unit": "K"}, "unit", "does not convert"),
        ({"value": 1.0, "unit": "zorkmid"}, "unit", "unknown"),
        ({"standard_deviation": -1.0}, "standard_deviation", "negative"),
        ({"concentration": float("inf")}, "concentration", "finite"),
        ({"temperature_k": 60.0}, "temperature_k", "°C"),
        ({"method": "guess"}, "method", "none of"),
    ],
)
def test_bad_input_names_its_field(fields, field, words):
    with pytest.raises(ActionError, match=words) as caught:
        record(**fields)
    assert caught.value.field == field


def test_the_same_report_counts_once():
    dataset = factories.dataset()
    first = record(dataset=dataset)
    with pytest.raises(ActionError, match=f"Measurement {first.pk} reports the same") as caught:
        record(dataset=dataset)
    assert caught.value.conflict
    assert record(dataset=dataset, temperature_k=300.0) != first


def test_retiring_keeps_the_row_and_wants_a_reason():
    made = record()
    with pytest.raises(ActionError) as caught:
        RetireMeasurement(actor=None, measurement=made, reason=" ").run()
    assert caught.value.field == "reason"
    retired = RetireMeasurement(actor=None, measurement=made, reason="wrong cell").run()
    assert retired.retired_at
    with pytest.raises(ActionError, match="already"):
        RetireMeasurement(actor=None, measurement=made, reason="again").run()


def test_permissions():
    with pytest.raises(PermissionDenied):
        record(actor=factories.user("Viewer"))
    with pytest.raises(PermissionDenied):
        RetireMeasurement(actor=factories.user("Viewer"), measurement=record(), reason="no").run()


def test_a_structure_is_made_once():
    made = get_or_create_structure("[Cu]CCO[Au]")
    assert get_or_create_structure("*OCC*") == made
    assert Structure.objects.count() == 1
    assert made.fingerprint.morgan_popcount > 0
    with pytest.raises(ActionError) as caught:
        get_or_create_structure("CCO")
    assert caught.value.field == "structure"
