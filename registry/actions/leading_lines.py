"""Which line of models leads for a property: the one whose champion's predictions the candidate list shows.

A person chooses it (`Property.leading_model`). Without a choice, and where the chosen line has no champion that
predicts the property, lines that can be asked of any candidate as it is come before those that must be told conditions,
and among them the line whose champion has predicted it longest: neither a scoring with another line's champion nor a
later version of another line that learns the property changes what lists show.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, F, OuterRef, QuerySet, Subquery, Value, When

from registry.models import Alias, ModelVersion, Property, RegisteredModel

_Predicts = ModelVersion.properties.through  # one row for each version and property


@dataclass(frozen=True)
class Line:
    """A line of models whose champion predicts a property."""

    champion: ModelVersion
    since: datetime | None
    """When a champion of the line first predicted the property."""
    leads: bool


def leading_versions(properties: Collection[int]) -> dict[int, int]:
    """The id of the leading line's champion by property id; without the properties that no champion predicts."""
    rows = _predicted_by_champions(properties).values_list("property_id", "modelversion_id")
    return dict(reversed(rows))  # of the rows of one property, the first one stays


def lines_of(property_: Property) -> list[Line]:
    """All lines whose champion predicts the property, the leading one first."""
    rows = _predicted_by_champions([property_.pk]).select_related("modelversion__model")
    return [Line(row.modelversion, row.since, place == 0) for place, row in enumerate(rows)]


def led_by(champion: ModelVersion) -> list[Property]:
    """The properties that the champion's line leads for, by name."""
    leading = leading_versions(champion.properties.values_list("pk", flat=True))
    return list(Property.objects.filter(pk__in=[item for item, version in leading.items() if version == champion.pk]))


def _predicted_by_champions(properties: Collection[int]) -> QuerySet[Any]:
    """(property, version) for every champion of a predictor; of each property's rows the leading line's comes first.

    The alias's history tells since when: a row of it for every version that the alias pointed at.
    """
    history = Alias.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        model=OuterRef("modelversion__model"), name=Alias.CHAMPION, version__properties=OuterRef("property")
    ).order_by("pgh_id")
    chosen = When(property__leading_model=F("modelversion__model"), then=Value(True))
    told = When(modelversion__config__data__conditions__0__isnull=False, then=Value(True))
    return (
        _Predicts.objects.filter(
            property__in=properties,
            modelversion__aliases__name=Alias.CHAMPION,
            modelversion__model__task=RegisteredModel.Task.PREDICT,
        )
        .annotate(
            chosen=Case(chosen, default=Value(False), output_field=BooleanField()),
            told=Case(told, default=Value(False), output_field=BooleanField()),
            place=Subquery(history.values("pgh_id")[:1]),
            since=Subquery(history.values("pgh_created_at")[:1]),
        )
        .order_by(
            "property", F("chosen").desc(), F("told").asc(), F("place").asc(nulls_last=True), "modelversion__model_id"
        )
    )
