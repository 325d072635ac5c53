"""How numbers, units, formulas and the domain are written."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import conditional_escape

from mlcore import catalog
from registry.admin.parts import display, domain
from registry.admin.parts.domain import OUTSIDE, judged
from registry.models import ModelVersion, Prediction
from tests import factories


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.1 + 0.2, 3, "0.3"),
        (1.348227363, 3, "1.35"),
        (999.6, 3, "1,000"),
        (123.0, 2, "123"),
        (12345.6, 3, "12,346"),
        (-0.0898, 3, "-0.0898"),
        (0.0, 3, "0"),
        (1.8e-8, 3, "1.80×10⁻⁸"),
        (2.5e7, 3, "2.50×10⁷"),
        (None, 3, "–"),
    ],
)
def test_numbers_have_no_noise(value, digits, text):
    assert display.number(value, digits) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [("cm2/s", "cm²/s"), ("cm^2/s", "cm²/s"), ("S/cm", "S/cm"), ("S cm-1", "S cm⁻¹"), ("1/s", "1/s"), ("", "")],
)
def test_exponents_of_units_stand_above_the_line(unit, text):
    assert display.unit_text(unit) == text


@pytest.mark.parametrize(
    ("formula", "html"),
    [
        ("C9H17NO4", "C<sub>9</sub>H<sub>17</sub>NO<sub>4</sub>"),
        ("C2H6N+", "C<sub>2</sub>H<sub>6</sub>N<sup>+</sup>"),
        ("O4S-2", "O<sub>4</sub>S<sup>-2</sup>"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_formulas_have_subscripts(formula, html):
    assert conditional_escape(display.formula(formula)) == f"<span>{html}</span>"


@pytest.mark.django_db
def test_a_quantity_carries_its_unit_as_printed():
    assert "cm²/s" in display.quantity(1e-8, factories.property_("li_diffusivity", unit="cm2/s"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scale", "value", "deviation", "text"),
    [
        ("log10", 1e-3, None, "0.00100"),
        ("linear", 1.4, None, "1.4"),
        ("linear", 1.4, 0.026, "1.400 ± 0.026"),
        ("linear", 1.4, 0.02, "1.400 ± 0.020"),
        ("linear", 353.0, 12.0, "353 ± 12"),
        ("linear", -262.12345678, None, "-262.123457"),
        ("linear", -262.1234567, 0.00052, "-262.12346 ± 5.2×10⁻⁴"),
        ("linear", -688204.7, 15.0, "-688,205 ± 15"),
        ("linear", 4.5e-8, None, "4.5×10⁻⁸"),
        ("linear", 0.1 + 0.2, None, "0.3"),
        ("log10", 1.23456e-4, None, "1.23×10⁻⁴"),
        ("log10", 2.5e-4, 3.1e-5, "2.50×10⁻⁴ ± 3.1×10⁻⁵"),
    ],
)
def test_a_value_has_the_digits_that_its_deviation_leaves_it(scale, value, deviation, text):
    item = factories.property_(scale=scale)
    assert f"<span>{text}<span" in display.measured(value, deviation, item)
    if scale == "linear" and deviation:
        shown = display.uncertain(value, deviation, item)
        assert [part in shown for part in text.split(" ± ")] == [True, True]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scale", "value", "deviation", "text"),
    [
        ("log10", 1.8e-4, 0.15, "90 % interval: 1.02×10⁻⁴ to 3.18×10⁻⁴ S/cm"),
        ("linear", -262.1234, 0.001, "90 % interval: -262.1250 to -262.1218 S/cm"),
        ("linear", 1.0, None, ""),
        ("log10", 1.8e-4, 400.0, ""),
    ],
)
def test_a_prediction_has_its_90_percent_interval(scale, value, deviation, text):
    item = factories.property_(scale=scale)
    assert display.interval(value, deviation, item) == text
    assert (f'title="{text}"' in display.uncertain(value, deviation, item)) is (deviation is not None)


@pytest.mark.django_db
def test_each_architecture_that_predicts_says_when_it_is_out_of_domain():
    """One element count has no such measure: it refuses what it does not know."""
    predicting = {entry.name for entry in catalog.ARCHITECTURES.values() if entry.task == "predict"}
    assert set(OUTSIDE) == predicting - {"dressed-atoms"}
    assert "a temperature, a concentration" in judged(factories.model_version(architecture="polymer-arrhenius"))
    assert judged(factories.model_version(architecture="of-old")) == ""


def test_a_turn_that_is_due_is_within_a_minute():
    assert ">within a minute<" in display.when(timezone.now() + timedelta(seconds=30))


def test_the_domain_has_one_wording_and_the_reason_stands_beside_it():
    version = ModelVersion(architecture="trees")
    inside, outside, unsaid = (Prediction(in_domain=flag, model_version=version) for flag in (True, False, None))
    assert ">in domain<" in domain.flag(inside)
    assert ">out of domain<" in domain.flag(outside)
    assert ">out of domain<" in domain.mark(outside)
    assert judged(version) in domain.flag(outside)
    assert [domain.flag(unsaid), domain.mark(unsaid), domain.mark(inside)] == ["", "", ""]
    outside.out_of_domain = "no training structure has <Br>"
    assert ">no training structure has &lt;Br&gt;<" in domain.told(outside)
    reasons = domain.Reasons()
    first, again, other = (domain.told(row, reasons) for row in (outside, outside, Prediction(
        in_domain=False, model_version=version, out_of_domain=outside.out_of_domain, structure_id=7)))  # fmt: skip
    assert ["Br&gt;<" in text for text in (first, again, other)] == [True, False, True]
    assert 'title="Out of domain: no training structure has &lt;Br&gt;."' in domain.mark(outside)


def test_counts_of_a_list_have_separators():
    from types import SimpleNamespace

    from django.template.loader import render_to_string

    noun = SimpleNamespace(verbose_name="measurement", verbose_name_plural="measurements")
    context = {"cl": SimpleNamespace(result_count=36150, opts=noun), "pagination_required": False}
    assert "36,150 measurements" in render_to_string("unfold/helpers/pagination_default.html", context)


@pytest.mark.django_db
def test_a_large_quantity_keeps_the_digits_in_which_two_methods_differ():
    energy = factories.property_("energy", unit="eV", scale="linear", lower=None)
    assert ">-9,204.768<" in display.quantity(-9204.76812, energy)
    assert ">81.2<" in display.quantity(81.234, energy)
    assert ">-262.123<" in display.uncertain(-262.1234, None, energy)
