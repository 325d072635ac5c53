"""Frozen versions: numbered, counted, and with a digest that depends on nothing but what was reported."""

import pytest
from django.db import connection, transaction

from registry.actions.base import ActionError
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.record_measurement import RecordMeasurement
from registry.actions.retire_measurement import RetireMeasurement
from registry.models import DatasetVersion, Measurement
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset():
    return factories.dataset()


def record(dataset, smiles, value):
    return RecordMeasurement(
        actor=None, dataset=dataset, structure=factories.structure(smiles), property=factories.property_(), value=value
    ).run()


def freeze(dataset, **fields):
    return FreezeDataset(actor=None, dataset=dataset, **fields).run()


def test_versions_count_what_they_add_and_drop(dataset):
    first = record(dataset, "*CCO*", 1e-5)
    record(dataset, "*CCO*", 2e-5)
    one = freeze(dataset, note="start")
    assert (one.number, one.measurement_count, one.structure_count, one.added_count, one.retired_count) == (
        1,
        2,
        1,
        2,
        0,
    )
    RetireMeasurement(actor=None, measurement=first, reason="contact resistance").run()
    record(dataset, "*CC(C)O*", 3e-5)
    two = freeze(dataset)
    assert (two.number, two.measurement_count, two.structure_count, two.added_count, two.retired_count) == (
        2,
        2,
        2,
        1,
        1,
    )
    assert Measurement.objects.in_version(one).count() == 2
    assert Measurement.objects.in_version(two).count() == 2
    assert not Measurement.objects.in_version(two).filter(pk=first.pk).exists()
    assert one.sha256 != two.sha256


def test_the_digest_does_not_depend_on_the_order_of_insertion(dataset):
    values = [("*CCO*", 1e-5), ("*CC(C)O*", 2e-5), ("*CC*", 3e-5)]
    other = factories.dataset()
    for smiles, value in values:
        record(dataset, smiles, value)
    for smiles, value in reversed(values):
        record(other, smiles, value)
    assert freeze(dataset).sha256 == freeze(other).sha256


def test_nothing_to_freeze(dataset):
    with pytest.raises(ActionError, match="Nothing to freeze") as caught:
        freeze(dataset)
    assert caught.value.conflict
    record(dataset, "*CCO*", 1e-5)
    freeze(dataset)
    with pytest.raises(ActionError, match="since version 1"):
        freeze(dataset)


def test_a_value_that_came_and_went_between_versions_is_no_change(dataset):
    record(dataset, "*CCO*", 1e-5)
    freeze(dataset)
    brief = record(dataset, "*CC*", 2e-5)
    RetireMeasurement(actor=None, measurement=brief, reason="typing error").run()
    assert not Measurement.objects.filter(dataset=dataset).pending().exists()
    with pytest.raises(ActionError, match="Nothing to freeze"):
        freeze(dataset)


def test_a_version_cannot_be_changed(dataset):
    record(dataset, "*CCO*", 1e-5)
    version = freeze(dataset)
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        DatasetVersion.objects.filter(pk=version.pk).update(note="changed")


@pytest.mark.django_db(transaction=True)
def test_freezing_during_an_import_says_so(dataset):
    record(dataset, "*CCO*", 1e-5)
    holder = connection.copy()
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1 FROM registry_dataset WHERE id = %s FOR NO KEY UPDATE", [dataset.pk])
        with pytest.raises(ActionError, match="is running") as caught:
            freeze(dataset)
        assert caught.value.conflict
    finally:
        holder.rollback()
        holder.close()
