"""The public data sets as they are: every row accounted for, in time."""

import time

import pytest

from registry.actions.import_file import ImportFile, StartImport
from registry.catalogue import ensure_dataset, ensure_properties, entry, fetch
from registry.models import Measurement, Structure

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]


def import_set(slug: str, **options):
    ensure_properties()
    found = entry(slug)
    with fetch(found).open("rb") as stream:
        run = StartImport(
            actor=None,
            dataset=ensure_dataset(found),
            stream=stream,
            file_name=found.file,
            mapping=found.mapping,
            structure_kind=found.structure_kind,
            queue=None,
            **options,
        ).run()
    started = time.monotonic()
    return ImportFile(actor=None, import_run=run).run(), time.monotonic() - started


def test_htp_md_gives_6024_structures_within_ten_seconds():
    run, seconds = import_set("htp-md")
    assert (run.rows_total, run.rows_imported, run.rows_duplicate, run.rows_rejected) == (6024, 6024, 0, 0)
    assert Structure.objects.count() == 6024
    assert Measurement.objects.count() == 6024
    assert run.applied
    assert seconds < 10


def test_htp_md_transport_gives_six_values_a_row():
    run, _seconds = import_set("htp-md-transport")
    assert run.rows_imported + run.rows_duplicate == 6025
    assert run.rows_rejected == 0
    assert run.measurements_created == 6 * 6025
    negative = Measurement.objects.filter(property__name="transference_number", value__lt=0)
    assert negative.exists()
    assert set(Measurement.objects.values_list("temperature_k", "salt", "method")) == {(353.0, "LiTFSI", "md")}
