"""The candidate list's filter: the same parameters as the API's, with inputs for the common ones."""

import math
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from registry.admin.forms.base import dress
from registry.admin.forms.curation import curators
from registry.admin.parts import display
from registry.models import Candidate, CandidateScore, GenerationRun, Property, Tag
from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates

DEADLINE = 8  # seconds that a substructure may take before the person is told to narrow it
FACTOR = "factor_max"  # a deviation as people read it on a log10 scale; see lists.factors
PARTS = ("min", "max", "std_max", FACTOR, "in_domain")  # what is asked of a property's score
YES_NO = [("", "any"), ("true", "yes"), ("false", "no")]


def scored_properties(request: HttpRequest) -> list[Property]:
    """Properties that any candidate has a score of; those with a better direction first. Asked once a request."""
    if not hasattr(request, "scored_properties"):
        scores = CandidateScore.objects.filter(property=OuterRef("pk"))
        rows = list(Property.objects.filter(Exists(scores)).order_by("name"))
        request.scored_properties = sorted(rows, key=lambda row: row.better == Property.Better.NEITHER)
    return request.scored_properties


def number(text: object) -> float | None:
    try:
        found = float(str(text))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


class FilterForm(forms.Form):
    """Inputs for a person; every other parameter of the selection works in the address."""

    status = forms.ChoiceField(choices=[("", "any"), *Candidate.Status.choices], required=False)
    run = forms.ChoiceField(label="Generation run", required=False)
    tag = forms.ChoiceField(required=False)
    assignee = forms.ChoiceField(required=False)
    reviewer = forms.ChoiceField(label="Decided by", required=False)
    substructure = forms.CharField(label="Contains", required=False)
    similar_to = forms.CharField(label="Similar to", required=False)
    threshold = forms.FloatField(label="Least similarity", required=False, min_value=0.1, max_value=1)
    sa_score_max = forms.FloatField(label="SA score at most", required=False)
    measured = forms.ChoiceField(label="Measured", choices=YES_NO, required=False)

    def __init__(self, data: dict[str, Any], properties: list[Property]) -> None:
        super().__init__(dict(data))
        self.properties = properties
        people = [("", "anybody"), *((user.username, user.username) for user in curators())]
        self.fields["assignee"].choices = self.fields["reviewer"].choices = people
        self.fields["tag"].choices = [
            ("", "any"),
            *((name, name) for name in Tag.objects.values_list("name", flat=True)),
        ]
        runs = GenerationRun.objects.select_related("model_version__model").order_by("-pk")[:100]
        self.fields["run"].choices = [("", "any"), *((str(run.pk), str(run)) for run in runs)]
        self.fields["substructure"].widget.attrs["placeholder"] = "SMARTS or SMILES, such as C(F)(F)F"
        self.fields["similar_to"].widget.attrs["placeholder"] = "SMILES, such as *OCC*"
        self.fields["threshold"].widget.attrs["placeholder"] = "0.6"
        for property_ in properties:
            self._add_range(property_)
        for field in self.fields.values():
            dress(field)

    def _add_range(self, property_: Property) -> None:
        self._add_number(property_, "min", "from", property_.unit)
        self._add_number(property_, "max", "to", property_.unit)
        hint = "One standard deviation, {} the list shows it"
        if property_.scale == Property.Scale.LOG10:
            decades = number(self.data.get(f"{property_.name}_std_max", ""))
            if decades is not None:
                self.data[f"{property_.name}_{FACTOR}"] = f"{10 ** min(decades, 300):.2g}"
            title = hint.format("as a factor, as")
            self._add_number(property_, FACTOR, "×/÷ up to", "a factor, such as 1.4", title=title, min="1")
        else:
            self._add_number(property_, "std_max", "± up to", property_.unit, title=hint.format("as"))
        self.fields[f"{property_.name}_in_domain"] = forms.ChoiceField(
            required=False, choices=[("", "any domain"), ("true", "in domain"), ("false", "out of domain")]
        )
        self.fields[f"{property_.name}_in_domain"].widget.attrs["aria-label"] = f"{property_.label} domain"

    def _add_number(self, property_: Property, part: str, word: str, unit: str, **attrs: str) -> None:
        field = forms.FloatField(required=False, label=f"{property_.label} {word}")
        spoken = f"{field.label} ({unit})" if unit else field.label
        field.widget.attrs.update({"placeholder": word, "aria-label": spoken} | attrs)
        self.fields[f"{property_.name}_{part}"] = field

    def ranges(self) -> Iterator[tuple[Property, str, list[Any]]]:
        for property_ in self.properties:
            yield (
                property_,
                display.unit_text(property_.unit),
                [self[name] for part in PARTS if (name := f"{property_.name}_{part}") in self.fields],
            )

    def plain(self) -> list[Any]:
        return [self[name] for name in ("status", "run", "tag", "assignee", "reviewer")]

    def structural(self) -> list[Any]:
        return [self[name] for name in ("substructure", "similar_to", "threshold", "sa_score_max", "measured")]


class SelectionFilter(admin.ListFilter):
    """Takes every parameter of the address: a misspelt one is named, not ignored."""

    title = "candidate"
    template = "registry/candidate/filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.request, self.model_admin = request, model_admin
        self.given = {name: values[-1] for name in list(params) if (values := params.pop(name)) and values[-1] != ""}
        ranges = {f"{p.name}_{end}" for p in scored_properties(request) for end in PARTS}
        # What the form shows, and the page number, are not carried along when the form is sent.
        self.used_parameters = dict.fromkeys({*FilterForm.base_fields, *ranges, "p"})

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str]:
        return list(self.given)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> QuerySet[Candidate]:
        if not self.given:
            return queryset
        try:
            return self.model_admin.with_scores(request, select_candidates(self.given, deadline=DEADLINE))
        except SelectionError as error:
            messages.error(request, str(error))
            return queryset.none()

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        yield {"form": FilterForm(self.given, scored_properties(self.request))}


def selection_of(query: Any) -> dict[str, str]:
    """The filter in a list's query string: what an export or a scoring run is given."""
    own = {"o", "p", "e", "all"}  # order, page, error mark, show all
    found = {name: value for name, value in query.items() if name not in own and value}
    return {("search" if name == "q" else name): value for name, value in found.items()}


def chosen_of(request: HttpRequest, rows: QuerySet[Candidate]) -> dict[str, Any]:
    """What was ticked. All pages mean the filter itself, so that a run's record says what was meant."""
    if request.POST.get("select_across") == "1":
        return selection_of(request.GET)
    return {"ids": list(rows.values_list("pk", flat=True))}
