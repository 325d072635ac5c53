"""Delta learning: a predictor of the difference between two methods, added to what the cheaper one gave.

Ramakrishnan et al., J. Chem. Theory Comput. 11, 2087 (2015); for energies of G4MP2 from those of B3LYP, Ward et al.,
MRS Commun. 9, 891 (2019). Any architecture can learn a difference: the table hands it over as the target
(`mlcore.data.tables.Table.targets`), and what comes back is put on top of the baseline here. On a log10 scale the
difference is a ratio.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mlcore.chem import molecule
from mlcore.chem.geometry import Geometry
from mlcore.data.tables import to_scale
from mlcore.predictors import doubts
from mlcore.predictors.composition import Composition
from mlcore.predictors.dressed_atoms import Formula
from mlcore.predictors.protocol import NOTHING, Given, Predictions, Predictor


def wrapped(predictor: Predictor) -> Predictor:
    """The predictor itself, or one that adds the baselines where its properties have such."""
    return Delta(predictor) if any(item.get("baseline") for item in predictor.properties) else predictor


class Delta:
    """A predictor of differences that answers with values (`mlcore.predictors.protocol.Predictor`)."""

    def __init__(self, difference: Predictor) -> None:
        self.difference = difference
        self.properties: list[dict[str, Any]] = difference.properties
        read = enumerate(map(Composition.read, self.properties))
        self._expected = {i: composition for i, composition in read if composition}

    def predict(self, structures: Sequence[str], given: Given = NOTHING) -> Predictions:
        """Values of structures whose baselines are given; one without is refused, one that is of another is outside."""
        given = given.in_space()
        return self._judged(self._added(self.difference.predict(structures, given), given), structures, given)

    def predict_keys(self, keys: Sequence[str], given: Given = NOTHING) -> Predictions:
        """The same for structures that have been identified."""
        given = given.in_space()
        return self._judged(self._added(self.difference.predict_keys(keys, given), given), keys, given)

    def _added(self, found: Predictions, given: Given) -> Predictions:
        mean, std, errors = found.mean.copy(), found.std.copy(), list(found.errors)
        missing = np.full(mean.shape, np.nan)
        baselines = missing if given.baselines is None else given.baselines
        for i, item in enumerate(self.properties):
            if not item.get("baseline"):
                continue
            if item["scale"] == "log10":
                mean[:, i] *= np.where(baselines[:, i] > 0, baselines[:, i], np.nan)
            else:
                mean[:, i] += baselines[:, i]
            for row in np.flatnonzero(np.isnan(mean[:, i])):
                std[row, i] = np.nan
                errors[row] = errors[row] or _lacking(item)
        refused = np.array([error is not None for error in errors], dtype=bool)
        mean[refused], std[refused] = np.nan, np.nan
        kept = ["" if error else doubt for doubt, error in zip(found.doubts, errors, strict=True)]
        return Predictions(mean, std, kept, errors)

    def _judged(self, found: Predictions, structures: Sequence[str], given: Given) -> Predictions:
        """Out of the domain where a baseline is far from what those of the training say of such a composition."""
        if not self._expected or given.baselines is None:
            return found
        scored, about = np.flatnonzero([error is None for error in found.errors]), [found.doubts]
        geometries = given.geometries if len(given.geometries) else [None] * len(structures)
        formulas = [_formula(structures[row], geometries[row]) for row in scored.tolist()]
        for i, expected in self._expected.items():
            item, far = self.properties[i], np.zeros(len(structures), dtype=bool)
            far[scored] = ~expected.agrees(formulas, to_scale(given.baselines[scored, i], item["scale"]))
            about.append(doubts.where(far, f"the {_cheaper(item)} is far from what molecules of such a formula have"))
        return replace(found, doubts=doubts.together(*about))


def _formula(structure: str, found: Geometry | str | None) -> Formula:
    """Of a molecule that was scored: from its geometry where there is one, so that it need not be read again."""
    if isinstance(found, Geometry):
        return Formula(found.numbers)
    return Formula.of(molecule.parse(structure).mol)


def _cheaper(item: dict[str, Any]) -> str:
    """value of B3LYP (column u0_b3lyp)."""
    return f"value{_of_level(item)} (column {item['baseline']})"


def _lacking(item: dict[str, Any]) -> str:
    return f"{item['baseline']}: the value{_of_level(item)} is needed, as the model knows only the difference to it"


def _of_level(item: dict[str, Any]) -> str:
    return f" of {item['baseline_level']}" if item.get("baseline_level") else ""
