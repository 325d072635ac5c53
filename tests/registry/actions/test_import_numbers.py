"""Files as spreadsheets write them: decimal commas, units beside numbers, thousands."""

import pytest

from registry.catalogue import ensure_properties
from registry.models import Measurement
from tests import factories
from tests.registry.actions.test_import_file import bring, counts

MAPPING = {
    "structure": {"column": "smiles"},
    "values": [
        {"column": "sigma", "property": "conductivity", "unit": "mS/cm", "standard_deviation": {"column": "sd"}}
    ],
    "temperature": {"column": "T", "unit": "degC"},
    "conditions": {"mw": {"column": "mw"}},
}


@pytest.fixture
def dataset(db):
    ensure_properties()
    return factories.dataset()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_of_a_german_spreadsheet(dataset, separator):
    content = "smiles;sigma;sd;T;mw\r\n*CCO*;0,12;0,01;25,5;1,234\r\n*CC(C)O*;1,2E-02;;60;4000\r\n"
    run = bring(dataset, content.replace(";", separator).encode("utf-8-sig"), MAPPING)
    assert counts(run) == (2, 2, 0, 0)
    first = Measurement.objects.get(structure__smiles="*OCC*")
    assert first.value == pytest.approx(1.2e-4)
    assert first.standard_deviation == pytest.approx(1e-5)
    assert first.temperature_k == pytest.approx(298.65)
    assert first.conditions == {"mw": 1.234}
    assert Measurement.objects.get(structure__smiles="*OCC(*)C").value == pytest.approx(1.2e-5)


def test_a_concentration_in_another_unit_costs_its_row(dataset):
    mapping = MAPPING | {"concentration": {"column": "c", "unit": "mol/kg"}}
    run = bring(dataset, "smiles,sigma,sd,T,mw,c\n*CCO*,0.12,,25,,1000\n*CC(C)O*,0.2,,60,,200\n", mapping)
    row = run.rejected_rows.get()
    assert (row.row_number, row.column, row.code) == (2, "c", "out_of_bounds")
    assert "1000 mol/kg is above 500 mol per kg of polymer: it looks like another unit" in row.reason


def test_an_ambiguous_number_costs_its_row_and_is_named(dataset):
    run = bring(dataset, "smiles;sigma;sd;T;mw\n*CCO*;0.12;;25;\n*CC(C)O*;1,234;;60;\n", MAPPING)
    row = run.rejected_rows.get()
    assert (row.row_number, row.column, row.code) == (3, "sigma", "ambiguous")
    assert "'1,234' is either 1.234 or 1234" in row.reason


def test_a_comma_between_columns_is_no_decimal_sign(dataset):
    run = bring(dataset, 'smiles,sigma,sd,T,mw\n*CCO*,"0,12",,25,\n', MAPPING)
    assert "point for the decimal comma" in run.rejected_rows.get().reason


def test_a_unit_in_the_cell_is_refused_with_the_cell(dataset):
    run = bring(dataset, "smiles,sigma,sd,T,mw\n*CCO*,1.2e-4 S/cm,,25 °C,\n", MAPPING)
    row = run.rejected_rows.get()
    assert (row.row_number, row.column, row.code) == (2, "T", "unit_in_cell")
    assert row.reason.startswith("'25 °C' has a unit beside the number")
    assert "sigma: '1.2e-4 S/cm' has a unit beside the number" in row.reason


def test_celsius_with_commas_still_condemns_a_kelvin_column(dataset):
    kelvin = MAPPING | {"temperature": {"column": "T", "unit": "K"}}
    run = bring(dataset, "smiles;sigma;sd;T;mw\n*CCO*;0,12;;25,5;\n*CC(C)O*;0,2;;60,5;\n", kelvin)
    assert run.metrics["rejected"] == {"looks_celsius": 2}
