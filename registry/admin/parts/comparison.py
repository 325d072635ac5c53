"""How far a measured value lies from a predicted one, and whether the two belong to the same conditions."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from registry.admin.parts import display
from registry.admin.parts.conditions import salt_text
from registry.admin.parts.evidence import Trained, method_text, some, span, trained_under
from registry.admin.parts.levels import level_of
from registry.admin.parts.same_conditions import plain
from registry.models import Measurement, Prediction, Property

NEAR = 10.0  # K: conductivity changes two- to tenfold over 20 K, so that a ratio across more says little of the model
SAME = 1.0  # K: the same temperature, 80 °C or 353 K
ALIKE = 1.5  # a ratio of concentrations across which a value is compared


class Comparison(NamedTuple):
    """distance: 2 × predicted, or "" where the two cannot be compared. unlike: which conditions differ, or why not."""

    distance: str = ""
    unlike: str = ""

    def __str__(self) -> str:
        return "; ".join(part for part in self if part)


def compared(row: Measurement, prediction: Prediction | None) -> Comparison:
    """As a factor on a log10 scale, else as a difference; neither under unlike or unknown conditions."""
    if prediction is None or row.value is None:
        return Comparison()
    under = _conditions_of(prediction)
    if obstacle := _obstacle(row, under):
        return Comparison("", f"not compared with the prediction: {obstacle}")
    distance = _distance(row.value, prediction.value, prediction.property)
    return Comparison(distance, _unlike(row, under) if distance else "")


def closest(rows: Sequence[Measurement], predictions: Sequence[Prediction]) -> list[Prediction | None]:
    """For each measurement the prediction that it is best compared with; of those that are alike the first."""
    under: dict[Trained, Prediction] = {}
    for prediction in predictions:
        under.setdefault(_conditions_of(prediction), prediction)
    curves: dict[tuple[Trained, int], list[Trained]] = {}  # what differs in the temperature alone
    for one in under:
        curves.setdefault((one._replace(kelvin=()), len(one.kelvin)), []).append(one)
    found: dict[tuple[object, ...], Prediction | None] = {}  # a page has many measurements of few states
    states = [(row.temperature_k, row.salt, row.concentration, row.method, row.method_detail) for row in rows]
    for row, state in zip(rows, states, strict=True):
        if state not in found:
            found[state] = under[_closest(row, curves.values())] if under else None
    return [found[state] for state in states]


def _closest(row: Measurement, curves: Iterable[Sequence[Trained]]) -> Trained:
    """What is the same temperature to a person is the same here."""
    nearest = [min(curve, key=lambda one: max(SAME, _kelvin_apart(row, one))) for curve in curves]

    def apart(one: Trained) -> tuple[bool, bool, float]:
        obstacle, salt, kelvin = _likeness(row, one)
        return obstacle, salt, max(SAME, kelvin)

    return min(nearest, key=apart)


def likeness(row: Measurement, prediction: Prediction | None) -> tuple[bool, bool, float]:
    """Sorts measured values: those that are compared first, then those with the same salt, then the nearest in K."""
    return _likeness(row, _conditions_of(prediction)) if prediction else (False, False, 0.0)


def _likeness(row: Measurement, under: Trained) -> tuple[bool, bool, float]:
    return bool(_obstacle(row, under)), _another_salt(row, under), _kelvin_apart(row, under)


def _distance(measured: float, predicted: float, property_: Property) -> str:
    if property_.scale == Property.Scale.LOG10:
        return f"{display.number(measured / predicted, 2)} × predicted" if predicted > 0 < measured else ""
    return f"{display.change(measured - predicted)} from predicted"


def _conditions_of(prediction: Prediction) -> Trained:
    """Those that were asked for; for the rest, those of the training data."""
    version = prediction.model_version
    trained = trained_under(version, prediction.property)
    trained = trained._replace(level=level_of(version.config, prediction.property.name))
    kelvin = prediction.conditions.get("temperature_k")
    if isinstance(kelvin, int | float):
        trained = trained._replace(kelvin=(float(kelvin),))
    salt = prediction.conditions.get("salt")
    trained = trained._replace(salts=(salt,)) if isinstance(salt, str) and salt else trained
    molal = prediction.conditions.get("concentration")
    return trained._replace(molal=float(molal)) if isinstance(molal, int | float) else trained


def _obstacle(row: Measurement, under: Trained) -> str:
    """Why a ratio would mislead; temperatures count for nothing where values follow from the structure alone."""
    if _at_no_temperature(row, under):
        return _another_level(row, under)
    if row.temperature_k is None:
        return "the temperature of the measurement is not stated"
    known = [kelvin for kelvin in under.kelvin if kelvin is not None]
    if not known:
        return "the temperature that it holds for is not stored"
    here, there = _far(row, under, known)
    return _both(here, there) if here else ""


def _at_no_temperature(row: Measurement, under: Trained) -> bool:
    """Counts of atoms, energies of quantum chemistry."""
    theory = row.method in Measurement.CALCULATED or bool(under.level)
    return theory and row.temperature_k is None and not any(under.kelvin)


def _another_level(row: Measurement, under: Trained) -> str:
    if not under.level or row.method_detail == under.level:
        return ""
    return _both([f"at {row.method_detail or 'an unstated level'}"], [f"at {under.level}"])


def _far(row: Measurement, under: Trained, kelvin: Sequence[float]) -> tuple[list[str], list[str]]:
    """Stated conditions under which a ratio says nothing of the model: of the measurement, and of the prediction."""
    here: list[str] = []
    there: list[str] = []
    if max(abs((row.temperature_k or 0.0) - one) for one in kelvin) > NEAR:
        here.append(_kelvin(row))
        there.append(f"for {span(kelvin, 'K')}")
    if _another_salt(row, under):
        here.append(_salt(row.salt))
        there.append(_salts(under))
    if under.molal and row.concentration is not None and not _alike(row.concentration, under.molal):
        here.append(_molal(row.concentration))
        there.append(_molal(under.molal))
    return here, there


def _another_salt(row: Measurement, under: Trained) -> bool:
    """Both are stated: a prediction whose training data leave some salts out may hold for any."""
    return bool(row.salt and all(under.salts)) and not _plain([row.salt]) <= _plain(under.salts or [row.salt])


def _alike(one: float, other: float) -> bool:
    return max(one, other) <= ALIKE * min(one, other)


def _kelvin_apart(row: Measurement, under: Trained) -> float:
    known = [abs(row.temperature_k - one) for one in under.kelvin if one is not None and row.temperature_k is not None]
    return min(known, default=math.inf)


def _unlike(row: Measurement, under: Trained) -> str:
    """measured at 345 K by experiment, predicted for 353 K from molecular dynamics."""
    here: list[str] = []
    there: list[str] = []
    if row.temperature_k is not None and not _all_near(row.temperature_k, under.kelvin):
        here.append(_kelvin(row))
        there.append(f"for {span(under.kelvin, 'K')}")
    if under.salts and _plain([row.salt]) != _plain(under.salts):
        here.append(_salt(row.salt))
        there.append(_salts(under))
    if under.methods and {row.method} != set(under.methods):
        here.append(f"by {method_text(row.method) or 'an unstated method'}")
        there.append(f"from {some(method_text(method) for method in under.methods) or 'unstated methods'}")
    return _both(here, there) if here else ""


def _both(here: list[str], there: list[str]) -> str:
    return f"measured {' '.join(here)}, predicted {' '.join(there)}"


def _salt(name: str) -> str:
    return f"with {salt_text(name)}" if name else "without a stated salt"


def _salts(under: Trained) -> str:
    names = some(salt_text(salt) for salt in under.salts)
    return f"with {names}" if names else _salt("")


def _molal(concentration: float) -> str:
    return f"at {display.number(concentration)} mol/kg"


def _kelvin(row: Measurement) -> str:
    return f"at {display.number(row.temperature_k, 5)} K"


def _all_near(kelvin: float, stated: Sequence[float | None]) -> bool:
    return all(one is not None and abs(one - kelvin) <= SAME for one in stated)


def _plain(names: Sequence[str]) -> set[str]:
    return {plain(name) for name in names}
