"""What a candidate list is filtered by, in words, each with the address of the list without it."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.text import Truncator, capfirst

from registry.admin.lists.filters import FilterForm, number, scored_properties, selection_of
from registry.admin.parts import display
from registry.models import Candidate, Property

_WORDS = {"min": "from", "max": "up to", "std_max": "uncertainty up to"}
_DOMAIN = {"true": "in domain", "false": "out of domain"}
_YES_NO = {"true": "yes", "false": "no"}
_TOGETHER = {"similar_to": ("threshold",)}  # a least similarity means nothing without its structure


class Chip(NamedTuple):
    label: str
    value: str
    url: str


def chips(request: HttpRequest) -> list[Chip]:
    of_scores = {f"{p.name}_{part}": (p, part) for p in scored_properties(request) for part in (*_WORDS, "in_domain")}
    found = []
    for name, value in selection_of(request.GET).items():
        label, text = _of_score(*of_scores[name], value) if name in of_scores else _plain(name, value)
        found.append(Chip(label, Truncator(text).chars(60), _without(request, name)))
    return found


def _of_score(property_: Property, part: str, value: str) -> tuple[str, str]:
    if part == "in_domain":
        return property_.label, _DOMAIN.get(value, value)
    if part == "std_max" and property_.scale == Property.Scale.LOG10 and (decades := number(value)) is not None:
        return property_.label, f"{_WORDS[part]} {display.factor(decades)}"
    return property_.label, f"{_WORDS[part]} {value} {display.unit_text(property_.unit)}".rstrip()


def _plain(name: str, value: str) -> tuple[str, str]:
    field = FilterForm.base_fields.get(name)
    label = capfirst(str(field.label if field and field.label else name.replace("_", " ")))
    if name == "status":
        labels = dict(Candidate.Status.choices)
        return label, " or ".join(str(labels.get(one, one)).lower() for one in value.split(","))
    return label, _YES_NO.get(value, value)


def _without(request: HttpRequest, name: str) -> str:
    """The list's address without one condition, from its first page on."""
    gone = {"q" if name == "search" else name, "p", "e", *_TOGETHER.get(name, ())}
    return "?" + urlencode([(key, value) for key, value in request.GET.items() if key not in gone])
