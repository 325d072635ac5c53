"""A file from its upload to its rows: every step says what it found and what to do."""

import csv
import gzip
import html
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from registry.actions.import_file import ImportFile
from registry.models import Dataset, ImportRun, Job, Measurement, Structure
from tests import factories

FILE = "mol_smiles,conductivity (mS/cm),T\n*OCC*,0.1,80\n*C(*)C*,0.1,80\n"


@pytest.fixture
def client(client_of):
    factories.property_()
    return client_of("Chemist")


def url(name, *args):
    return reverse(f"admin:registry_importrun_{name}", args=args)


def upload(client, content, name="new.csv", **data):
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = name
    return client.post(url("upload"), {"structure_kind": "polymer", "file": file} | data)


def filled(form):
    """What the form would send when a person changes nothing."""
    return {name: form[name].value() or "" for name in form.fields}


def previewed(client, content, **data):
    """The dry run, done."""
    data = data or {"dataset": factories.dataset().pk}
    page = client.get(upload(client, content, **data)["Location"])
    client.post(url("mapping"), filled(page.context["form"]) | {"upload": page.context["form"].initial["upload"]})
    run = ImportRun.objects.latest("pk")
    assert run.dry_run
    return worked(run)


def worked(run):
    run = ImportFile(actor=None, import_run=run).run()
    Job.objects.filter(pk=run.job_id).update(state="succeeded", finished_at=run.created_at)
    return ImportRun.objects.get(pk=run.pk)


def text_of(client, run):
    return client.get(url("change", run.pk)).content.decode()


def test_from_upload_to_confirmation(client):
    dataset = factories.dataset()
    page = client.get(upload(client, FILE, dataset=dataset.pk)["Location"])
    form = page.context["form"]
    assert [form[f"role.{place}"].value() for place in range(3)] == ["structure", "value:conductivity", "temperature"]
    assert [form[f"unit.{place}"].value() for place in range(3)] == ["", "mS/cm", "degC"]
    data = filled(form) | {"upload": form.initial["upload"], "method": "experiment"}
    response = client.post(url("mapping"), data)
    preview = ImportRun.objects.get()
    assert response["Location"] == url("change", preview.pk)
    assert preview.config["method"] == {"value": "experiment"}
    preview = worked(preview)
    assert not Measurement.objects.exists()
    text = text_of(client, preview)
    assert "1 of 2 rows would be imported, 1 refused." in text
    assert "Import this row" in text
    client.post(url("confirm", preview.pk))
    run = ImportRun.objects.get(dry_run=False)
    assert (run.config, run.file_digest) == (preview.config, preview.file_digest)
    worked(run)
    assert Measurement.objects.get().value == pytest.approx(1e-4)


def test_a_new_dataset_is_made_on_the_way(client):
    new = {"new_name": " PEO  films ", "new_licence": "CC-BY-4.0", "new_source": "https://doi.org/10.1/x"}
    run = previewed(client, FILE, **new)
    made = Dataset.objects.get()
    assert run.dataset == made
    assert (made.name, made.slug, made.licence) == ("PEO films", "peo-films", "CC-BY-4.0")
    assert made.source_url == "https://doi.org/10.1/x"


def test_the_upload_asks_for_one_dataset(client_of, client):
    dataset = factories.dataset(name="Films")
    for data, field, words in (
        ({}, "dataset", "or name a new one"),
        ({"dataset": dataset.pk, "new_name": "Other"}, "new_name", "not both"),
        ({"new_name": "films"}, "new_name", "already"),
        ({"new_name": "Other", "new_source": "nowhere"}, "new_source", "valid URL"),
    ):
        response = upload(client, FILE, **data)
        assert response.status_code == 422
        assert words in str(response.context["form"].errors[field])
    assert Dataset.objects.count() == 1


def test_a_forgotten_dataset_keeps_the_file(client):
    dataset = factories.dataset()
    page = upload(client, FILE)
    assert "new.csv is kept" in page.content.decode()
    data = {"kept": page.context["form"]["kept"].value(), "dataset": dataset.pk}
    again = client.post(url("upload"), data)
    assert "mol_smiles" in client.get(again["Location"]).content.decode()
    forged = client.post(url("upload"), data | {"kept": "forged:x"})
    assert "Choose a file." in str(forged.context["form"].errors["file"])
    assert "Choose a file." in str(client.post(url("upload"), {"dataset": dataset.pk}).context["form"].errors["file"])


def test_no_dataset_is_left_behind_by_a_refused_mapping(client):
    page = client.get(upload(client, FILE, new_name="Films")["Location"])
    form = page.context["form"]
    data = filled(form) | {"upload": form.initial["upload"], "unit.1": "zorkmid"}
    response = client.post(url("mapping"), data)
    assert "zorkmid" in response.content.decode()
    assert not Dataset.objects.exists()


def test_two_columns_cannot_mean_the_same(client):
    content = "smiles,sigma 25 (S/cm),sigma 60 (S/cm)\n*OCC*,1e-5,1e-4\n"
    page = client.get(upload(client, content, dataset=factories.dataset().pk)["Location"])
    form = page.context["form"]
    data = filled(form) | {
        "upload": form.initial["upload"],
        "role.1": "value:conductivity",
        "role.2": "value:conductivity",
    }
    response = client.post(url("mapping"), data)
    assert response.status_code == 422
    assert "both mean" in str(response.context["form"].errors["role.2"])


@pytest.mark.parametrize(
    ("deviation", "fault"),
    [("sd [log10 S/cm]", "in decades"), ("sd (mS/cm)", "convert it first"), ("sd (S cm-1)", ""), ("sd", "")],
)
def test_a_deviation_in_another_unit_than_its_values_is_refused(client, deviation, fault):
    content = f"smiles,conductivity (S/cm),{deviation}\n*OCC*,1e-5,1e-6\n"
    page = client.get(upload(client, content, dataset=factories.dataset().pk)["Location"])
    form = page.context["form"]
    data = filled(form) | {"upload": form.initial["upload"], "role.2": "deviation:conductivity"}
    response = client.post(url("mapping"), data)
    assert response.status_code == (422 if fault else 302)
    assert not fault or fault in str(response.context["form"].errors["role.2"])


GERMAN = "SMILES;Leitfähigkeit (mS/cm);Temperatur (°C);Mw\r\n*OCC*;0,12;25,5;4000\r\n"


def test_a_german_spreadsheet_in_its_own_encoding(client):
    page = client.get(upload(client, GERMAN.encode("cp1252"), dataset=factories.dataset().pk)["Location"])
    form = page.context["form"]
    assert form["structure_kind"].value() == "polymer"
    assert form["encoding"].value() == "cp1252"
    assert "Leitfähigkeit (mS/cm)" in page.content.decode()
    client.post(url("mapping"), filled(form) | {"upload": form.initial["upload"], "role.3": "condition"})
    preview = worked(ImportRun.objects.get())
    assert preview.config["encoding"] == "cp1252"
    client.post(url("confirm", preview.pk))
    worked(ImportRun.objects.get(dry_run=False))
    found = Measurement.objects.get()
    assert found.value == pytest.approx(1.2e-4)
    assert found.temperature_k == pytest.approx(298.65)
    assert found.conditions == {"mw": 4000.0}


def test_another_encoding_is_shown_at_once_and_a_wrong_one_refused(client):
    address = upload(client, GERMAN.encode("cp1252"), dataset=factories.dataset().pk)["Location"]
    assert "Leitf‰higkeit" in client.get(f"{address}&encoding=mac-roman").content.decode()
    refused = client.get(f"{address}&encoding=").content.decode()
    assert "which is &#x27;ä&#x27; in Windows-1252" in refused
    assert "Leitfähigkeit" in refused
    named = upload(client, GERMAN.encode("cp1252"), dataset=factories.dataset().pk, encoding="utf-8")
    assert "not UTF-8: line 1 holds the byte 0xe4" in str(named.context["form"].errors["encoding"])


def test_nothing_to_import_offers_the_mapping_instead(client):
    run = previewed(client, "smiles,conductivity (S/cm)\nCCO,1e-5\n*CCO*,warm\n")
    text = text_of(client, run)
    assert "Nothing to import, 2 refused. Change the mapping, or mend the file." in text
    assert "Import these" not in text
    page = client.get(url("remap", run.pk), follow=True)
    form = page.context["form"]
    assert [form[f"role.{place}"].value() for place in range(2)] == ["structure", "value:conductivity"]
    assert form["method"].value() == "experiment"
    assert client.get(url("remap", run.pk))["Location"].startswith(url("mapping"))


def test_a_changed_mapping_starts_from_the_last_one(client):
    page = client.get(upload(client, FILE, dataset=factories.dataset().pk)["Location"])
    form = page.context["form"]
    data = filled(form) | {"upload": form.initial["upload"], "role.2": "", "temperature": "353", "salt": "LiTFSI"}
    client.post(url("mapping"), data)
    form = client.get(url("remap", ImportRun.objects.get().pk), follow=True).context["form"]
    assert (form["role.2"].value(), form["temperature"].value(), form["salt"].value()) == ("", "353", "LiTFSI")
    assert form["unit.1"].value() == "mS/cm"


def test_names_of_polymers_are_no_structures(client):
    content = "Polymer,σ (mS/cm)\nPEO,0.1\n"
    page = client.get(upload(client, content, dataset=factories.dataset().pk)["Location"])
    form = page.context["form"]
    response = client.post(url("mapping"), filled(form) | {"upload": form.initial["upload"]})
    assert response.status_code == 422
    assert "such as *CCO* for PEO" in response.content.decode()


def test_molecules_are_told_from_repeat_units(client):
    content = "smiles,conductivity (mS/cm)\nC1COC(=O)O1,8.3\n"
    page = client.get(upload(client, content, dataset=factories.dataset().pk, structure_kind="")["Location"])
    form = page.context["form"]
    assert form["structure_kind"].value() == "molecule"
    client.post(url("mapping"), filled(form) | {"upload": form.initial["upload"]})
    assert ImportRun.objects.get().structure_kind == "molecule"
    assert worked(ImportRun.objects.get()).rows_imported == 1


def test_the_kind_is_told_by_the_column_that_a_person_names(client):
    """No name tells that it holds structures, and no cell that it could hold nothing else."""
    page = client.get(
        upload(client, "what,conductivity\nCCO,8\n", dataset=factories.dataset().pk, structure_kind="")["Location"]
    )
    form = page.context["form"]
    assert form["structure_kind"].value() == ""
    client.post(url("mapping"), filled(form) | {"upload": form.initial["upload"], "role.0": "structure"})
    assert ImportRun.objects.get().structure_kind == "molecule"


def test_the_page_shows_the_mapping_as_a_table(client):
    run = previewed(client, "smiles,log10(σ / S cm-1),LiTFSI / mol kg-1,Mw\n*CCO*,-5.2,1.0,4000\n")
    text = text_of(client, run)
    assert "What the columns mean" in text
    assert "log10 of S cm-1" in text
    assert "<i>LiTFSI</i>" in text
    assert "{&#x27;unit" not in text


def test_refused_rows_as_a_file(client, client_of):
    run = previewed(client, 'smiles,conductivity (S/cm)\nCCO,1e-5\n*CCO*,"1,2"\n')
    assert url("refused", run.pk) in text_of(client, run)
    content = b"".join(client.get(url("refused", run.pk)).streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [list(row.values())[:3] for row in rows] == [["CCO", "1e-5", "2"], ["*CCO*", "1,2", "3"]]
    assert list(rows[0]) == ["smiles", "conductivity (S/cm)", "refused_row", "refused_reason"]
    assert client_of("").get(url("refused", run.pk)).status_code == 403


CONDITIONS = (
    "smiles,conductivity (mS/cm),sd (mS/cm),T (°C),salt\n*CCO*,0.1,0.01,80,LiTFSI\n*CC*,0.2,,,LiTFSI\nC,1,1,1,\n"
)


def test_a_preview_warns_of_salts_that_nobody_knows(client):
    run = previewed(client, "smiles,conductivity (S/cm),T (K),salt\n*CCO*,1e-5,300,LiFoo\n*CC*,2e-5,300,LITFSI\n")
    assert run.metrics["unknown_salts"] == {"LiFoo": 1}
    said = html.unescape(text_of(client, run))
    assert "1 row: 'LiFoo' is no salt known by name here (LiTFSI, LiNTf2, LiFSI, LiBETI ...), and no SMILES." in said


def test_a_preview_shows_the_rows_as_they_will_be_stored(client):
    candidate = factories.candidate(smiles="*CCO*")
    run = previewed(client, CONDITIONS)
    assert run.metrics["without"] == {"temperature": 1, "standard deviation": 1}
    one = run.metrics["first_rows"][0]
    assert one["values"][0]["value"] == pytest.approx(1e-4)
    assert one["temperature_k"] == pytest.approx(353.15)
    text = text_of(client, run)
    assert "1 row without temperature, 1 row without standard deviation." in text
    for word in (
        "<svg",
        "*OCC*",
        "1.00×10⁻⁴",
        "± 1.0×10⁻⁵",
        "353.15 K, LiTFSI",
        f"candidate {candidate.pk}</a>",
        "2 of 2",
    ):
        assert word in text
    assert "as they will be stored" not in text_of(client, worked(confirmed(client, run)))


def confirmed(client, preview):
    client.post(url("confirm", preview.pk))
    return ImportRun.objects.get(dry_run=False)


def test_a_finished_import_leads_onward_and_folds_its_refusals(client):
    known = factories.candidate(smiles="*CCO*").structure
    earlier = timezone.now() - timedelta(hours=1)
    Structure.objects.filter(pk=known.pk).update(created_at=earlier - timedelta(hours=1))
    preview = previewed(client, CONDITIONS)
    text = text_of(client, preview)
    assert "Import these 2 rows" in text
    assert '<details class="sv-details" open>' in text
    run = confirmed(client, preview)
    Job.objects.filter(pk=run.job_id).update(started_at=earlier)
    run = worked(ImportRun.objects.get(pk=run.pk))
    Job.objects.filter(pk=run.job_id).update(finished_at=timezone.now())
    text = text_of(client, run)
    for address, words, rows in (
        (f"/admin/registry/measurement/?import_run__id__exact={run.pk}", "2 measurements", 2),
        (f"/admin/registry/structure/?new_in={run.pk}", "1 new structure", 1),
        (f"/admin/registry/candidate/?import_run={run.pk}", "1 measured candidate", 1),
    ):
        assert f'href="{address}">{words}</a>' in text
        assert client.get(address).context["cl"].result_count == rows
    assert '<details class="sv-details">' in text
    assert "other than two chain ends" in text
    text = text_of(client, preview)
    assert "Import these" not in text
    assert f'These rows were imported as <a class="sv-link" href="{url("change", run.pk)}">' in text


def test_the_same_file_again_is_nothing_new(client):
    dataset = factories.dataset()
    preview = previewed(client, FILE, dataset=dataset.pk)
    client.post(url("confirm", preview.pk))
    first = worked(ImportRun.objects.get(dry_run=False))
    page = client.get(upload(client, FILE, dataset=dataset.pk)["Location"])
    text = page.content.decode()
    assert f"This file was imported into {dataset}" in text
    assert url("change", first.pk) in text
    form = page.context["form"]
    response = client.post(url("mapping"), filled(form) | {"upload": form.initial["upload"]}, follow=True)
    said = response.content.decode()
    assert "Nothing new: this file was imported on" in said
    assert f'href="{url("change", first.pk)}">import {first.pk}</a>' in said
    assert ImportRun.objects.count() == 2
    again = client.post(url("confirm", preview.pk), follow=True)
    assert "Nothing new" in again.content.decode()
    other = previewed(client, FILE + "\n", dataset=dataset.pk)
    assert "1 reported before, 1 refused" in text_of(client, other)


def test_unreadable_upload_is_refused_at_once(client):
    dataset = factories.dataset().pk
    assert "save it as CSV" in upload(client, b"PK\x03\x04...", "book.xlsx", dataset=dataset).content.decode()
    damaged = upload(client, gzip.compress(FILE.encode())[:-6], dataset=dataset)
    assert "damaged" in damaged.content.decode()


@pytest.mark.parametrize("token", ["", "forged:token", "eyJkaWdlc3QiOiJhIn0:1:x"])
def test_forged_upload_opens_nothing(client, token):
    assert client.get(url("mapping"), {"upload": token}).status_code == 200
    assert client.post(url("mapping"), {"upload": token, "method": "other"}).status_code == 422
    assert not ImportRun.objects.exists()
