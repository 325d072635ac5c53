"""Rows of a training table that a model over atoms can use: molecules in space, of elements that training tells of."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rdkit import Chem

from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.data.splits import Split
from mlcore.errors import UserError
from mlcore.predictors import reading
from mlcore.predictors.dressed_atoms import Composed
from mlcore.run import Run

_NAMED = 5
"""Rows that are named one by one; of the others their number is told."""


def in_space(run: Run) -> tuple[Run, list[Geometry], Split]:
    """The training without rows that it cannot use, a geometry for each row left, and how these are split.

    A molecule without a given geometry gets a guessed one. Its row is left out where it is a radical or no geometry is
    found, and so is a held-out row with an element that no training row has. Each is told.

    Raises UserError where the table holds no molecules, or no row is left.
    """
    if run.config.data.kind != "molecule":
        raise UserError('data.kind: only a molecule has a geometry; set it to "molecule"')
    run, geometries = _with_geometries(run)
    return run, geometries, of_known_elements(run, geometries, run.split())


def of_known_elements(run: Run, molecules: Sequence[Composed], split: Split) -> Split:
    """The split without held-out rows that have an element of which no training row tells anything.

    molecules: of all rows.
    """
    seen = {int(number) for row in split.train for number in molecules[row].numbers}
    held_out = np.concatenate([split.valid, split.test])
    strange = {row: sorted(set(molecules[row].numbers.tolist()) - seen) for row in held_out.tolist()}
    reasons = {
        row: f"no training molecule has {Chem.GetPeriodicTable().GetElementSymbol(numbers[0])}"
        for row, numbers in strange.items()
        if numbers
    }
    _tell(run, reasons, "not used")
    left_out = list(reasons)
    return replace(split, valid=np.setdiff1d(split.valid, left_out), test=np.setdiff1d(split.test, left_out))


def left_out(run: Run, used: Run) -> str:
    """For the card: how many rows of the first were left out of the second; nothing where none was."""
    count = len(run.table.keys) - len(used.table.keys)
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    return f" Left out before the split, as radicals or for want of a geometry: {rows}." if count else ""


def _with_geometries(run: Run) -> tuple[Run, list[Geometry]]:
    table = run.table
    given = table.geometries or [None] * len(table.keys)
    if missing := sum(found is None for found in given):
        run.events.log("warning", f"{missing:,} of {len(given):,} geometries are not given and are guessed")
    found: dict[int, Geometry] = {}
    reasons: dict[int, str] = {}
    for row, (one, key) in enumerate(zip(given, table.keys, strict=True)):
        try:
            found[row] = one or reading.guessed(Chem.MolFromSmiles(key))
        except ChemError as error:
            reasons[row] = str(error)
    _tell(run, reasons, "left out")
    if not found:
        raise UserError(f"data: no molecule of the table has a geometry; the first: {next(iter(reasons.values()))}")
    return replace(run, table=table.of(list(found))) if reasons else run, list(found.values())


def _tell(run: Run, reasons: dict[int, str], what: str) -> None:
    for row in list(reasons)[:_NAMED]:
        run.events.log("warning", f"{run.table.smiles[row]}: {what}: {reasons[row]}")
    if len(reasons) > _NAMED:
        run.events.log("warning", f"{len(reasons) - _NAMED:,} more rows {what} for such reasons")
