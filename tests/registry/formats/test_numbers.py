"""What is a number, and what a cell that is none is told."""

import pytest

from registry.formats.numbers import Decimals, Refused, lenient_number, parse_number


@pytest.mark.parametrize("text", ["", "  ", "n/a", "NA", "None", "null", "-", "—", "?"])
def test_missing(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-5", 1e-5), (" 2 ", 2.0), ("−3.5", -3.5), ("1E+3", 1000.0), ("1.2×10⁻⁴", 1.2e-4), ("1.2 x 10^-4", 1.2e-4),
     ("3*10-5", 3e-5), ("2·10^3", 2000.0)],
)  # fmt: skip
def test_numbers(text, number):
    assert parse_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("nan", "not_finite", "finite"),
        ("inf", "not_finite", "finite"),
        ("-Infinity", "not_finite", "finite"),
        ("1e999", "not_finite", "finite"),
        ("1\0", "nul_byte", "NUL"),
        ("1,5", "not_a_number", "point for the decimal comma"),
        ("1_000", "not_a_number", "no number"),
        ("٣", "not_a_number", "no number"),
        ("0x10", "not_a_number", "no number"),
        ("1.2×104", "not_a_number", "no number"),  # 10⁴ that lost its superscript, or 104: nobody knows
        ("1.2e-4 S/cm", "unit_in_cell", "leave 1.2e-4 in the cell and name 'S/cm'"),
        ("5 mS", "unit_in_cell", "leave 5 in the cell"),
        ("25°C", "unit_in_cell", "name '°C'"),
        ("45 %", "unit_in_cell", "name '%'"),
        ("1,234.5", "thousands", "thousands"),
        ("1.234,5", "thousands", "thousands"),
        ("1 234", "thousands", "thousands"),
        ("1'234.5", "thousands", "thousands"),
        ("1,234,567", "thousands", "thousands"),
        ("<1e-9", "bound", "leave the cell empty"),
        ("1e-5 ± 2e-6", "with_deviation", "column of its own"),
    ],
)
def test_texts_that_are_no_number(text, code, words):
    with pytest.raises(Refused, match=words.replace("(", "\\(")) as caught:
        parse_number(text)
    assert caught.value.problem.code == code


def decimals(*others):
    found = Decimals()
    for text in others:
        found.look(text)
    return found


@pytest.mark.parametrize(
    ("text", "others", "number"),
    [
        ("0,5", (), 0.5),
        ("1,2e-4", (), 1.2e-4),
        ("-12,75", (), -12.75),
        ("1,2·10⁻⁴", (), 1.2e-4),
        ("353.15", (), 353.15),
        ("1.234", (), 1.234),
        ("1,234", ("0,5", "3"), 1.234),
        ("0,5", ("353.15",), 0.5),
    ],
)
def test_a_decimal_comma_where_no_comma_separates(text, others, number):
    assert parse_number(decimals(*others, text).with_point(text)) == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "others"),
    [("1,234", ()), ("1,234", ("10,500", "7")), ("1,234", ("353.15",)), ("1,234", ("0,5", "353.15")),
     ("1.234", ("0,5",))],
)  # fmt: skip
def test_what_may_separate_thousands_is_refused(text, others):
    with pytest.raises(Refused, match=r"either 1\.234 or 1234") as caught:
        decimals(*others).with_point(text)
    assert caught.value.problem.code == "ambiguous"


def test_thousands_stay_refused_where_commas_are_decimal():
    with pytest.raises(Refused) as caught:
        parse_number(decimals("0,5").with_point("1.234,5"))
    assert caught.value.problem.code == "thousands"


def test_guesses_are_lenient():
    assert [lenient_number(text) for text in ("0,5", "1,234", "60", "warm")] == [0.5, 1.234, 60.0, None]
