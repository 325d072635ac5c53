"""Predictors beside what is published: polymers in molecular dynamics and in experiment, energies of molecules.

    make bench-predictors                       everything, some hours on two cores; what is there already is kept
    python -m tests.bench.predictors --page     only writes the page, of what has been measured

Runs tests.bench.predictors_htpmd, _chemarr, _molecules and _speed and writes docs/benchmarks/predictors.md. DATA_DIR
names the folder with `htpmd/`, `chemarr/` and `g4mp2/`.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.generators_report import machine

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".local" / "bench" / "predictors"
PAGE = ROOT / "docs" / "benchmarks" / "predictors.md"
PARTS = ("predictors_htpmd", "predictors_chemarr", "predictors_molecules", "predictors_speed")

INTRODUCTION = f"""\
# Predictors, compared

Written by `DATA_DIR=... make bench-predictors`, which trains through bundles that are saved, and predicts with what is
read back. Machine: {machine()}. Nothing that is tested on has steered a training.

"""

HTPMD = """\
## Simulated polymers (HTP-MD)

`python -m tests.bench.predictors_htpmd`. All six properties of the 6,024 polymers, five folds by polymer key, seed 0,
errors pooled over the folds; conductivity and diffusivities in log10 units. *Top 320* is the precision among the 320
highest. *Coverage* is that of the 90 % interval; *width* that of the interval in the thirds of least, middle and
largest standard deviation, and beside it their MAE.

"""

HTPMD_KNOWN = """\
| conductivity, known figures | MAE | R2 | Spearman | top 320 |
|---|---|---|---|---|
| htp_md's released network, perhaps in-sample | .1076 | .627 | .757 | .625 |
| Gaussian process and boosted trees, their mean, same folds | .1123 | .594 | .734 | .591 |
| boosted trees, same folds | .1147 | .578 | .724 | .575 |

htp_md's network on the other properties (R2, perhaps in-sample): Li diffusivity .534, TFSI diffusivity .684, polymer
diffusivity .850, transference number .497.

"""

CHEMARR = """\
## Measured polymers with salts (ChemArr)

`python -m tests.bench.predictors_chemarr`. 187 polymers over temperature, salt and concentration, five folds by
polymer key, seed 0; mean absolute error of log10 S/cm over rows, and over the polymers' own mean errors. *Law* knows
the temperature only through A - B/(T - T0), *input* is the same ensemble with the temperature as one more input,
*trees* are boosted trees on surroundings, descriptors and the same conditions, *trees-groups* with the functional
groups of the networks besides. One polymer, poly(ethylene oxide), has 39 % of the rows. Here no row is held out to
choose the step, so that the networks learn longer than usual, and their intervals hold more.

"""

MOLECULES = """\
## Energies of molecules (G4MP2)

`python -m tests.bench.predictors_molecules`. Trained on molecules of the 2,758 of the training table, tested on the
307 of the validation table; meV a molecule. *Delta* learns the difference to B3LYP/6-31G(2df,p) at the same geometry,
*delta b3lyp-large* that to B3LYP in the larger basis of the table, *delta wb97xd* that to wB97X-D: what the cheap level
has right need not be learned. *Transfer* starts from a SchNet that was pretrained on 60,000 molecules of QM9 at B3LYP,
none of them in either table (`schnet-qm9`). `fchl-g4mp2` is shipped; it has learned what in a representation counts
(`relevance_steps`), which the rows of `fchl` have not, and sees one range where they see two. *Scoring* is the time of
a molecule in a batch of 1,000, its geometry read and checked; machines with two cores differ by half in it.

"""

MOLECULES_KNOWN = """\
| Ward et al. 2019, MAE in meV on their hold-out | 1,000 | 10,000 | 117,232 |
|---|---|---|---|
| FCHL delta | 11.6 | 5.2 | |
| SchNet delta | 30.1 | 15.9 | 4.46 |
| FCHL direct | 66.9 | 22.3 | |
| SchNet direct | 239 | 65.2 | 14.9 |
| SchNet transfer from B3LYP | 84.8 | 29.4 | 13.4 |

"""

SPEED = """\
## Speed

`python -m tests.bench.predictors_speed`. Polymers a second, featurising, six properties, uncertainty and domain
included: such as have been identified, as the registry scores them, and strings, which are read and identified first.

"""


def page(work: Path) -> str:
    """The whole page in Markdown, of what there is."""
    parts = [INTRODUCTION]
    for name, title, table, known in (
        ("htpmd", HTPMD, _htpmd, HTPMD_KNOWN),
        ("chemarr", CHEMARR, _chemarr, ""),
        ("molecules", MOLECULES, _molecules, MOLECULES_KNOWN),
        ("speed", SPEED, _speed, ""),
    ):
        if (path := work / f"{name}.json").exists():
            parts += [title, table(json.loads(path.read_text())), known]
    return "".join(parts).rstrip() + "\n"


def _htpmd(found: Mapping[str, Any]) -> str:
    lines = []
    for name, entry in found.items():
        for item, measured in entry["properties"].items():
            widths = [
                f"{width:.3g} ({mae:.3g})"
                for width, mae in zip(measured["width_in_thirds"], measured["mae_in_thirds"], strict=True)
            ]
            figures = [f"{measured[key]:.3f}" for key in ("mae", "r2", "spearman", "top_320", "coverage_90")]
            lines.append([name.removesuffix("-seed0"), item, *figures, " / ".join(widths)])
    lines.sort(key=lambda line: line[1])
    head = ["", "property", "MAE", "R2", "Spearman", "top 320", "coverage", "width (MAE) in thirds"]
    return _table(head, lines)


def _chemarr(found: Mapping[str, Any]) -> str:
    lines = []
    for name, entry in found.items():
        errors = [f"{entry[key]:.4f}" for key in ("mae_rows", "mae_polymers")]
        held = [f"{entry[key]:.3f}" for key in ("coverage_rows", "coverage_polymers") if key in entry]
        thirds = " ".join(f"{error:.2f}" for error in entry.get("mae_thirds", ()))
        lines.append([name, str(entry["rows"]), *errors, " / ".join(held), thirds])
    head = ["", "rows tested", "MAE over rows", "MAE over polymers", "90 % interval holds, rows / polymers"]
    return _table([*head, "MAE of the surest, middle, least sure third of polymers"], lines)


def _molecules(found: Mapping[str, Any]) -> str:
    lines = []
    here = machine()
    parted = {(title.rpartition(", ")[0], int(title.rpartition(", ")[2])): entry for title, entry in found.items()}
    for (name, size), entry in sorted(parted.items()):
        name += "" if entry["machine"] == here else f" ({entry['machine']})"
        figures = [f"{entry['mae_mev']:.2f}", f"{entry['coverage_90']:.2f}", f"{entry['predict_ms']:.2f}"]
        lines.append([name, f"{size:,}", *figures])
    return _table(["", "training molecules", "MAE, meV", "coverage of 90 %", "scoring, ms a molecule"], lines)


def _speed(found: Mapping[str, Any]) -> str:
    lines = [[name, f"{rate['identified']:,.0f}", f"{rate['strings']:,.0f}"] for name, rate in found.items()]
    return _table(["", "identified", "strings"], lines)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n\n"


def main() -> None:
    """Measures what is missing and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.predictors", description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing")
    args = parser.parse_args()
    if not args.page:
        if "DATA_DIR" not in os.environ:
            parser.error("DATA_DIR must name the folder with htpmd/, chemarr/ and g4mp2/")
        for part in PARTS:
            subprocess.run([sys.executable, "-m", f"tests.bench.{part}"], check=True, cwd=ROOT)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(WORK))


if __name__ == "__main__":
    main()
