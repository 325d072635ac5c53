"""What the networks' own space adds to a domain of fingerprints: who is marked as outside by which, and how wrong.

    DATA_DIR=... python -m tests.bench.predictors_domain

Two parts. The 307 validation molecules of DATA_DIR/g4mp2, which `schnet-qm9` has not seen, as they are, with all atoms
displaced at random along each axis, and with one bond longer: fingerprints cannot tell these apart. And
the conductivities of DATA_DIR/chemarr, each polymer held out once from the networks of `arrhenius-chemarr`, in five
folds by seeds 0 and 1: mean absolute errors of log10 S/cm, every polymer counting the same.
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from mlcore import bundle, config
from mlcore.chem import geometry
from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.data import tables
from mlcore.events import Events
from mlcore.predictors import crossvalidation
from mlcore.predictors.protocol import Given

ZOO = Path(__file__).parents[2] / "mlcore" / "zoo"
LATENT = "to the network"
"""How a doubt begins that comes from the networks' space."""

Change = Callable[[Geometry, float, np.random.Generator], Geometry | None]

csv.field_size_limit(10_000_000)


def displaced(molecule: Geometry, angstrom: float, random: np.random.Generator) -> Geometry:
    """All atoms moved at random, by so much along each axis."""
    return replace(molecule, positions=molecule.positions + random.normal(0, angstrom, molecule.positions.shape))


def lengthened(molecule: Geometry, angstrom: float, random: np.random.Generator, heavy: bool) -> Geometry | None:
    """One bond longer, between heavy atoms or to a hydrogen, and what hangs on it moved along; None without one."""
    bonded, light = molecule.near(1.2), molecule.numbers == 1
    pairs = [(a, b) for a, b in np.argwhere(bonded).tolist() if (light[a] or light[b]) != heavy]
    for number in random.permutation(len(pairs)).tolist():
        near, far = pairs[number]
        bonds = bonded.copy()
        bonds[near, far] = bonds[far, near] = False
        _, part = connected_components(bonds)
        if part[near] == part[far]:
            continue  # a ring
        away = molecule.positions[far] - molecule.positions[near]
        positions = molecule.positions.copy()
        positions[part == part[far]] += angstrom * away / np.linalg.norm(away)
        return replace(molecule, positions=positions)
    return None


def shapes(data: Path) -> None:
    """Prints which share of molecules is outside, by the networks' space and by the rest of the domain."""
    model = bundle.open_model(ZOO / "schnet-qm9", "predict", "cpu")
    with (data / "g4mp2" / "valid.csv").open(newline="") as file:
        rows = [(row["inchi"], block) for row in csv.DictReader(file) if (block := _read(row["xyz"]))]
    changes: list[tuple[str, Change, float]] = [("as they are", displaced, 0.0)]
    changes += [(f"all atoms displaced by {a} Å", displaced, a) for a in (0.02, 0.05, 0.1)]
    for name, heavy in (("between heavy atoms", True), ("to a hydrogen", False)):
        changes += [(f"a bond {name} longer by {a} Å", partial(lengthened, heavy=heavy), a) for a in (0.1, 0.2, 0.3)]
    tell("| molecules | scored | outside by the network | outside by kinds and fingerprints |\n|---|---|---|---|")
    for name, change, angstrom in changes:
        random = np.random.default_rng(0)
        made = [(text, shape) for text, block in rows if (shape := change(block, angstrom, random))]
        found = model.predict([text for text, _ in made], Given([shape for _, shape in made]))
        told = [doubt for doubt, error in zip(found.doubts, found.errors, strict=True) if error is None]
        strange, other = (np.array([side(doubt) for doubt in told]) for side in (_latent, _other))
        tell(f"| {name} | {len(told)} | {strange.mean():.3f} | {other.mean():.3f} |")


def polymers(data: Path) -> None:
    """Prints the errors about polymers inside and outside."""
    settings = config.load(json.loads((ZOO / "configs" / "arrhenius-chemarr.json").read_text()))
    table = tables.read(data / "chemarr" / "train.csv", settings.data, Events())
    rows = []
    for seed in (0, 1):
        plan = crossvalidation.plan(table, 5, [], seed)
        for part in crossvalidation.held_out(replace(settings, seed=seed), table, plan.splits):
            with np.errstate(invalid="ignore"):
                errors = np.abs(np.log10(part.found.mean[:, 0]) - table.targets[part.rows, 0])
            for row, error, doubt in zip(part.rows.tolist(), errors, part.found.doubts, strict=True):
                if np.isfinite(error):
                    rows.append(((seed, table.keys[row]), error, _latent(doubt), _other(doubt)))
    keys = sorted({row[0] for row in rows})
    place = {key: number for number, key in enumerate(keys)}
    sums = np.zeros((len(keys), 4))
    for key, error, strange, other in rows:
        sums[place[key]] += (1, error, strange, other)
    error, strange, other = (sums[:, column] / sums[:, 0] for column in (1, 2, 3))
    tell("\n| polymers (most of their rows) | number | error |\n|---|---|---|")
    _line("inside", error, (strange <= 0.5) & (other <= 0.5))
    _line("outside by the networks", error, strange > 0.5)
    _line("outside by kinds, fingerprints or conditions", error, other > 0.5)
    _line("outside by both", error, (strange > 0.5) & (other > 0.5))


def tell(text: str) -> None:
    """Prints a line."""
    sys.stdout.write(f"{text}\n")


def _line(name: str, error: NDArray[np.float64], chosen: NDArray[np.bool_]) -> None:
    tell(f"| {name} | {chosen.sum()} | {f'{error[chosen].mean():.2f}' if chosen.any() else ''} |")


def _latent(doubt: str) -> bool:
    return any(part.startswith(LATENT) for part in _parts(doubt))


def _other(doubt: str) -> bool:
    return any(not part.startswith(LATENT) for part in _parts(doubt))


def _parts(doubt: str) -> Iterable[str]:
    return filter(None, doubt.split("; "))


def _read(block: str) -> Geometry | None:
    try:
        return geometry.read(block)
    except ChemError:
        return None


if __name__ == "__main__":
    shapes(Path(os.environ["DATA_DIR"]))
    polymers(Path(os.environ["DATA_DIR"]))
