"""What a generation run was asked for, held against what is predicted for its candidates."""

import math
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, OrderBy, Q, QuerySet
from django.db.models.functions import Abs, Greatest, Ln

from registry.actions.start_generation import CLASSES
from registry.actions.trained_range import TrainedRange, trained_range
from registry.admin.parts import display
from registry.admin.parts.panels import Panel, table
from registry.models import Candidate, CandidateScore, GenerationRun, Property


class Quantile(Aggregate):
    """Of a column, interpolated; NULL without rows."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), **extra)


@dataclass(frozen=True)
class Wish:
    """One property that the run was conditioned on."""

    property: Property
    asked: str | float
    trained: TrainedRange | None

    @property
    def text(self) -> str:
        """high (from 1.23×10⁻⁴ S/cm up), or a value with its unit."""
        unit = display.unit_text(self.property.unit)
        if self.asked not in CLASSES:
            return f"{display.number(float(self.asked))} {unit}".rstrip()
        edge = self.trained.threshold if self.trained else None
        if edge is None:
            return str(self.asked)
        limit = f"{display.number(edge)} {unit}".rstrip()
        return f"high ({limit} and more)" if self.asked == "high" else f"low (below {limit})"

    @property
    def brief(self) -> str:
        """The same without what the class means."""
        return str(self.asked) if self.asked in CLASSES else self.text

    def order(self, score: str) -> OrderBy:
        """The best first: from the end that was asked for, or closest to the value."""
        value = F(f"{score}__value")
        if self.asked in CLASSES:
            return OrderBy(value, descending=self.asked == "high", nulls_last=True)
        if self.property.scale == Property.Scale.LOG10:
            distance = Ln(Greatest(value, 1e-300)) - math.log(float(self.asked))
        else:
            distance = value - float(self.asked)
        return OrderBy(Abs(distance), nulls_last=True)

    def met(self) -> Q | None:
        """Predictions that fall into the class; None where no limit was asked for."""
        if self.asked not in CLASSES or self.trained is None or self.trained.threshold is None:
            return None
        above = Q(value__gte=self.trained.threshold)
        return above if self.asked == "high" else ~above


def wishes(run: GenerationRun, ranges: bool = True) -> list[Wish]:
    """In the order asked. Without `ranges`, no bundle is looked into."""
    known = {item.name: item for item in run.model_version.properties.all()}
    found = [(known[name], asked) for name, asked in run.condition.items() if name in known]
    return [Wish(item, asked, trained_range(run.model_version, item) if ranges else None) for item, asked in found]


def answers(asked: list[Wish], rows: QuerySet[Candidate]) -> Panel:
    """Asked for against predicted, one line a property."""
    headers = ["property", "asked for", "predicted median", "middle 80 %", "scored", "as asked"]
    return table("Asked for and predicted", headers, [_answer(wish, rows) for wish in asked],
                 note="predictions of the property's champion, for the new candidates")  # fmt: skip


def _answer(wish: Wish, rows: QuerySet[Candidate]) -> list[object]:
    met = wish.met()
    scores = CandidateScore.objects.filter(candidate__in=rows, property=wish.property)
    found = scores.aggregate(
        n=Count("pk"),
        low=Quantile("value", 0.1),
        median=Quantile("value", 0.5),
        high=Quantile("value", 0.9),
        met=Count("pk", filter=met if met is not None else Q(pk=None)),
    )
    if not found["n"]:
        return [wish.property.label, wish.text, "–", "–", "none yet", "–"]
    spread = f"{display.number(found['low'])} to {display.number(found['high'])}"
    return [
        wish.property.label,
        wish.text,
        display.quantity(found["median"], wish.property),
        spread,
        f"{found['n']:,}",
        "–" if met is None else f"{found['met']:,} ({100 * found['met'] / found['n']:.0f} %)",
    ]
