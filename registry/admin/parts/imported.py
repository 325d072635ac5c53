"""What an import brought, in a sentence."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from mlcore.chem import salts
from registry.admin.parts import display
from registry.admin.parts.evidence import method_text
from registry.models import ImportRun, Measurement
from registry.search.sentence import counted

# Codes of refused rows that say little by themselves; the others read well without their underlines.
_REASONS = {
    "field_count": "too many or too few cells",
    "quoting": "broken quotes",
    "not_json": "no JSON object",
    "duplicate_key": "a name twice in one object",
    "not_text": "no text",
    "polymer_name": "a name, no SMILES",
    "star_count": "other than two chain ends",
    "unparsable": "structure cannot be read",
    "salt": "more than one molecule",
    "nul_byte": "NUL byte",
    "unit_in_cell": "unit within the cell",
    "with_deviation": "± within the cell",
    "bound": "only a bound, such as <1e-9",
    "thousands": "thousands separators",
    "ambiguous": "ambiguous decimal sign",
    "zero": "zero, where a logarithm is taken",
    "looks_log10": "looks like a logarithm",
    "looks_linear": "looks like no logarithm",
    "looks_celsius": "looks like °C",
}


def reason_text(code: str) -> str:
    """`star_count` in words."""
    return _REASONS.get(code, code.replace("_", " "))


def lacking(run: ImportRun) -> str:
    """`1 row without temperature, 3 rows without salt.` And the salts that nobody knows. Empty where nothing lacks."""
    found = (run.metrics.get("without") or {}).items()
    parts = [f"{counted(count, 'row')} without {name}" for name, count in found]
    lines = [f"{', '.join(parts)}."] if parts else []
    for text, count in (run.metrics.get("unknown_salts") or {}).items():
        if why := salts.fault(text):  # it may have become known since
            lines.append(f"{counted(count, 'row')}: {why}.")
    return " ".join(lines)


def applied_twin(run: ImportRun) -> ImportRun | None:
    """The import that has brought in what a preview showed."""
    same = {"dataset": run.dataset_id, "file_digest": run.file_digest, "mapping_digest": run.mapping_digest}
    return ImportRun.objects.filter(**same, applied=True).first() if run.dry_run else None


def nothing_new(run: ImportRun) -> SafeString:
    """Of a file that has been imported before."""
    return format_html(
        "Nothing new: this file was imported on {} as {}.",
        f"{imported_at(run):%Y-%m-%d %H:%M} UTC",
        display.link(run, f"import {run.pk}"),
    )


def imported_at(run: ImportRun) -> object:
    return (run.job and run.job.finished_at) or run.created_at


def mapping_rows(mapping: Mapping[str, Any]) -> list[list[object]]:
    """A column mapping, a line for each column or value that it names."""
    rows: list[list[object]] = []
    values = mapping.get("values") or ()
    for entry in values:
        rows.append([entry.get("column"), _meaning(entry), _unit(entry)])
        deviation = entry.get("standard_deviation")
        if deviation:
            column = deviation.get("column") if isinstance(deviation, Mapping) else deviation
            rows.append([column, f"{_meaning(entry)}, deviation", ""])
    listed = {"values", "computed", "conditions", "encoding"}
    own = [{name for name in ("method", "method_detail") if entry.get(name)} for entry in values]
    overruled = set.intersection(*own) if own else set()  # no value is left that what is said of all would go with
    plain = {name: entry for name, entry in mapping.items() if name not in listed | overruled}
    for name, entry in (plain | dict(mapping.get("conditions") or {})).items():
        source = entry if isinstance(entry, Mapping) else {"column" if name == "structure" else "value": entry}
        what = source.get("column") or format_html("<i>{}</i>", source.get("value", ""))
        others = " of other values" if name in set().union(*own) else ""
        rows.append([what, f"{name.replace('_', ' ')}{others}", _unit(source)])
    rows += [[display.EMPTY, f"{name}, computed", ""] for name in mapping.get("computed") or ()]
    if mapping.get("encoding"):
        rows.append([mapping["encoding"], "encoding", ""])
    return sorted(rows, key=lambda row: row[1] != "structure")


def _meaning(entry: Mapping[str, Any]) -> str:
    """u0, DFT (B3LYP): a property, and the method where the column has its own."""
    method = method_text(entry.get("method") or Measurement.Method.OTHER, entry.get("method_detail") or "")
    return ", ".join(filter(None, [str(entry.get("property")), method]))


def _unit(source: Mapping[str, Any]) -> str:
    scale = "log10 of " if source.get("scale") == "log10" else ""
    return f"{scale}{source.get('unit', '')}"


def outcome(run: ImportRun) -> str:
    """What came of it, or would come of it."""
    if run.job and not run.job.finished:
        return "not known yet"
    if not run.rows_total:
        return "nothing was read"
    refused, known, new = run.rows_rejected, run.rows_duplicate, run.rows_imported
    if new:
        verb = "would be imported" if run.dry_run else "imported"
        return _sentence(f"{new:,} of {run.rows_total:,} rows {verb}", known, refused)
    if not refused:
        return f"Nothing new: {_rows(known)} reported before."
    advice = ". Change the mapping, or mend the file" if run.dry_run else ""
    return _sentence("Nothing to import", known, refused).removesuffix(".") + f"{advice}."


def _sentence(start: str, known: int, refused: int) -> str:
    more = [f"{known:,} reported before"] * bool(known) + [f"{refused:,} refused"] * bool(refused)
    return ", ".join([start, *more]) + "."


def _rows(count: int) -> str:
    return "the row was" if count == 1 else f"all {count:,} rows were"
