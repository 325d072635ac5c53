"""Readers and writers of files: CSV, JSONL, SDF and parquet, plain or gzipped; and what a file's columns mean."""

from registry.formats.first_look import FirstLook, first_look
from registry.formats.guess import guess_mapping
from registry.formats.mapping import ColumnMapping, MappingError, check_columns, mapping_digest, read_mapping
from registry.formats.opening import READ_FORMATS, open_table
from registry.formats.table import FormatError, Problem, Row, Table, shortened, storable

__all__ = [
    "READ_FORMATS",
    "ColumnMapping",
    "FirstLook",
    "FormatError",
    "MappingError",
    "Problem",
    "Row",
    "Table",
    "check_columns",
    "first_look",
    "guess_mapping",
    "mapping_digest",
    "open_table",
    "read_mapping",
    "shortened",
    "storable",
]
