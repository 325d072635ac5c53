"""Conditions on a structure, for lists of structures and of whatever has one."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django_filters import CharFilter, ChoiceFilter, Filter, FilterSet

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity
from registry.models import Structure
from registry.search import similarity
from registry.search.parameters import (
    IntegerFilter,
    NamesFilter,
    NumberFilter,
    RangesForm,
    StructureFilter,
    YesNoFilter,
)
from registry.search.substructure import Query, screen

Rows = QuerySet[Model]


class QueryField(forms.CharField):
    """SMARTS or SMILES; cleans to a Query."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return Query.read(text)
        except ChemError as error:
            raise ValidationError(error.message, code=error.code) from error


class QueryFilter(Filter):
    field_class = QueryField


class ConditionsForm(RangesForm):
    def clean(self) -> dict[str, Any]:
        """A threshold alone would be ignored, and the rows would look as if it had been applied."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("threshold") and not cleaned.get("similar_to") and "similar_to" not in self.errors:
            self.add_error("threshold", "The least similarity to what? Give similar_to as well, or leave it out.")
        return cleaned


class StructureConditions(FilterSet):
    """`path` leads from a row to its structure, such as "structure__"."""

    path: ClassVar[str] = ""

    class Meta:
        form = ConditionsForm

    kind = ChoiceFilter("kind", method="on_structure", choices=Structure.Kind)
    smiles = StructureFilter(method="is_structure", label="The same structure, however it is written.")
    formula = CharFilter("formula", method="on_structure", label="Hill formula, of a polymer's repeat unit.")
    elements = NamesFilter("elements__contains", method="on_structure", label="Element symbols; all must occur.")
    charge = IntegerFilter("charge", method="on_structure", min_value=-1000, max_value=1000)
    heavy_atoms_min = IntegerFilter("heavy_atoms__gte", method="on_structure")
    heavy_atoms_max = IntegerFilter("heavy_atoms__lte", method="on_structure")
    mass_min = NumberFilter("mass__gte", method="on_structure", label="g/mol, of a polymer's repeat unit.")
    mass_max = NumberFilter("mass__lte", method="on_structure", label="g/mol, of a polymer's repeat unit.")
    sa_score_max = NumberFilter("sa_score__lte", method="on_structure", label="1 (easy to make) to 10 (hard).")
    measured = YesNoFilter(method="is_measured", label="Whether somebody has measured it.")
    similar_to = StructureFilter(method="is_similar", label="SMILES; adds `similarity`, the Tanimoto coefficient.")
    threshold = NumberFilter(
        method="with_similar_to",
        min_value=0.1,
        max_value=1,
        label="Least similarity to `similar_to`, without which it is refused; 0.6 by default.",
    )
    substructure = QueryFilter(method="may_contain", label="SMARTS or SMILES that must occur in the structure.")

    def on_structure(self, rows: Rows, lookup: str, value: object) -> Rows:
        return rows.filter(**{f"{self.path}{lookup}": value})

    def is_structure(self, rows: Rows, _: str, value: Identity) -> Rows:
        same = {"kind": value.kind, "key_version": value.key_version, "key": value.key}
        return rows.filter(**{f"{self.path}{name}": part for name, part in same.items()})

    def is_measured(self, rows: Rows, _: str, value: bool) -> Rows:
        known = similarity.measured(self.path)
        return rows.filter(known if value else ~Q(known))

    def is_similar(self, rows: Rows, _: str, value: Identity) -> Rows:
        threshold = self.form.cleaned_data.get("threshold") or 0.6
        rows = rows.filter(**{f"{self.path}kind": value.kind})
        return similarity.at_least(rows, similarity.Bits.of_key(value.key), threshold, self.path)

    def with_similar_to(self, rows: Rows, _: str, __: float) -> Rows:
        return rows

    def may_contain(self, rows: Rows, _: str, value: Query) -> Rows:
        """The screen alone; whoever reads the rows verifies them with `query`."""
        return screen(rows, value, self.path)

    @property
    def query(self) -> Query | None:
        """The substructure that the rows have been screened for but not verified against."""
        return self.form.cleaned_data.get("substructure")
