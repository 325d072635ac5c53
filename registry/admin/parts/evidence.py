"""What a predicted value rests on: the model's error on test rows, and how its training data were measured."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Count, Max, Min

from registry import units
from registry.admin.parts import display
from registry.admin.parts.conditions import salt_text
from registry.admin.parts.figures import Figure, headline
from registry.catalogue import Entry, entry_of_table
from registry.models import DatasetVersion, Measurement, ModelVersion, Property

NAMED = 3  # salts, methods; the rest is counted


class Evidence(NamedTuple):
    """error: on test rows. conditions: of the training data. data: where they are from."""

    error: str
    conditions: str
    data: str


class Trained(NamedTuple):
    """What the training data state, each once, the most frequent first; None or "" for rows that do not say."""

    kelvin: tuple[float | None, ...] = ()
    salts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    molal: float | None = None
    """Of the salt, where one concentration was asked for."""
    level: str = ""
    """Of theory, such as G4MP2, where values of one level were learned."""


def trained_under(version: ModelVersion, property_: Property) -> Trained:
    """The conditions that a prediction holds for; empty where nobody knows."""
    if version.dataset_version is not None:
        return _trained_of_version(version.dataset_version_id, version.dataset_version.sha256, property_.pk)
    known = entry_of_table(version.training_data_digest)
    return _trained_of_entry(known) if known else Trained()


def trained_span(version: ModelVersion, property_: Property) -> tuple[float, float] | None:
    """Lowest and highest temperature of the training data, K; None where nobody wrote it down."""
    known = entry_of_table(version.training_data_digest) if version.dataset_version is None else None
    kelvin = known.kelvin if known and known.kelvin else trained_under(version, property_).kelvin
    stated = [value for value in kelvin if value is not None]
    return (min(stated), max(stated)) if stated else None


def evidence(version: ModelVersion, property_: Property) -> Evidence:
    """Only what is stored: a part is empty when nobody wrote it down.

    A model trained here names its frozen version; one from elsewhere names its table by a digest, which the catalogue
    of public data sets may know.
    """
    error = test_error(version, property_)
    if version.dataset_version is not None:
        groups = _of_version(version.dataset_version_id, version.dataset_version.sha256).get(property_.pk, [])
        return Evidence(error, _summary(groups), display.link(version.dataset_version))
    known = entry_of_table(version.training_data_digest)
    return Evidence(error, _of_entry(known), known.title) if known else Evidence(error, "", "")


def trained_on(version: ModelVersion) -> str:
    """The frozen version, or the public data set that the catalogue knows the training table of."""
    if version.dataset_version is not None:
        return display.link(version.dataset_version)
    known = entry_of_table(version.training_data_digest)
    return known.title if known else "data outside this registry"


def measured_alike(version: ModelVersion) -> str:
    """How all rows of that public data set were measured; empty for data that state it row by row."""
    known = entry_of_table(version.training_data_digest) if version.dataset_version is None else None
    return _of_entry(known) if known else ""


def test_error(version: ModelVersion, property_: Property) -> str:
    """test MAE ×/÷ 1.3 (0.114 decades), R² 0.556, n = 558, of 40 structures."""
    found = {figure.key: figure for figure in headline(version).get(property_.label, ()) if figure.part == "test"}
    parts = [_mae(found["mae"], property_)] if "mae" in found else []
    parts += [f"R² {found['r2'].text()}"] if "r2" in found else []
    behind = next((said for figure in found.values() if (said := figure.behind())), "")
    return ", ".join(parts + ([behind] if parts and behind else []))


def _mae(figure: Figure, property_: Property) -> str:
    if property_.scale == Property.Scale.LOG10:
        factor = f"{10**figure.value:.2g}" if figure.value < 2 else "100 and more"
        return f"test MAE ×/÷ {factor} ({figure.text()} decades)"
    return f"test MAE {figure.text()} {display.unit_text(figure.unit)}".rstrip()


@lru_cache(maxsize=256)  # a frozen version never changes
def _of_version(pk: int, sha256: str) -> dict[int, list[dict[str, Any]]]:
    """What the measurements of a frozen version state, by property, the most frequent first."""
    version = DatasetVersion.objects.get(pk=pk)
    groups = (
        Measurement.objects.in_version(version)
        .values("property_id", "method", "method_detail", "temperature_k", "salt")
        .annotate(n=Count("pk"), least=Min("concentration"), most=Max("concentration"))
        .order_by("-n", "property_id", "method", "method_detail", "temperature_k", "salt")
    )
    by_property: dict[int, list[dict[str, Any]]] = {}
    for group in groups:
        by_property.setdefault(group["property_id"], []).append(group)
    return by_property


@lru_cache(maxsize=1024)  # asked for every measured value of a page
def _trained_of_version(pk: int, sha256: str, property_pk: int) -> Trained:
    groups = _of_version(pk, sha256).get(property_pk, [])
    return Trained(*(_each(groups, name) for name in ("temperature_k", "salt", "method")))


def _each(groups: list[dict[str, Any]], name: str) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(group[name] for group in groups))


def _summary(groups: list[dict[str, Any]]) -> str:
    methods = [method_text(group["method"], group["method_detail"]) for group in groups]
    kelvin = [group["temperature_k"] for group in groups]
    salts = [salt_text(group["salt"]) for group in groups]
    molal = [group[end] for group in groups for end in ("least", "most")]
    parts = [some(methods), span(kelvin, "K"), some(salts), span(molal, "mol/kg")]
    return ", ".join(part for part in parts if part)


def some(names: Iterable[str]) -> str:
    """The first few, and how many more."""
    distinct = [name for name in dict.fromkeys(names) if name]
    more = len(distinct) - NAMED
    return " / ".join(distinct[:NAMED]) + (f" and {more} more" if more > 0 else "")


def span(values: Iterable[float | None], unit: str) -> str:
    """353 K; 298–353 K; nothing where nobody says."""
    values = list(values)
    stated = [value for value in values if value is not None]
    if not stated:
        return ""
    ends = dict.fromkeys(display.number(end) for end in (min(stated), max(stated)))
    return f"{'–'.join(ends)} {unit}" + (" where stated" if len(stated) < len(values) else "")


def method_text(method: str, detail: str = "") -> str:
    """molecular dynamics (PCFF+). "Other" says nothing."""
    label = "" if method == Measurement.Method.OTHER else str(Measurement.Method(method).label)
    name = label if label.isupper() else label.lower()
    return f"{name} ({detail})" if name and detail else name or detail


def _of_entry(entry: Entry) -> str:
    """What the catalogue says of all rows of a public data set."""
    fixed = {name: _fixed(entry.mapping.get(name)) for name in ("method", "method_detail", "temperature", "salt")}
    unit = entry.mapping.get("temperature", {}).get("unit", "K") if fixed["temperature"] else ""
    values = entry.mapping.get("values", ())
    other = Measurement.Method.OTHER
    each = [method_text(value.get("method", other), value.get("method_detail", "")) for value in values]
    parts = [
        method_text(fixed["method"], fixed["method_detail"]) if fixed["method"] else some(each),
        f"{fixed['temperature']} {unit}".strip(),
        fixed["salt"],
    ]
    return ", ".join(part for part in parts if part)


def _trained_of_entry(entry: Entry) -> Trained:
    fixed = {name: _fixed(entry.mapping.get(name)) for name in ("temperature", "salt", "method")}
    unit = entry.mapping.get("temperature", {}).get("unit", "K") if fixed["temperature"] else "K"
    return Trained(
        (units.conversion(unit, "K")(float(fixed["temperature"])),) if fixed["temperature"] else (),
        (fixed["salt"],) if fixed["salt"] else (),
        (fixed["method"],) if fixed["method"] else (),
    )


def _fixed(source: Any) -> str:
    """A value for all rows; nothing where a column says it row by row."""
    return str(source.get("value", "")) if isinstance(source, Mapping) else str(source or "")
