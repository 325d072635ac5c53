"""How a structure's value goes with the temperature, as a predictor over temperatures says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.bundle import Bundle
from mlcore.data.conditions import Conditions, cells
from mlcore.data.tables import from_scale, to_scale
from mlcore.errors import UserError
from mlcore.evaluation.calibration import half_width
from mlcore.predictors import temperature
from mlcore.predictors.protocol import Given, Predictor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One property of one structure at N temperatures, in the property's unit."""

    kelvin: Floats
    mean: Floats
    lower: Floats
    """Lower end of the 90 % interval."""
    upper: Floats
    in_domain: NDArray[np.bool_]


def curve(
    model: Bundle,
    structure: str,
    kelvin: Sequence[float] | Floats,
    conditions: Mapping[str, str] | None = None,
    name: str = "",
    device: str = "cpu",
) -> Curve:
    """The property `name` (default: the first) of a structure at temperatures in K (N,).

    conditions: the others by their names in the model, as a table would write them, such as {"molality": "1.2"}.
    Raises UserError for a model without a temperature and where the structure or a condition cannot be used.
    """
    data, settings = model.config.data, model.config.model
    if not hasattr(settings, "temperature"):
        raise UserError(f"{model.path}: {model.manifest.architecture} knows no temperature; there is no curve")
    heat = temperature.column(data.conditions, settings.temperature)
    said = dict(conditions or {})
    if stray := said.keys() - {item.name for item in data.conditions} | said.keys() & {heat.name}:
        raise UserError(f"conditions: {', '.join(sorted(stray))} is none of the other conditions of {model.path}")
    kelvin = np.asarray(kelvin, dtype=np.float64)
    row = cells(data.conditions, {item.source: said.get(item.name, "") for item in data.conditions})
    rows = [row | {heat.name: float(t)} for t in temperature.from_kelvin(kelvin, heat.unit)]
    predictor: Predictor = model.activate(device)
    found = predictor.predict([structure] * len(rows), Given(conditions=Conditions.gather(data.conditions, rows)))
    for error in found.errors:
        if error is not None:
            raise UserError(f"{structure[:80]!r}: {error}")
    place = _place(predictor, name)
    scale = predictor.properties[place]["scale"]
    axis, reach = to_scale(found.mean[:, place], scale), half_width(0.9) * found.std[:, place]
    lower, upper = (from_scale(axis + sign * reach, scale) for sign in (-1, 1))
    return Curve(kelvin, found.mean[:, place], lower, upper, found.in_domain)


def _place(predictor: Predictor, name: str) -> int:
    names = [item["name"] for item in predictor.properties]
    if name and name not in names:
        raise UserError(f"{name}: the model knows {', '.join(names)}")
    return names.index(name) if name else 0
