"""The public data sets as they are: every row accounted for, in time."""

import os
import resource

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
    before = _cpu_seconds()
    return ImportFile(actor=None, import_run=run).run(), _cpu_seconds() - before


def _cpu_seconds() -> float:
    """Of this process and its ended children: what the work costs, however busy the machine is."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def test_htp_md_gives_6024_structures_within_ten_seconds():
    run, cpu_seconds = import_set("htp-md")
    assert (run.rows_total, run.rows_imported, run.rows_duplicate, run.rows_rejected) == (6024, 6024, 0, 0)
    assert Structure.objects.count() == 6024
    assert Measurement.objects.count() == 6024
    assert run.applied
    assert cpu_seconds / len(os.sched_getaffinity(0)) < 10  # the rest of the machine may be busy


def test_htp_md_transport_gives_six_values_a_row():
    run, _ = import_set("htp-md-transport")
    assert run.rows_imported + run.rows_duplicate == 6025
    assert run.rows_rejected == 0
    assert run.measurements_created == 6 * 6025
    negative = Measurement.objects.filter(property__name="transference_number", value__lt=0)
    assert negative.exists()
    assert set(Measurement.objects.values_list("temperature_k", "salt", "method")) == {(353.0, "LiTFSI", "md")}
