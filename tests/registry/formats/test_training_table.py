"""Training tables: one row a structure, replicates averaged on the property's scale."""

import csv

import pytest

from registry.actions.freeze_dataset import FreezeDataset
from registry.formats.training_table import training_table
from tests import factories

pytestmark = pytest.mark.django_db


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def frozen():
    dataset = factories.dataset()
    sigma = factories.property_("conductivity")
    t_plus = factories.property_("transference_number", scale="linear", lower=-5, unit="")
    peo, ppo, pe = (factories.structure(smiles) for smiles in ("*CCO*", "*CC(C)O*", "*C*"))
    for structure, item, value, kelvin in (
        (peo, sigma, 1e-6, 353.0), (peo, sigma, 1e-4, 353.0), (peo, sigma, 1e-9, 298.0),
        (peo, t_plus, 0.1, None), (peo, t_plus, 0.3, None),
        (ppo, sigma, 7.57483378879945e-05, None), (pe, t_plus, 0.5, None),
    ):  # fmt: skip
        factories.measurement(dataset=dataset, structure=structure, property=item, value=value, temperature_k=kelvin)
    return FreezeDataset(actor=None, dataset=dataset).run(), sigma, t_plus


def test_replicates_are_averaged_on_the_scale_of_the_property(frozen, tmp_path):
    version, sigma, t_plus = frozen
    table = training_table(version, [sigma, t_plus], tmp_path / "t.csv")
    rows = {row["smiles"]: row for row in rows_of(tmp_path / "t.csv")}
    assert list(rows["*OCC*"]) == ["smiles", "key", "conductivity", "transference_number"]
    assert float(rows["*OCC*"]["conductivity"]) == pytest.approx(1e-5)
    assert float(rows["*OCC*"]["transference_number"]) == pytest.approx(0.2)
    assert (table.rows, table.averaged, table.mixed_conditions) == (3, 2, 0)
    assert (table.passed_over, table.elsewhere) == (1, 0)


def test_values_of_unlike_temperatures_are_not_averaged(tmp_path):
    dataset, sigma = factories.dataset(), factories.property_("conductivity")
    chains = {smiles: factories.structure(smiles) for smiles in ("*CCO*", "*CC(C)O*", "*CCN*")}
    for smiles, value, kelvin, salt in (
        ("*CCO*", 1e-6, 298.0, "LiTFSI"), ("*CCO*", 1e-4, 333.0, "LiTFSI"), ("*CCO*", 4e-4, 333.0, "LiPF6"),
        ("*CC(C)O*", 1e-5, 333.0, "LiTFSI"), ("*CC(C)O*", 3e-5, 345.0, "LiTFSI"), ("*CCN*", 2e-7, 298.0, "LiTFSI"),
    ):  # fmt: skip
        factories.measurement(dataset=dataset, structure=chains[smiles], property=sigma, value=value,
                              temperature_k=kelvin, salt=salt)  # fmt: skip
    table = training_table(FreezeDataset(actor=None, dataset=dataset).run(), [sigma], tmp_path / "t.csv")
    found = {row["smiles"]: float(row["conductivity"]) for row in rows_of(tmp_path / "t.csv")}
    assert found == pytest.approx({"*OCC*": 2e-4, "*OCC(*)C": 1e-5, "*NCC*": 2e-7})
    assert (table.averaged, table.mixed_conditions, table.passed_over, table.elsewhere) == (1, 1, 2, 1)


def test_means_over_instruments_are_counted(tmp_path):
    dataset, sigma, chain = factories.dataset(), factories.property_("conductivity"), factories.structure("*CCO*")
    for detail in ("Biologic SP-150", ""):
        factories.measurement(dataset=dataset, structure=chain, property=sigma, method_detail=detail)
    table = training_table(FreezeDataset(actor=None, dataset=dataset).run(), [sigma], tmp_path / "t.csv")
    assert (table.averaged, table.mixed_conditions) == (1, 1)


def test_single_values_keep_every_digit_and_gaps_stay_empty(frozen, tmp_path):
    version, sigma, t_plus = frozen
    training_table(version, [sigma, t_plus], tmp_path / "t.csv")
    row = next(row for row in rows_of(tmp_path / "t.csv") if row["conductivity"].startswith("7.57"))
    assert row["conductivity"] == "7.57483378879945e-05"
    assert row["transference_number"] == ""


def test_rows_without_any_of_the_properties_are_left_out(frozen, tmp_path):
    version, sigma, _ = frozen
    assert training_table(version, [sigma], tmp_path / "a.csv").rows == 2
    assert training_table(version, [], tmp_path / "b.csv").rows == 3
    assert next(list(row) for row in rows_of(tmp_path / "b.csv")) == ["smiles", "key"]


def test_a_version_gives_the_same_bytes_later(frozen, tmp_path):
    version, sigma, t_plus = frozen
    first = training_table(version, [sigma, t_plus], tmp_path / "a.csv")
    factories.measurement(dataset=version.dataset, property=sigma, value=1e-3)
    FreezeDataset(actor=None, dataset=version.dataset).run()
    assert training_table(version, [sigma, t_plus], tmp_path / "b.csv").sha256 == first.sha256
