"""Several predictors on the structures that all of them held out, as rows of the comparison."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from registry.admin.pages.compare_figures import Cell, Group, Row, baseline
from registry.admin.parts.common_ground import Shared, learned_before, shared
from registry.admin.parts.display import change, correlation, number
from registry.admin.parts.figures import axis_unit
from registry.models import ModelVersion

SURE = 2.0  # standard errors that a difference must have to be called one


@dataclass(frozen=True)
class Together:
    """groups: a property each. notes: why a property is missing, and what stands against the figures."""

    groups: list[Group]
    notes: list[str]

    @classmethod
    def of(cls, versions: Sequence[ModelVersion]) -> "Together":
        base = baseline(versions)
        found, reasons = shared(versions, base)
        moved = [
            f"{one.property.label}: {one.moved} more are left out, whose value is not the same in all training tables."
            for one in found
            if one.moved
        ]
        return cls(
            [_group(one, base) for one in found], [*reasons, *moved, *(learned_before(versions) if found else [])]
        )


def _group(one: Shared, base: int) -> Group:
    unit = axis_unit(one.property)
    rows = [
        Row("MAE", unit, _maes(one, base)),
        Row("RMSE", unit, [Cell(number(value)) for value in one.rmse]),
        Row("R²", "", [Cell(correlation(value) if math.isfinite(value) else "–") for value in one.r2]),
    ]
    return Group(f"{one.property.label}, {one.n:,} structures", rows, folded=False)


def _maes(one: Shared, base: int) -> list[Cell]:
    """With the difference to the base version and its standard error."""
    best = _best(one, base)
    return [
        Cell(
            number(mae),
            place == best,
            "" if place == base else f"{change(one.gain[place])} ± {number(one.doubt[place], 2)}",
        )
        for place, mae in enumerate(one.mae)
    ]


def _best(one: Shared, base: int) -> int | None:
    """The version with the least error, where its distance from the base, or the base's from all others, is sure."""
    least = min(range(len(one.mae)), key=one.mae.__getitem__)
    against = [place for place in range(len(one.mae)) if place != base] if least == base else [least]
    sure = all(abs(one.gain[place]) > SURE * one.doubt[place] for place in against)
    return least if sure else None
