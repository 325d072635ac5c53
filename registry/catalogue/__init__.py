"""Public data sets and the properties they bring."""

from registry.catalogue.entries import (
    CatalogueError,
    Entry,
    ensure_dataset,
    ensure_properties,
    entries,
    entry,
    entry_of_table,
)
from registry.catalogue.fetch import fetch

__all__ = [
    "CatalogueError",
    "Entry",
    "ensure_dataset",
    "ensure_properties",
    "entries",
    "entry",
    "entry_of_table",
    "fetch",
]
