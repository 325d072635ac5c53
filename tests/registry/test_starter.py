"""The starter library: many polymers, the same every time, and ready to be imported."""

import time
from itertools import islice

import pytest

from mlcore.chem import polymer
from registry import starter
from registry.actions.import_file import ImportFile, StartImport
from registry.catalogue import ensure_properties
from registry.computed import ether_oxygen_fraction
from registry.models import Measurement


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    started = time.process_time()
    path = starter.write_library(tmp_path_factory.mktemp("starter") / "library.csv")
    assert time.process_time() - started < 20
    return path


def test_it_holds_hundreds_of_different_polymers(library):
    rows = library.read_text().splitlines()[1:]
    smiles = [row.split(",")[0] for row in rows]
    assert len(rows) >= 300
    assert len({polymer.key(text) for text in smiles}) == len(rows)
    assert {row.split(",")[1] for row in rows} >= {"polyester", "polyamide", "polyether", "polyurethane", "polyolefin"}


def test_it_is_the_same_every_time(library, tmp_path):
    assert starter.write_library(tmp_path / "again.csv").read_bytes() == library.read_bytes()


@pytest.mark.django_db
def test_it_is_imported_without_a_refusal(library, tmp_path):
    ensure_properties()
    head = tmp_path / "head.csv"
    with library.open() as file:
        head.write_text("".join(islice(file, 60)))
    with head.open("rb") as stream:
        run = StartImport(
            actor=None,
            dataset=starter.ensure_dataset(),
            stream=stream,
            file_name="s.csv",
            mapping=starter.MAPPING,
            queue=None,
        ).run()
    run = ImportFile(actor=None, import_run=run).run()
    assert (run.rows_imported, run.rows_rejected) == (59, 0)
    assert set(Measurement.objects.values_list("property__name", "method")) == {("ether_oxygen_fraction", "computed")}


@pytest.mark.parametrize(
    ("smiles", "fraction"),
    [("*CCO*", 1 / 3), ("*COC*", 1 / 3), ("*CC*", 0), ("*OCCOC(=O)CC(*)=O", 0), ("*CC(*)OC", 1 / 4), ("*COC(=O)O*", 0),
     ("*CC(O)*", 0), ("*CCOCCOC(=O)*", 1 / 8)],
)  # fmt: skip
def test_ether_oxygens_are_counted_whatever_the_cut(smiles, fraction):
    assert ether_oxygen_fraction(polymer.key(smiles)) == pytest.approx(fraction)
