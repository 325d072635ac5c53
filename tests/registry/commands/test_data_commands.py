"""The commands of data: what a person types and reads."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command

from registry.models import Dataset, ImportRun, Measurement, Structure
from tests import factories

pytestmark = pytest.mark.django_db

GOOD = "smiles,conductivity (mS/cm),T\n*CCO*,0.01,60\n*CC(C)O*,nan,60\n"


@pytest.fixture
def file(tmp_path):
    def write(content, name="measured.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def run(capsys, *arguments):
    call_command(*map(str, arguments))
    return capsys.readouterr().out


def failure(*arguments):
    with pytest.raises(CommandError) as caught:
        call_command(*map(str, arguments))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_file_is_imported_by_its_header(file, capsys):
    said = run(capsys, "import_dataset", file(GOOD), "--dataset", "My films")
    assert "Mapping guessed" in said
    assert "2 rows" in said
    assert "1 imported, 0 reported before, 1 refused" in said
    assert "row 3, column conductivity (mS/cm): 'nan' is no finite number" in said
    found = Measurement.objects.get()
    assert found.value == pytest.approx(1e-5)
    assert found.temperature_k == pytest.approx(333.15)
    assert Dataset.objects.get().slug == "my-films"


def test_molecules_are_told_from_repeat_units(file, capsys):
    run(capsys, "import_dataset", file("smiles,conductivity\nC1COC(=O)O1,1e-3\n"), "--dataset", "solvents")
    assert ImportRun.objects.get().structure_kind == "molecule"


def test_a_second_time_nothing_is_new(file, capsys):
    run(capsys, "import_dataset", file(GOOD), "--dataset", "films")
    assert "Nothing new: this file was imported" in run(capsys, "import_dataset", file(GOOD), "--dataset", "films")
    assert Measurement.objects.count() == 1


def test_a_dry_run_writes_nothing(file, capsys):
    said = run(capsys, "import_dataset", file(GOOD), "--dataset", "films", "--dry-run")
    assert "1 would be imported" in said
    assert not Structure.objects.exists()
    assert ImportRun.objects.get().dry_run


def test_the_mapping_can_be_given_in_three_ways(file, capsys):
    path = file("p;s\n*CCO*;-5\n")
    short = ("--structure-column", "p", "--value", "s=conductivity:S/cm:log10")
    mapping = {"structure": {"column": "p"}, "values": [{"column": "s", "property": "conductivity", "scale": "log10"}]}
    run(capsys, "import_dataset", path, "--dataset", "a", *short)
    run(capsys, "import_dataset", path, "--dataset", "b", "--mapping", json.dumps(mapping))
    run(capsys, "import_dataset", path, "--dataset", "c", "--mapping", file(json.dumps(mapping), "mapping.json"))
    assert list(Measurement.objects.values_list("value", flat=True)) == [pytest.approx(1e-5)] * 3


def test_refused_rows_are_written_on_request(file, tmp_path, capsys):
    run(capsys, "import_dataset", file(GOOD), "--dataset", "films", "--rejects", tmp_path / "bad.csv")
    with (tmp_path / "bad.csv").open(newline="", encoding="utf-8-sig") as written:
        [row] = csv.DictReader(written)
    assert list(row.values())[:4] == ["*CC(C)O*", "nan", "60", "3"]
    assert "nan" in row["refused_reason"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The file is empty."),
        ("smiles,conductivity\n", "no rows"),
        ("smiles,smiles\n*CCO*,1\n", "more than once"),
        (b"smiles,conductivity\n*CCO*,\x81\n", "0x81"),
        ('smiles,conductivity\n*CCO*,"1e-5\n', "never closes"),
        ("a,b\n1,2\n", "no structure column"),
    ],
)
def test_bad_files_end_in_one_line_and_leave_no_run(file, content, words):
    error = failure("import_dataset", file(content), "--dataset", "films")
    assert words in str(error)
    assert error.returncode == 2
    assert not ImportRun.objects.exists()


def test_a_file_without_one_sound_row_is_a_failure(file):
    error = failure("import_dataset", file("smiles,conductivity\n*CCO*,-5e-5\n"), "--dataset", "films")
    assert error.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["htpmd"], "did you mean 'htp-md'"),
        (["no/such/file.csv"], "There is no file"),
        (["FILE"], "--dataset NAME"),
        (["FILE", "--dataset", "x", "--mapping", "{bad"], "--mapping"),
        (["FILE", "--dataset", "x", "--mapping", "[]"], "--mapping"),
        (["FILE", "--dataset", "x", "--value", "conductivity"], "COLUMN=PROPERTY"),
        (
            ["FILE", "--dataset", "x", "--structure-column", "smile", "--value", "T=conductivity"],
            "did you mean 'smiles'",
        ),
    ],
)
def test_bad_arguments_end_in_one_line(file, arguments, words):
    path = file(GOOD)
    error = failure("import_dataset", *(path if argument == "FILE" else argument for argument in arguments))
    assert words in str(error)
    assert error.returncode == 2


def test_datasets_lists_the_catalogue_and_the_registry(capsys, settings, tmp_path):
    settings.DATA_DIR, settings.DATA_CACHE = None, tmp_path
    factories.measurement(dataset=factories.dataset(slug="films"))
    said = run(capsys, "datasets")
    assert "htp-md " in said
    assert "to be downloaded, not verified" in next(line for line in said.splitlines() if "pi1m" in line)
    assert "no public address" in next(line for line in said.splitlines() if "enumerated polymers" in line)
    assert "1 measurements of 1 structures, never frozen" in said


def test_export_writes_a_file(tmp_path, capsys):
    factories.candidate(smiles="*CCO*")
    path = tmp_path / "out.csv"
    assert "1 candidates written" in run(capsys, "export", "candidates", path, "--where", "status=proposed")
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["smiles"] == "*OCC*"
    assert sorted(tmp_path.iterdir()) == [path]


def test_export_writes_the_predictions_of_a_run(tmp_path, capsys):
    made, path = factories.prediction(value=2e-4), tmp_path / "out.jsonl"
    factories.prediction()
    said = run(capsys, "export", "predictions", path, "--where", f"scoring_run={made.scoring_run_id}")
    assert "1 predictions written" in said
    assert json.loads(path.read_text())["predicted value"] == 2e-4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["out.csv", "--where", "colour=red"], "colour"),
        (["out.csv", "--where", "status"], "FILTER=VALUE"),
        (["out.xyz"], "xyz"),
        (["no/such/folder/out.csv"], "No such file"),
    ],
)
def test_bad_exports_end_in_one_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = failure("export", "candidates", *arguments)
    assert words in str(error)
    assert error.returncode == 2
    assert list(tmp_path.iterdir()) == []
