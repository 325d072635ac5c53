"""Are the inputs of a training there: values of both methods, geometries, conditions that can be read?"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from mlcore import catalog
from mlcore.chem.salts import smiles_of
from registry.actions import training_levels
from registry.actions.base import ActionError
from registry.formats.training_inputs import CONCENTRATION, KELVIN, SALT, TrainingInputs
from registry.models import Conformer, DatasetVersion, Measurement, ModelVersion, Property, Structure

NAMED = 3  # of what is missing
_COLUMNS = {KELVIN: "temperature_k", CONCENTRATION: "concentration"}


def read(content: Mapping[str, Any]) -> TrainingInputs:
    """Raises: ActionError."""
    try:
        return TrainingInputs.read(content)
    except ValueError as error:
        raise ActionError(f"inputs: {error}.", field="inputs") from error


def check(
    inputs: TrainingInputs,
    version: DatasetVersion,
    properties: Sequence[Property],
    architecture: str,
    before: ModelVersion | None = None,
) -> None:
    """Raises: ActionError naming what the version does not have, or the architecture does not take.

    before: the version that the training goes on from or takes the place of.
    """
    _check_names(inputs, properties)
    takes = catalog.get(architecture).takes
    if inputs.geometry and "geometry" not in takes:
        raise _refused(f"{architecture} takes no geometries; leave geometry out, or choose {_takers('geometry')}")
    if inputs.conditions and "conditions" not in takes:
        raise _refused(f"{architecture} takes no conditions; leave them out, or choose {_takers('conditions')}")
    if "conditions" in takes and KELVIN not in inputs.conditions:
        raise _refused(f'{architecture} learns over the temperature; put "{KELVIN}" among the conditions')
    rows = Measurement.objects.in_version(version).filter(value__isnull=False)
    training_levels.check(inputs, version, properties, before)
    for name in inputs.conditions:
        _check_condition(name, rows.filter(property__in=properties), version)
    if inputs.geometry:
        _check_geometries(inputs.geometry, rows, version)


def kind_of(version: DatasetVersion, properties: Sequence[Property]) -> str:
    """What most of the measured structures are: a model reads one kind."""
    rows = Measurement.objects.in_version(version).filter(value__isnull=False)
    rows = rows.filter(property__in=properties) if properties else rows
    polymers = rows.filter(structure__kind=Structure.Kind.POLYMER).count()
    return str(Structure.Kind.POLYMER if 2 * polymers >= rows.count() else Structure.Kind.MOLECULE)


def check_kind(kind: str, version: DatasetVersion, architecture: str) -> None:
    """Raises: ActionError where the architecture cannot be trained on structures of this kind."""
    entry = catalog.get(architecture)
    if kind in entry.kinds:
        return
    able = [one.name for one in catalog.ARCHITECTURES.values() if one.task == entry.task and kind in one.kinds]
    raise ActionError(
        f"{architecture} learns from {entry.kinds[0]}s, and most measured structures of {version} are {kind}s. Choose "
        f"{', '.join(able)}, or another dataset version.",
        field="architecture",
    )


def _check_names(inputs: TrainingInputs, properties: Sequence[Property]) -> None:
    names = {item.name for item in properties}
    for what, given in (("levels", inputs.levels), ("baselines", inputs.baselines)):
        if stray := sorted(set(given) - names):
            raise _refused(f"{what}: {stray[0]} is not among the properties to learn")
    for name, cheaper in inputs.baselines.items():
        if not (level := inputs.levels.get(name)):
            raise _refused(f"{name}: a difference to {cheaper} needs the level of the values themselves (levels)")
        if level.casefold() == cheaper.casefold():
            raise _refused(f"{name}: the baseline is the level itself, {level}; nothing is left to learn")


def _check_condition(name: str, rows: QuerySet[Measurement], version: DatasetVersion) -> None:
    if name == SALT:
        stated = rows.exclude(salt="")
        strange = [salt for salt in stated.order_by().values_list("salt", flat=True).distinct() if not _known(salt)]
        if strange:
            more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
            raise _refused(
                f"the salts {', '.join(sorted(strange)[:NAMED])}{more} are neither known by name nor a SMILES; record "
                "them as SMILES, or leave salt out"
            )
    elif name in _COLUMNS:
        stated = rows.filter(**{f"{_COLUMNS[name]}__isnull": False})
    else:
        stated = rows.filter(conditions__has_key=name)
    if not stated.exists():
        raise _refused(f"no measurement of {version} states {name}")


def _check_geometries(level: str, rows: QuerySet[Measurement], version: DatasetVersion) -> None:
    measured = Conformer.objects.filter(structure__in=rows.values("structure"))
    if not measured.filter(level=level).exists():
        known = ", ".join(measured.order_by("level").values_list("level", flat=True).distinct()[:5]) or "none"
        raise _refused(f"the structures of {version} have no geometry at {level}; there are: {known}")


def _known(salt: str) -> bool:
    try:
        return bool(smiles_of(salt))
    except ValueError:
        return False


def _takers(what: str) -> str:
    return " or ".join(entry.name for entry in catalog.ARCHITECTURES.values() if what in entry.takes) or "none yet"


def _refused(why: str) -> ActionError:
    return ActionError(f"inputs: {why}.", field="inputs")
