"""Which measurements hold under the salt and the concentration that predictions were made for."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlcore.chem.salts import name_of
from registry.models import Measurement, Prediction

CLOSE = 0.01  # relative difference of two concentrations that are the same one, weighed or rounded otherwise


@dataclass(frozen=True)
class Asked:
    """What a model was told; None where it is not told it, so that every measurement fits."""

    salt: str | None
    concentration: float | None

    def fits(self, row: Measurement) -> bool:
        """Whether it was measured so; one that does not say is not known to be."""
        salt = self.salt is None or (row.salt != "" and plain(row.salt) == self.salt)
        return salt and (self.concentration is None or self._as_strong(row.concentration))

    def _as_strong(self, concentration: float | None) -> bool:
        wanted = self.concentration
        return wanted is not None and concentration is not None and math.isclose(wanted, concentration, rel_tol=CLOSE)


def asked_of(row: Prediction) -> Asked:
    salt, concentration = row.conditions.get("salt"), row.conditions.get("concentration")
    return Asked(
        plain(salt) if isinstance(salt, str) and salt else None,
        float(concentration) if isinstance(concentration, int | float) else None,
    )


def parted(rows: Iterable[Measurement], asked: Sequence[Asked]) -> tuple[list[Measurement], list[Measurement]]:
    """Those that any of the predictions is made for, and the others."""
    own: list[Measurement] = []
    others: list[Measurement] = []
    for row in rows:
        (own if any(one.fits(row) for one in asked) else others).append(row)
    return own, others


def names_of_parts(asked: Sequence[Asked]) -> tuple[str, str]:
    """same salt and concentration, other salt or concentration; empty where the models are told neither."""
    told = [name for name in ("salt", "concentration") if any(getattr(one, name) is not None for one in asked)]
    return (f"same {' and '.join(told)}", f"other {' or '.join(told)}") if told else ("", "")


def plain(salt: str) -> str:
    """One word for a salt that is written by its name or as SMILES."""
    return name_of(salt.strip()).casefold()
