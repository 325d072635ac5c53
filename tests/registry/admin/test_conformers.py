"""Geometries: taken in with their level where they are of the molecule, refused row by row where they are not."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from mlcore.chem import geometry
from registry.actions.base import ActionError
from registry.actions.conformers import GuessConformer
from registry.actions.import_file import ImportFile, StartImport
from registry.models import Conformer, ImportRun, Job, Measurement, Property, Structure
from tests import factories

pytestmark = pytest.mark.django_db

LEVEL = "B3LYP/6-31G(2df,p)"
MAPPING: dict[str, Any] = {
    "structure": {"column": "smiles"},
    "geometry": {"column": "xyz"},
    "geometry_level": {"value": LEVEL},
    "method": {"value": "dft"},
    "values": [
        {"column": "high", "property": "energy", "unit": "hartree", "method_detail": "G4MP2"},
        {"column": "low", "property": "energy", "unit": "hartree", "method_detail": "B3LYP"},
    ],
}


def table(rows: list[tuple[str, str, str, str]]) -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text).writerows([("smiles", "xyz", "low", "high"), *rows])
    return io.BytesIO(text.getvalue().encode())


def take_in(rows: list[tuple[str, str, str, str]], mapping: dict[str, Any] = MAPPING, **more: Any) -> ImportRun:
    factories.property_("energy", unit="eV", scale="linear", lower=None)
    start = StartImport(
        actor=None, dataset=factories.dataset(), stream=table(rows), file_name="g.csv", mapping=mapping,
        structure_kind="molecule", queue=None, **more,
    )  # fmt: skip
    return ImportFile(actor=None, import_run=start.run()).run()


def block(smiles: str) -> str:
    return geometry.guess(smiles).to_xyz()


def test_a_column_of_xyz_blocks_becomes_geometries_and_two_levels_of_one_quantity() -> None:
    rows = [("CCO", block("CCO"), "-154.9", "-154.8"), ("C", "", "-40.5", "-40.4"), ("OCC", block("CCO"), "-154.9", "")]
    run = take_in(rows)
    assert (run.rows_imported, run.rows_rejected) == (2, 0)  # the third says nothing new
    found = Conformer.objects.get()
    assert (found.structure.smiles, found.level, found.atoms, found.source_row) == ("CCO", LEVEL, 9, 2)
    assert geometry.read(found.xyz).numbers.tolist() == geometry.guess("CCO").numbers.tolist()
    assert run.metrics["geometries_created"] == 1
    ethanol = Measurement.objects.filter(structure=found.structure).order_by("method_detail")
    assert [(m.method, m.method_detail, round(m.value, 1)) for m in ethanol] == [
        ("dft", "B3LYP", -4215.0), ("dft", "G4MP2", -4212.3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("xyz", "code", "said"),
    [
        (block("CCC"), "composition", "the geometry is of C3H8, CCO is C2H6O"),
        (block("COC"), "connectivity", "are not joined as in CCO"),
        ("not a block", "geometry", "no xyz block"),
        ("2\n\nH 0 0 0\nH 0 0 0.1\n", "overlap", "overlapping atoms"),
    ],
)
def test_a_geometry_of_another_molecule_is_a_refused_row(xyz: str, code: str, said: str) -> None:
    run = take_in([("CCO", xyz, "-154.9", "-154.8"), ("C", block("C"), "-40.5", "-40.4")])
    (refused,) = run.rejected_rows.all()
    assert (refused.row_number, refused.code, refused.column) == (2, code, "xyz")
    assert said in refused.reason
    assert Conformer.objects.get().structure.smiles == "C"
    assert not Structure.objects.filter(smiles="CCO").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"geometry_level": None}, "come together"),
        ({"geometry": {"value": "1\n\nH 0 0 0"}}, "names a column"),
        ({"values": [{"column": "low", "property": "energy", "method": "guesswork"}]}, "'guesswork' is unknown"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_at_the_door(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ActionError, match=said):
        take_in([("C", block("C"), "-1", "-1")], {**MAPPING, **change})


def mapped(client: Any, content: bytes) -> Any:
    """The form of the second step for that file."""
    file = io.BytesIO(content)
    file.name = "mol.csv"
    upload = reverse("admin:registry_importrun_upload")
    return client.get(client.post(upload, {"file": file, "dataset": factories.dataset().pk})["Location"])


def test_the_form_takes_geometries_and_energies_of_two_methods(client_of: Any) -> None:
    """Structures are InChIs; only what is measured, by which method, and the level of the geometries has to be said."""
    factories.property_("energy", unit="eV", scale="linear", lower=None)
    text = io.StringIO()
    rows = [("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", block("CCO"), "-154.9", "-154.8", "0.1")]
    csv.writer(text).writerows([("inchi", "xyz", "low", "high", "high error"), *rows])
    client = client_of("Chemist")
    form = mapped(client, text.getvalue().encode()).context["form"]
    asked = {name: form[name].value() or "" for name in form.fields} | {"upload": form.initial["upload"]}
    assert (asked["role.0"], asked["role.1"], asked["structure_kind"]) == ("structure", "geometry", "molecule")
    energies = {f"role.{place}": "value:energy" for place in (2, 3)} | {f"unit.{place}": "hartree" for place in (2, 3)}
    asked |= energies | {"role.4": "deviation:energy"}
    address = reverse("admin:registry_importrun_mapping")
    errors = client.post(address, asked).context["form"].errors
    assert "say by which method each was found" in str(errors["role.3"])
    assert "At which level of theory" in str(errors["geometry_level"])
    asked |= {"geometry_level": LEVEL, "method.2": "dft", "detail.2": "B3LYP", "detail.3": "G4MP2"}
    assert client.post(address, asked).status_code == 302
    run = ImportRun.objects.get()
    assert run.config == {
        "structure": {"column": "inchi"},
        "geometry": {"column": "xyz"},
        "geometry_level": {"value": LEVEL},
        "method": {"value": "experiment"},
        "values": [
            {"column": "low", "property": "energy", "scale": "linear", "unit": "hartree", "method": "dft",
             "method_detail": "B3LYP"},
            {"column": "high", "property": "energy", "scale": "linear", "unit": "hartree", "method_detail": "G4MP2",
             "standard_deviation": "high error"},
        ],
    }  # fmt: skip
    assert ImportFile(actor=None, import_run=run).run().rows_imported == 1
    Job.objects.filter(pk=run.job_id).update(state="succeeded", finished_at=run.created_at)
    again = client.get(reverse("admin:registry_importrun_remap", args=[run.pk]), follow=True).context["form"]
    kept = ("role.3", "method.2", "detail.3", "role.4", "geometry_level")
    assert {name: again[name].value() for name in kept} == {name: asked[name] for name in kept}


def test_a_preview_tells_two_methods_of_one_property_apart(client_of: Any) -> None:
    mapping = {
        "structure": {"column": "smiles"},
        "method": {"value": "experiment"},
        "values": [
            {"column": "low", "property": "energy", "unit": "hartree", "method": "dft", "method_detail": "B3LYP"},
            {"column": "high", "property": "energy", "unit": "hartree", "method": "dft", "method_detail": "G4MP2"},
        ],
    }
    run = take_in([("C", "", "-40.5", "-40.4")], mapping, dry_run=True)
    Job.objects.filter(pk=run.job_id).update(state="succeeded", finished_at=run.created_at)
    text = client_of("Chemist").get(reverse("admin:registry_importrun_change", args=[run.pk])).content.decode()
    label, rows = Property.objects.get(name="energy").label, text.partition("as they will be stored")[2]
    for level in ("DFT (B3LYP)", "DFT (G4MP2)"):
        assert f"{label}, {level}" in rows
        assert f"energy, {level}" in text
    assert "<i>experiment</i>" not in text, "no value goes without a method of its own"
    run.config["values"][1] |= {"method": ""}
    run.save()
    text = client_of("Chemist").get(reverse("admin:registry_importrun_change", args=[run.pk])).content.decode()
    assert "<i>experiment</i>" in text
    assert "method of other values" in text


def test_polymers_have_no_geometries() -> None:
    factories.property_("energy", unit="eV", scale="linear", lower=None)
    start = StartImport(
        actor=None, dataset=factories.dataset(), stream=table([("*C*", "", "1", "1")]), file_name="g.csv",
        mapping=MAPPING, queue=None,
    )  # fmt: skip
    with pytest.raises(ActionError, match="polymers have none"):
        start.run()
    with pytest.raises(ActionError, match="no geometry of its own"):
        GuessConformer(actor=None, structure=factories.structure()).run()


def test_a_guess_is_made_once_and_shown_with_its_file(client_of: Any, tmp_path: Path) -> None:
    ethanol = factories.structure("CCO", "molecule")
    client = client_of("Chemist")
    for _ in range(2):
        response = client.post(reverse("admin:registry_conformer_guess", args=[ethanol.pk]), follow=True)
    found = Conformer.objects.get()
    assert found.level == "guessed"
    text = response.content.decode()
    assert "guessed here" in text
    address = reverse("admin:registry_conformer_xyz", args=[found.pk])
    assert address in text
    file = client.get(address)
    assert file["Content-Disposition"].endswith('.xyz"')
    assert geometry.read(file.content.decode()).symbols.count("C") == 2
    assert client_of("Viewer").post(reverse("admin:registry_conformer_guess", args=[ethanol.pk])).status_code == 403
    listed = client.get("/api/v1/conformers/", {"structure": ethanol.pk}).json()["results"]
    assert [row["level"] for row in listed] == ["guessed"]
    assert client.get(f"/api/v1/conformers/{found.pk}/xyz/").content == file.content
    refused = client.post(
        "/api/v1/conformers/", json.dumps({"structure": factories.structure().pk}), "application/json"
    )
    assert refused.status_code == 400
