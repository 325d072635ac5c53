"""The order of exported rows: as the lists are sorted, and candidates by any property's score."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from registry.models import CandidateScore, ExportRun, Property
from registry.search.parameters import SelectionError, did_you_mean

_OF_STRUCTURE = ("smiles", "formula", "mass", "heavy_atoms", "sa_score")
STD = "_std"  # behind a property's name: the standard deviation of its score
_COMMON = {"id": "pk", "created_at": "created_at"}
_PATHS: dict[str, dict[str, str]] = {
    ExportRun.Subject.CANDIDATES: _COMMON
    | {"updated_at": "updated_at", "status": "status", "similarity": "similarity"}
    | {name: f"structure__{name}" for name in _OF_STRUCTURE},
    ExportRun.Subject.MEASUREMENTS: _COMMON | {"value": "value", "temperature_k": "temperature_k"},
    ExportRun.Subject.STRUCTURES: _COMMON | {"similarity": "similarity"} | {name: name for name in _OF_STRUCTURE},
    ExportRun.Subject.PREDICTIONS: _COMMON
    | {"value": "value", "standard_deviation": "standard_deviation", "temperature_k": "conditions__temperature_k"},
}


class Key(NamedTuple):
    """One part of an order."""

    path: str
    descending: bool
    property: Property | None = None
    """Whose score is meant; `path` then leads through a join to that score alone."""


class ScoreField(NamedTuple):
    """What of a property's score is meant: `conductivity` its value, `conductivity_std` its standard deviation."""

    property: Property
    field: str


def scored_by(name: str) -> ScoreField | None:
    """Nothing where no property is so named."""
    of = name.removesuffix(STD)
    known = Property.objects.in_bulk({name, of}, field_name="name")
    if name in known:
        return ScoreField(known[name], "value")
    return ScoreField(known[of], "standard_deviation") if of in known else None


def score_sorts() -> list[str]:
    """The names that candidates can be sorted by beside their fields."""
    names = Property.objects.values_list("name", flat=True)
    return [*names, *(f"{name}{STD}" for name in names)]


def sort_keys(subject: str, sort: str, selection: Mapping[str, Any]) -> list[Key]:
    """`-conductivity,id` read.

    Raises: SelectionError, for the field `sort`.
    """
    return list(_keys(subject, sort, selection))


def sort_rows(rows: QuerySet[Any], subject: str, sort: str, selection: Mapping[str, Any]) -> QuerySet[Any]:
    """The rows in that order: those without a value last, of equal ones the newest first. Raises: SelectionError."""
    keys = sort_keys(subject, sort, selection)
    joins = {
        _join(key.property): FilteredRelation("scores", condition=Q(scores__property_id=key.property.pk))
        for key in keys
        if key.property
    }
    order = [F(key.path).desc(nulls_last=True) if key.descending else F(key.path).asc(nulls_last=True) for key in keys]
    return rows.alias(**joins).order_by(*order, "-pk")


def usual_sort(subject: str, selection: Mapping[str, Any]) -> str:
    """As the lists are sorted when nobody says how: most similar, or best, first."""
    if selection.get("similar_to") and "similarity" in _PATHS[subject]:
        return "-similarity"
    if subject != ExportRun.Subject.CANDIDATES:
        return "id"
    best = best_property()
    if best is None:
        return "-id"
    return best.name if best.better == Property.Better.LOWER else f"-{best.name}"


def best_property() -> Property | None:
    """What candidates are ranked by: the first scored property that has a better direction."""
    scores = CandidateScore.objects.filter(property=OuterRef("pk"))
    return Property.objects.exclude(better=Property.Better.NEITHER).filter(Exists(scores)).order_by("name").first()


def _keys(subject: str, sort: str, selection: Mapping[str, Any]) -> Iterator[Key]:
    for word in filter(None, (part.strip() for part in sort.split(","))):
        name, descending = word.removeprefix("-"), word.startswith("-")
        if name == "similarity" and name in _PATHS[subject] and not selection.get("similar_to"):
            raise SelectionError("sort", "similarity is there only with similar_to.")
        if path := _PATHS[subject].get(name):
            yield Key(path, descending)
        elif subject == ExportRun.Subject.CANDIDATES and (found := scored_by(name)):
            yield Key(f"{_join(found.property)}__{found.field}", descending, found.property)
        else:
            raise SelectionError("sort", _unknown(subject, name))


def _unknown(subject: str, name: str) -> str:
    scored = subject == ExportRun.Subject.CANDIDATES
    hint = did_you_mean(name, [*_PATHS[subject], *(score_sorts() if scored else ())])
    more = f", names of properties (with {STD}: their deviations)" if scored else ""
    return f"{name!r} is unknown; {hint}known: {', '.join(_PATHS[subject])}{more}, and each with - in front."


def _join(property_: Property) -> str:
    return f"score_{property_.pk}"
