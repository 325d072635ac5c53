"""Under which conditions a model's training data were measured, as one line of an exported file."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from registry.catalogue import entry_of_table
from registry.models import DatasetVersion, Measurement, ModelVersion, Property

_NAMED = 3  # salts, methods; the rest is counted


def trained_under(version: ModelVersion, item: Property) -> str:
    """`md; 298.15 to 353 K; LiTFSI`; empty where nobody wrote it down."""
    if version.dataset_version_id:
        return _of_version(version.dataset_version_id, item.pk)
    entry = entry_of_table(version.training_data_digest)
    if entry is None:
        return ""
    kelvin = entry.mapping.get("temperature", {})
    texts = [_fixed(entry.mapping.get("method")), _fixed(kelvin), _fixed(entry.mapping.get("salt"))]
    if texts[1]:
        texts[1] += f" {kelvin.get('unit', 'K')}"
    return "; ".join(filter(None, texts))


@lru_cache(maxsize=256)  # a frozen version never changes
def _of_version(version: int, item: int) -> str:
    rows = Measurement.objects.in_version(DatasetVersion.objects.get(pk=version)).filter(property=item)
    stated = list(rows.order_by().values_list("method", "temperature_k", "salt").distinct())
    methods, salts = {row[0] for row in stated}, {row[2] for row in stated}
    known = sorted(row[1] for row in stated if row[1] is not None)
    span = " to ".join(dict.fromkeys(f"{value:g}" for value in known[:1] + known[-1:]))
    where = " where stated" if len(known) < len(stated) else ""
    return "; ".join(filter(None, [_some(methods - {"other"}), span and f"{span} K{where}", _some(salts)]))


def _some(names: Iterable[str]) -> str:
    found = sorted(filter(None, names))
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _fixed(source: Any) -> str:
    """A value for all rows; nothing where a column says it row by row."""
    return str(source.get("value", "")) if isinstance(source, dict) else str(source or "")
