"""Wishes for a property, and how a network hears them.

A prompt is one number per property: its value in standard deviations of the training values on the model's axis, NaN
for no wish. A class is a distribution of such numbers, that of its members in the training data, from which every
string draws its own; so `high` asks for the whole class and not for its average member. Values are noisy, and what a
network makes for a wish falls short of it: a model may therefore let `high` ask for one value well inside the class.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mlcore import options
from mlcore.config import ConditionConfig, PropertyConfig, Scale
from mlcore.data.tables import Floats, to_scale
from mlcore.errors import UserError
from mlcore.generators.protocol import Condition

CLASSES = ("low", "high")
_LEVELS = 33
"""Quantiles kept of each class."""


@dataclass(frozen=True)
class Axis:
    """One property as a prompt; stored as the bundle's property entry."""

    name: str
    unit: str
    scale: Scale
    mean: float
    """Mean of the training values on the model's axis."""
    std: float
    """Their standard deviation there."""
    minimum: float
    """Smallest training value, in the unit."""
    maximum: float
    """Largest training value, in the unit."""
    threshold: float
    """Class high begins here, in the unit."""
    low: tuple[float, ...]
    """Evenly spaced quantiles of the prompts of class low."""
    high: tuple[float, ...]
    """The same of class high, or the one prompt that it asks for."""

    @classmethod
    def fit(cls, item: PropertyConfig, values: Floats, config: ConditionConfig, parent: "Axis | None" = None) -> "Axis":
        """The axis of a property from its training values, (N,) in the unit, NaN for none; UserError on an empty class.

        A `parent` lends its mean and standard deviation, because weights that are trained further know only those.
        """
        if parent and (parent.unit, parent.scale) != (item.unit, item.scale):
            raise UserError(
                f"data.properties: {item.name} was {parent.unit}, {parent.scale} in the model to start from"
            )
        values = values[np.isfinite(values)]
        if not len(values):
            raise UserError(f"data.properties: {item.name} has no value in the training rows")
        threshold = config.thresholds.get(item.name, float(np.quantile(values, config.high_quantile, method="higher")))
        scaled = to_scale(values, item.scale)
        mean, std = (parent.mean, parent.std) if parent else (float(scaled.mean()), float(scaled.std()) or 1.0)
        classes = [_quantiles((scaled[chosen] - mean) / std) for chosen in (values < threshold, values >= threshold)]
        for name, levels in zip(CLASSES, classes, strict=True):
            if not levels and item.name in config.thresholds:
                raise UserError(f"condition.thresholds.{item.name}: no training value is {name} of {threshold:g}")
        low, high = (levels or (0.0,) for levels in classes)
        span = float(values.min()), float(values.max())
        if item.name in config.asked:
            high = (float((to_scale(_asked(item.name, config, threshold, span[1]), item.scale) - mean) / std),)
        return cls(item.name, item.unit, item.scale, mean, std, *span, threshold, low, high)

    def prompts(self, values: Floats) -> Floats:
        """Values in the unit -> prompts; NaN stays NaN."""
        scaled: Floats = (to_scale(values, self.scale) - self.mean) / self.std
        return scaled

    def draw(self, wish: str | float | None, n: int, random: np.random.Generator | None) -> Floats:
        """`n` prompts for a class, a value or no wish; without `random` a class is taken at its median."""
        if wish is None:
            return np.full(n, math.nan)
        if isinstance(wish, str):
            levels = np.array(self._levels(wish))
            places = random.random(n) if random else np.full(n, 0.5)
            return np.interp(places, np.linspace(0, 1, len(levels)), levels)
        if not self.minimum <= wish <= self.maximum:
            span = f"{self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()
            raise UserError(f"condition {self.name}={wish:g}: outside of the trained range, {span}")
        return self.prompts(np.full(n, wish))

    def as_json(self) -> dict[str, Any]:
        """The property entry of a manifest."""
        return asdict(self)

    def _levels(self, name: str) -> tuple[float, ...]:
        if name not in CLASSES:
            raise UserError(
                f"condition {self.name}={name}: expected a number in {self.unit or 'its unit'}, low or high"
            )
        return self.low if name == "low" else self.high


def parse(texts: Sequence[str]) -> dict[str, str | float]:
    """Command-line conditions such as `conductivity=high` or `conductivity=3e-4`; UserError on anything else."""
    condition: dict[str, str | float] = {}
    for text in texts:
        name, sign, wish = (part.strip() for part in text.partition("="))
        if not (name and sign and wish):
            raise UserError(f"condition {text!r}: expected PROPERTY=CLASS or PROPERTY=VALUE")
        if name in condition:
            raise UserError(f"condition {name}: given twice")
        condition[name] = _number(wish)
    return condition


def prompts(axes: Sequence[Axis], condition: Condition | None, n: int, random: np.random.Generator | None) -> Floats:
    """(n, P): the prompts that ask `n` times for `condition`; UserError on a property that no axis has."""
    condition = condition or {}
    for name in condition:
        if name not in {axis.name for axis in axes}:
            raise UserError(
                f"condition {name}: unknown property; {options.nearest(name, [axis.name for axis in axes])}"
            )
    columns = [axis.draw(condition.get(axis.name), n, random) for axis in axes]
    return np.stack(columns, axis=1) if columns else np.empty((n, 0))


def axes_from(properties: Sequence[Mapping[str, Any]]) -> list[Axis]:
    """The axes kept in a manifest."""
    return [options.build(Axis, entry, "properties") for entry in properties]


class PromptEncoder(nn.Module):
    """Prompts as vectors of the network's width: a small perceptron per property, a learned vector for no wish."""

    def __init__(self, names: Sequence[str], width: int) -> None:
        super().__init__()
        self.names = list(names)
        self.absent = nn.ParameterDict({name: nn.Parameter(torch.randn(width) * 0.02) for name in names})
        self.value = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(1, width), nn.GELU(), nn.Linear(width, width)) for name in names}
        )

    def forward(self, prompts: Tensor) -> list[Tensor]:
        """One (B, C) tensor per property from `prompts` (B, P)."""
        vectors = []
        for name, column in zip(self.names, prompts.unbind(dim=1), strict=True):
            known = ~column.isnan()
            vector = self.value[name](torch.nan_to_num(column)[:, None])  # (B, C)
            vectors.append(torch.where(known[:, None], vector, self.absent[name]))
        return vectors


def _asked(name: str, config: ConditionConfig, least: float, most: float) -> Floats:
    """The value that class high asks for, in the unit."""
    value = config.asked[name]
    if not least <= value <= most:
        raise UserError(f"condition.asked.{name}: {value:g} is not in class high, {least:g} to {most:g}")
    return np.array(value)


def _quantiles(scaled: Floats) -> tuple[float, ...]:
    return tuple(np.quantile(scaled, np.linspace(0, 1, _LEVELS)).tolist()) if len(scaled) else ()


def _number(text: str) -> str | float:
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        raise UserError(f"condition value {text!r}: expected a finite number")
    return value
