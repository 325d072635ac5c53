"""Import: every bad row gives its reason and is kept; sound ones arrive once, together or not at all."""

import gzip
import io
import json
import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from registry.actions.base import ActionError
from registry.actions.import_file import ImportFile, StartImport
from registry.actions.retire_measurement import RetireMeasurement
from registry.catalogue import ensure_properties
from registry.models import Dataset, Fingerprint, ImportRun, Job, Measurement, RejectedRow, Structure
from tests import factories

MAPPING = {
    "structure": {"column": "smiles"},
    "values": [{"column": "sigma", "property": "conductivity", "unit": "S/cm"}],
}


@pytest.fixture(autouse=True)
def properties(db):
    ensure_properties()


@pytest.fixture
def dataset():
    return factories.dataset(name="Measured", slug="measured")


def start(dataset, content, mapping=MAPPING, **options):
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    options = {"actor": None, "queue": None, "file_name": "a.csv"} | options
    return StartImport(dataset=dataset, stream=stream, mapping=mapping, **options).run()


def bring(dataset, content, mapping=MAPPING, **options):
    return ImportFile(actor=None, import_run=start(dataset, content, mapping, **options)).run()


def counts(run):
    return run.rows_total, run.rows_imported, run.rows_duplicate, run.rows_rejected


GOOD = "smiles,sigma\n*CCO*,1e-5\n*CC(C)O*,2e-5\n"


def test_sound_rows_become_structures_and_measurements(dataset):
    run = bring(dataset, GOOD)
    assert counts(run) == (2, 2, 0, 0)
    assert run.applied
    assert (run.structures_created, run.measurements_created) == (2, 2)
    found = Measurement.objects.get(structure__smiles="*OCC*")
    assert (found.value, found.source_row, found.import_run) == (1e-5, 2, run)
    assert Fingerprint.objects.count() == 2


def test_fingerprints_are_those_of_the_chemistry(dataset):
    bring(dataset, GOOD)
    made = Structure.objects.get(smiles="*OCC*").fingerprint
    morgan, popcount, pattern = str(made.morgan), made.morgan_popcount, made.pattern
    made.delete()
    expected = factories.fingerprint(Structure.objects.get(smiles="*OCC*"))
    expected.refresh_from_db()
    assert (morgan, popcount, pattern) == (str(expected.morgan), expected.morgan_popcount, expected.pattern)


BAD_CELLS = [
    ("*CCO*,nan", "not_finite", "sigma"),
    ("*CCO*,inf", "not_finite", "sigma"),
    ("*CCO*,-inf", "not_finite", "sigma"),
    ("*CCO*,1e999", "not_finite", "sigma"),
    ("*CCO*,-1e-5", "negative", "sigma"),
    ("*CCO*,0", "zero", "sigma"),
    ("*CCO*,40", "out_of_bounds", "sigma"),
    ("*CCO*,-4.3", "looks_log10", "sigma"),
    ("*CCO*,about 3", "not_a_number", "sigma"),
    ("*CCO*,n/a", "no_value", "sigma"),
    ("*CCO*,", "no_value", "sigma"),
    (",1e-5", "missing_structure", "smiles"),
    ("CCO,1e-5", "star_count", "smiles"),
    ("*CCO,1e-5", "star_count", "smiles"),
    ("*CC(*)O*,1e-5", "star_count", "smiles"),
    ("*CCO*.[Li+],1e-5", "salt", "smiles"),
    ("*C(C,1e-5", "unparsable", "smiles"),
    ("*C\0C*,1e-5", "nul_byte", "smiles"),
    ("*CCO*,1e-5,more", "field_count", ""),
    ("*CCO*", "field_count", ""),
    ('"*C"C*,1e-5', "quoting", ""),
    (f"*{'C' * 1_000_000}*,1e-5", "too_long", "smiles"),
]


@pytest.mark.parametrize(
    ("line", "code", "column"), BAD_CELLS, ids=[f"{code}-{number}" for number, (_, code, _) in enumerate(BAD_CELLS)]
)
def test_a_bad_row_is_kept_with_its_number_and_reason(dataset, line, code, column):
    run = bring(dataset, f"smiles,sigma\n*CC(C)O*,1e-4\n{line}\n*COCC*,1e-4\n")
    assert counts(run) == (3, 2, 0, 1)
    row = run.rejected_rows.get()
    assert (row.row_number, row.code, row.column) == (3, code, column)
    assert row.raw_text == line.replace("\0", "␀")
    assert len(row.reason) > 10
    assert run.metrics["rejected"] == {code: 1}
    assert "\0" not in row.reason


def test_all_problems_of_a_row_are_named(dataset):
    run = bring(dataset, "smiles,sigma,T\n,nan,20\n", MAPPING | {"temperature": {"column": "T", "unit": "K"}})
    reason = run.rejected_rows.get().reason
    assert "no structure" in reason
    assert "finite" in reason
    assert "°C" in reason


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ("", "file", "empty"),
        ("smiles,sigma\n", "file", "no rows"),
        ("smiles,sigma,sigma\n*CCO*,1,2\n", "file", "more than once"),
        ("smiles,sigmma\n*CCO*,1e-5\n", "mapping", "did you mean 'sigmma'"),
        ("a,b\n*CCO*,1e-5\n", "mapping", "there are: a, b"),
        (b"smiles,sigma\n*CCO*,1\xb5\n", "file", "0xb5"),
        (b"PK\x03\x04", "file", "Excel"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(dataset, content, field, words):
    with pytest.raises(ActionError) as caught:
        start(dataset, content)
    assert caught.value.field == field
    assert words in caught.value.message
    assert not ImportRun.objects.exists()


def test_an_error_halfway_leaves_nothing_behind(dataset):
    run = start(dataset, GOOD + '*CC*,"1e-5\n')
    with pytest.raises(ActionError, match="never closes"):
        ImportFile(actor=None, import_run=run).run()
    assert not Structure.objects.exists()
    assert not RejectedRow.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"structure": None}, "no structure column"),
        ({"values": [{"column": "sigma", "property": "conductivty"}]}, "did you mean 'conductivity'"),
        ({"values": [{"column": "sigma", "property": "conductivity", "unit": "K"}]}, "does not convert"),
        ({"values": [{"column": "sigma", "property": "conductivity", "unit": "zorkmid"}]}, "unknown"),
        ({"values": [{"column": "sigma", "property": "conductivity", "scale": "ln"}]}, "log10"),
        ({"values": [{"column": "sigma"}]}, "property"),
        ({"values": "sigma"}, "list"),
        ({"method": "guesswork"}, "guesswork"),
        ({"temprature": {"column": "T"}}, "did you mean 'temperature'"),
        ({"temperature": {"column": "T", "value": 3}}, "either"),
        ({"computed": ["melting_point"]}, "not computed here"),
        ({"encoding": "klingon"}, "encoding"),
        ({"salt": "Li\0"}, "NUL"),
    ],
)
def test_a_bad_mapping_is_refused(dataset, change, words):
    with pytest.raises(ActionError, match=words):
        start(dataset, GOOD, MAPPING | change)


def test_separators_marks_and_compression_make_no_difference(dataset):
    variants = [
        GOOD.replace(",", ";").encode(),
        ("\ufeff" + GOOD).encode(),
        gzip.compress(GOOD.encode()),
        GOOD.encode("utf-16"),
    ]
    for content in variants:
        run = bring(dataset, content)
        assert run.rows_rejected == 0
    assert Measurement.objects.count() == 2


def test_jsonl(dataset):
    run = bring(dataset, '{"smiles": "*CCO*", "sigma": 1e-5}\n{"smiles": "\\ud800", "sigma": 1e-5}\n{"smiles": 3}\n')
    assert counts(run) == (3, 1, 0, 2)
    assert [row.code for row in run.rejected_rows.all()] == ["not_text", "no_value"]


def test_units_and_log_scale_are_converted(dataset):
    content = "smiles,log s,err,T,c\n*CCO*,-2,0.1,60,1500\n"
    mapping = {
        "structure": {"column": "smiles"},
        "values": [
            {
                "column": "log s",
                "property": "conductivity",
                "unit": "mS/cm",
                "scale": "log10",
                "standard_deviation": "err",
            }
        ],
        "temperature": {"column": "T", "unit": "degC"},
        "concentration": {"column": "c", "unit": "mmol/kg"},
        "salt": "LiTFSI",
        "method": "experiment",
        "conditions": {"lab": {"value": "4"}},
    }
    bring(dataset, content, mapping)
    found = Measurement.objects.get()
    assert found.value == pytest.approx(1e-5)
    assert found.standard_deviation == pytest.approx(2.302585e-6)
    assert found.temperature_k == pytest.approx(333.15)
    assert found.concentration == pytest.approx(1.5)
    assert (found.salt, found.method, found.conditions) == ("LiTFSI", "experiment", {"lab": 4.0})


def test_salts_with_dots_are_fine_where_salts_belong(dataset):
    mapping = MAPPING | {"salt": {"column": "salt"}}
    bring(dataset, "smiles,sigma,salt\n*CCO*,1e-5,[Li+].F[P-](F)(F)(F)(F)F\n", mapping)
    assert Measurement.objects.get().salt == "[Li+].F[P-](F)(F)(F)(F)F"


def test_celsius_in_a_kelvin_column_condemns_the_column_when_it_is_the_rule(dataset):
    mapping = MAPPING | {"temperature": {"column": "T", "unit": "K"}}
    rows = [f"*CCO*,{number}e-6,{t}" for number, t in enumerate((25, 60, 80, 190), start=1)]
    run = bring(dataset, "\n".join(["smiles,sigma,T", *rows]), mapping)
    assert run.rows_rejected == 4
    assert run.metrics["rejected"] == {"looks_celsius": 4}


def test_a_single_celsius_value_costs_one_row(dataset):
    mapping = MAPPING | {"temperature": {"column": "T", "unit": "K"}}
    rows = [f"*CCO*,{number}e-6,{t}" for number, t in enumerate((298, 333, 80), start=1)]
    run = bring(dataset, "\n".join(["smiles,sigma,T", *rows]), mapping)
    assert counts(run) == (3, 2, 0, 1)


def test_log_values_condemn_the_column_that_was_declared_linear(dataset):
    rows = "*CCO*,-5\n*CC(C)O*,-4.2\n*COCC*,0.5\n"
    run = bring(dataset, f"smiles,sigma\n{rows}")
    assert run.metrics["rejected"] == {"looks_log10": 3}
    assert not run.applied


def test_plain_values_in_a_log_column(dataset):
    values = [MAPPING["values"][0] | {"scale": "log10"}]
    run = bring(dataset, GOOD, MAPPING | {"values": values})
    assert run.metrics["rejected"] == {"looks_linear": 2}


def test_duplicates_are_counted_in_the_file_and_against_the_dataset(dataset):
    first = bring(dataset, "smiles,sigma\n*CCO*,1e-5\n[Cu]CCO[Au],1e-5\n*OCC*,2e-5\n")
    assert counts(first) == (3, 2, 1, 0)
    assert first.metrics["duplicate_in_file"] == 1
    second = bring(dataset, "smiles,sigma\n*CO*,1e-5\n*COC*,1e-5\n")
    assert counts(second) == (2, 1, 1, 0)
    assert second.metrics["duplicate_in_dataset"] == 1
    assert Structure.objects.count() == 2  # *CCO*, [Cu]CCO[Au], *OCC* and *COC* are one chain


def test_duplicates_are_found_across_batches(dataset, monkeypatch):
    monkeypatch.setattr("registry.actions.import_file.BATCH", 2)
    run = bring(dataset, "smiles,sigma\n" + "*CCO*,1e-5\n" * 5)
    assert counts(run) == (5, 1, 4, 0)
    assert run.metrics["duplicate_in_file"] == 4
    assert run.metrics["duplicate_in_dataset"] == 0


def test_a_retired_value_may_come_again(dataset):
    bring(dataset, GOOD)
    RetireMeasurement(actor=None, measurement=Measurement.objects.first(), reason="wrong salt").run()
    run = bring(dataset, GOOD + "\n")
    assert counts(run) == (2, 1, 1, 0)


def test_a_missing_value_with_a_reason_is_kept(dataset):
    mapping = MAPPING | {"missing_reason": {"column": "why"}}
    run = bring(dataset, "smiles,sigma,why\n*CCO*,,decomposed\n*COC*,,\n", mapping)
    assert counts(run) == (2, 1, 0, 1)
    found = Measurement.objects.get()
    assert (found.value, found.missing_reason) == (None, "decomposed")


def test_one_missing_value_of_several_costs_only_itself(dataset):
    values = [*MAPPING["values"], {"column": "t", "property": "transference_number"}]
    run = bring(dataset, "smiles,sigma,t\n*CCO*,1e-5,\n", MAPPING | {"values": values})
    assert counts(run) == (1, 1, 0, 0)
    assert run.measurements_created == 1


def test_structures_alone_join_the_dataset_by_what_is_computed(dataset):
    run = bring(dataset, "smiles\n*CCO*\n*CC*\n", {"structure": "smiles", "computed": ["ether_oxygen_fraction"]})
    assert counts(run) == (2, 2, 0, 0)
    assert dict(Measurement.objects.values_list("structure__smiles", "value")) == {"*OCC*": 1 / 3, "*C*": 0.0}
    assert set(Measurement.objects.values_list("method", flat=True)) == {"computed"}


def test_molecules(dataset):
    run = bring(dataset, "smiles,sigma\nC1COC(=O)O1,1e-3\n*CCO*,1e-3\n", structure_kind="molecule")
    assert counts(run) == (2, 1, 0, 1)
    assert Structure.objects.get().kind == "molecule"


def test_a_name_is_refused_with_its_repeat_unit(dataset):
    run = bring(dataset, "smiles,sigma\nPEO,1e-5\nPS,1e-9\nPVDF-HFP,1e-4\n")
    rows = list(run.rejected_rows.all())
    assert {row.code for row in rows} == {"polymer_name"}
    assert rows[0].reason == "PEO is a name; its repeat unit is *CCO*."
    assert "several components" in rows[2].reason


def test_a_dry_run_reports_the_same_and_writes_nothing(dataset):
    content = GOOD + "*CCO*,nan\n*CCO*,1e-5\n"
    dry = bring(dataset, content, dry_run=True)
    assert not dry.applied
    assert not Structure.objects.exists()
    assert not Measurement.objects.exists()
    assert dry.rejected_rows.get().code == "not_finite"
    real = bring(dataset, content)
    for field in (
        "rows_total",
        "rows_imported",
        "rows_duplicate",
        "rows_rejected",
        "structures_created",
        "measurements_created",
    ):
        assert getattr(dry, field) == getattr(real, field)


def test_the_same_file_and_mapping_count_once(dataset):
    first = bring(dataset, GOOD)
    assert start(dataset, GOOD) == first
    assert start(dataset, GOOD, json.loads(json.dumps(dict(reversed(MAPPING.items()))))) == first
    assert start(dataset, GOOD, MAPPING | {"salt": "LiPF6"}) != first
    assert start(factories.dataset(), GOOD) != first


def test_an_applied_run_is_not_repeated(dataset):
    first = bring(dataset, GOOD)
    ImportFile(actor=None, import_run=first).run()
    assert Measurement.objects.count() == 2


def test_a_queued_twin_is_returned_and_a_late_one_refused(dataset):
    waiting = start(dataset, GOOD, queue="cpu")
    assert waiting.job.state == Job.State.QUEUED
    assert start(dataset, GOOD, queue="cpu") == waiting
    direct = start(dataset, GOOD, dry_run=True)
    assert direct != waiting
    Job.objects.filter(pk=waiting.job_id).update(state="running")
    twin = ImportRun.objects.create(
        dataset=dataset, file_name="a.csv", file_format="csv", config=MAPPING,
        file_digest=waiting.file_digest, mapping_digest=waiting.mapping_digest,
    )  # fmt: skip
    ImportFile(actor=None, import_run=waiting).run()
    with pytest.raises(ActionError) as caught:
        ImportFile(actor=None, import_run=twin).run()
    assert caught.value.conflict


def test_the_actor_needs_the_permission(dataset):
    with pytest.raises(PermissionDenied):
        start(dataset, GOOD, actor=factories.user("Viewer"))
    assert start(dataset, GOOD, actor=factories.user("Chemist")).file_format == "csv"


def test_a_file_that_is_too_large_is_refused_at_the_door(dataset, settings):
    settings.IMPORT_MAX_BYTES = 10
    with pytest.raises(ActionError, match="at most 10"):
        start(dataset, GOOD)


def test_progress_is_reported(dataset):
    heard = []
    run = start(dataset, GOOD)
    ImportFile(actor=None, import_run=run, report=lambda share, text: heard.append((share, text))).run()
    assert heard[0][0] == 0.0
    assert heard[-1][0] == 1.0
    assert any("2 of 2 rows" in text for _, text in heard)


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_do_not_duplicate():
    ensure_properties()
    dataset = factories.dataset()
    runs = [start(dataset, GOOD), start(dataset, GOOD + "\n")]
    errors = []

    def work(run):
        try:
            ImportFile(actor=None, import_run=run).run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reports it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    with transaction.atomic():  # hold both back until both wait for the dataset
        Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert Measurement.objects.filter(dataset=dataset).count() == 2
    assert sorted(ImportRun.objects.values_list("rows_imported", "rows_duplicate")) == [(0, 2), (2, 0)]


@pytest.mark.parametrize(
    ("method", "lacking"), [("dft", {}), ("experiment", {"temperature": 2}), ("md", {"temperature": 2})]
)
def test_only_what_was_measured_or_simulated_lacks_a_temperature(dataset, method, lacking):
    run = bring(dataset, GOOD, MAPPING | {"method": {"value": method}}, dry_run=True)
    assert run.metrics["without"] == lacking


def test_a_column_of_temperatures_lacks_those_that_are_empty_whatever_the_method(dataset):
    mapping = MAPPING | {"method": {"value": "dft"}, "temperature": {"column": "kelvin", "unit": "K"}}
    run = bring(dataset, "smiles,sigma,kelvin\n*CCO*,1e-5,\n*CC(C)O*,2e-5,300\n", mapping, dry_run=True)
    assert run.metrics["without"] == {"temperature": 1}
