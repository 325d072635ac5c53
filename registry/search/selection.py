"""Which candidates: the one definition of every filter, for lists, exports and scoring alike."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import CharFilter, Filter

from registry.models import Candidate, CandidateScore, Decision, Measurement, Property, Proposal
from registry.search import substructure
from registry.search.conditions import StructureConditions
from registry.search.identity import meant
from registry.search.parameters import (
    LARGEST_ID,
    ChoicesFilter,
    IdsFilter,
    IntegerFilter,
    NamesFilter,
    NumberFilter,
    SelectionError,
    TimeFilter,
    YesNoFilter,
    refuse_unknown,
)

Candidates = QuerySet[Candidate]

_OF_SCORE = re.compile(r"([a-z][a-z0-9_]*?)_(std_max|in_domain|min|max)")
_SCORE_LOOKUPS = {
    "min": "value__gte",
    "max": "value__lte",
    "std_max": "standard_deviation__lte",
    "in_domain": "in_domain",
}


class CandidateFilter(StructureConditions):
    """The declared filters, and `<property>_min`, `_max`, `_std_max` and `_in_domain` for every property."""

    path: ClassVar[str] = "structure__"
    families: ClassVar[Sequence[str]] = [f"<property>_{end}" for end in _SCORE_LOOKUPS]

    ids = IdsFilter("pk", lookup_expr="in", label="Candidate ids.")
    status = ChoicesFilter("status", lookup_expr="in", choices=Candidate.Status)
    tag = NamesFilter(method="has_tag", label="Has any of these tags.")
    without_tag = NamesFilter(method="has_no_tag", label="Has none of these tags.")
    run = IntegerFilter(method="came_from_run", label="Generation run that proposed it.")
    model_version = IntegerFilter(method="came_from_version", label="Model version that proposed it.")
    import_run = IntegerFilter(method="measured_by_import", label="Import that brought a value of it.")
    assignee = CharFilter("assignee__username", label="User name.")
    assigned = YesNoFilter("assignee", lookup_expr="isnull", exclude=True)
    reviewer = CharFilter(method="decided_by", label="User name of somebody who decided on it.")
    created_after = TimeFilter("created_at", lookup_expr="gte")
    created_before = TimeFilter("created_at", lookup_expr="lt")
    search = CharFilter(method="mentions", label="Its id, SMILES, a part of it or of a tag, or the formula.")

    def __init__(self, data: Mapping[str, Any] | None = None, queryset: Candidates | None = None, **rest: Any) -> None:
        super().__init__(data, Candidate.objects.all() if queryset is None else queryset, **rest)
        self.scored = _score_filters(set(self.data) - set(self.filters))
        self.filters.update({name: made for name, (_, _, made) in self.scored.items()})

    def family_names(self) -> Iterator[str]:
        """What the families stand for in this registry."""
        for name in Property.objects.values_list("name", flat=True):
            yield from (f"{name}_{end}" for end in _SCORE_LOOKUPS)

    def filter_queryset(self, queryset: Candidates) -> Candidates:
        """All conditions on one property's score go into one subquery, which one index range answers."""
        queryset = super().filter_queryset(queryset)
        conditions: dict[Property, dict[str, Any]] = {}
        for name, (property_, lookup, _) in self.scored.items():
            value = self.form.cleaned_data.get(name)
            if value not in (None, ""):
                conditions.setdefault(property_, {})[lookup] = value
        for property_, asked in conditions.items():
            scores = CandidateScore.objects.filter(candidate=OuterRef("pk"), property=property_, **asked)
            queryset = queryset.filter(Exists(scores))
        return queryset

    def has_tag(self, rows: Candidates, _: str, names: list[str]) -> Candidates:
        return rows.filter(_tagged(names))

    def has_no_tag(self, rows: Candidates, _: str, names: list[str]) -> Candidates:
        return rows.filter(~_tagged(names))

    def came_from_run(self, rows: Candidates, _: str, run: int) -> Candidates:
        return rows.filter(Exists(Proposal.objects.filter(candidate=OuterRef("pk"), run=run)))

    def came_from_version(self, rows: Candidates, _: str, version: int) -> Candidates:
        return rows.filter(Exists(Proposal.objects.filter(candidate=OuterRef("pk"), run__model_version=version)))

    def measured_by_import(self, rows: Candidates, _: str, run: int) -> Candidates:
        found = Measurement.objects.filter(structure=OuterRef("structure_id"), import_run=run, retired_at=None)
        return rows.filter(Exists(found))

    def decided_by(self, rows: Candidates, _: str, username: str) -> Candidates:
        decisions = Decision.objects.filter(candidate=OuterRef("pk"), reviewer__username=username)
        return rows.filter(Exists(decisions))

    def mentions(self, rows: Candidates, _: str, text: str) -> Candidates:
        tags = Candidate.tags.through.objects.filter(candidate_id=OuterRef("pk"), tag__name__icontains=text)
        if text.isdecimal():  # a number is no part of a SMILES that anybody means
            return rows.filter(Q(pk=min(int(text), LARGEST_ID)) | Exists(tags))
        of_structure = Q(structure__smiles__contains=text) | Q(structure__formula=text)
        if (found := meant(text)) is not None:
            of_structure |= Q(structure=found)
        return rows.filter(of_structure | Exists(tags))


def select_candidates(params: Mapping[str, Any], deadline: float | None = None) -> Candidates:
    """Candidates that meet every condition, newest first.

    params: as in the API's query string, or the same as JSON, where lists and numbers may stand for their text.
    deadline: seconds that verifying a substructure may take; None takes what it needs.

    Raises: SelectionError, also when the deadline passes: a selection is complete or it is none.
    """
    filters = check_selection(params)
    rows = filters.qs.order_by("-pk")
    if filters.query is None:
        return rows
    found = substructure.verify(rows, filters.query, "structure__smiles", deadline=deadline)
    if found.truncated:
        raise SelectionError("substructure", f"More than {deadline:g} s of matching; narrow it with other filters.")
    return rows.filter(pk__in=found.ids)


def check_selection(params: Mapping[str, Any]) -> CandidateFilter:
    """The filters of a selection, none of them applied yet. Raises: SelectionError."""
    filters = CandidateFilter(as_texts(params))
    refuse_unknown(params, filters.filters, filters.families, filters.family_names())
    for field, errors in filters.errors.items():
        raise SelectionError(field, " ".join(errors))
    return filters


def as_texts(params: Mapping[str, Any]) -> dict[str, str]:
    """A selection given as JSON, in the form of a query string. Raises: SelectionError."""
    return {name: _as_text(name, value) for name, value in params.items()}


def _as_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(_as_text(name, item) for item in value)
    if isinstance(value, str | int | float):
        return str(value)
    raise SelectionError(name, f"Expected text, a number, true, false or a list of them, not {type(value).__name__}.")


def _tagged(names: list[str]) -> Exists:
    return Exists(Candidate.tags.through.objects.filter(candidate_id=OuterRef("pk"), tag__name__in=names))


def _score_filters(names: Iterable[str]) -> dict[str, tuple[Property, str, Filter]]:
    """Filters on scores for those names that mean one: `conductivity_min` is (conductivity, value__gte, ...)."""
    asked = {name: found.groups() for name in names if (found := _OF_SCORE.fullmatch(name))}
    if not asked:
        return {}
    properties = Property.objects.in_bulk([name for name, _ in asked.values()], field_name="name")
    return {
        name: (properties[of], _SCORE_LOOKUPS[what], _ScoreFilter() if what != "in_domain" else _DomainFilter())
        for name, (of, what) in asked.items()
        if of in properties
    }


class _ScoreFilter(NumberFilter):
    """Reads the number; CandidateFilter applies it together with the property's other conditions."""

    def filter(self, rows: Candidates, _: object) -> Candidates:
        return rows


class _DomainFilter(YesNoFilter):
    def filter(self, rows: Candidates, _: object) -> Candidates:
        return rows
