"""What every predictor can do, whatever it is inside."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlcore.chem import geometry
from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.data.conditions import Conditions
from mlcore.predictors import doubts


@dataclass(frozen=True)
class Predictions:
    """Answers for N structures and P properties. A structure that was refused has NaN and its reason."""

    mean: NDArray[np.float64]
    """(N, P), in the properties' units."""
    std: NDArray[np.float64]
    """(N, P), one standard deviation on the model's axis: decades where `std_scale` is log10, else the unit."""
    doubts: list[str]
    """(N,): why a structure lies outside of what the model has learned (`mlcore.predictors.doubts`); empty for those
    that do not, and for those that were refused."""
    errors: list[str | None]
    """(N,): why a structure was refused; None for those that were scored."""

    @property
    def in_domain(self) -> NDArray[np.bool_]:
        """(N,): is the structure of a kind that the model was trained on."""
        return doubts.inside(self.doubts) & np.array([error is None for error in self.errors], dtype=bool)

    @classmethod
    def of(
        cls,
        mean: NDArray[np.float64],
        std: NDArray[np.float64],
        doubts: Sequence[str],
        errors: list[str | None],
    ) -> "Predictions":
        """Answers for the structures without an error, with those that were refused in between."""
        good = np.array([error is None for error in errors], dtype=bool)
        whole = cls(
            np.full((len(errors), mean.shape[1]), np.nan),
            np.full((len(errors), std.shape[1]), np.nan),
            [""] * len(errors),
            errors,
        )
        whole.mean[good], whole.std[good] = mean, std
        for row, doubt in zip(np.flatnonzero(good).tolist(), doubts, strict=True):
            whole.doubts[row] = doubt
        return whole


@dataclass(frozen=True)
class Given:
    """What is known of N structures beside their identity. An empty field says nothing of any of them."""

    geometries: Sequence[Geometry | str | None] = ()
    """N: geometries or their xyz or mol blocks; None or an empty text where there is none."""
    conditions: Conditions = field(default_factory=Conditions)
    """Of N rows, in the units of the model's configuration (`data.conditions`)."""
    baselines: NDArray[np.float64] | None = None
    """(N, P): values of the cheaper method, in the properties' units; NaN where there is none."""

    def in_space(self) -> "Given":
        """With the geometries read, so that nobody reads a block again; blocks that cannot be read stay for whoever
        needs them, who says why."""
        return replace(self, geometries=[_read(block) for block in self.geometries])

    def of(self, rows: Sequence[int]) -> "Given":
        """What is known of some of them."""
        geometries = [self.geometries[row] for row in rows] if len(self.geometries) else ()
        return Given(
            geometries, self.conditions.of(rows), None if self.baselines is None else self.baselines[list(rows)]
        )


def _read(block: Geometry | str | None) -> Geometry | str | None:
    try:
        return geometry.read(block) if isinstance(block, str) and block.strip() else block
    except ChemError:
        return block


NOTHING = Given()


class Predictor(Protocol):
    """A trained model that gives values with their uncertainty."""

    properties: list[dict[str, Any]]
    """One entry a property, as in the bundle's manifest: name, unit, scale, std_scale, ..."""

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Scores structures as users write them (PSMILES, `[Cu]`/`[Au]` ends, SMILES), in any number and order."""

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures given by their identities (`mlcore.chem.identity`), which need no second reading."""
