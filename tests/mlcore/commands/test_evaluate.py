"""`python -m mlcore evaluate`: judges, distances, histograms and lineage, as a user meets them."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcore import bundle
from mlcore.__main__ import main
from mlcore.chem import polymer
from mlcore.data.sequences import plain_ends
from mlcore.data.tables import read_column
from mlcore.evaluation import frechet
from tests.mlcore.conftest import SAMPLE

GNN, TREES = (Path(bundle.__file__).parent / "zoo" / name for name in ("gnn-htpmd", "trees-htpmd"))
REFERENCE = ["--reference", str(SAMPLE), "--reference-column", "mol_smiles"]
MEDIAN = 5.4e-5
THRESHOLD = ["--threshold", f"conductivity={MEDIAN}"]
NEW = ["*CCOCCNC(=O)O*", "*OCCOCCNC(=O)*", "*CC(F)OC(=O)NC*", "*CCSCCOC(=O)O*", "*CC(C)OCC(=O)N*"]
KNOWN = [plain_ends(text) for text in read_column(SAMPLE, "mol_smiles")[:9]]
DRAWN = [*NEW, NEW[0], *KNOWN, "nonsense", "*CC"]


def write(path: Path, texts: Sequence[str], column: str = "smiles") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[column], *([text] for text in texts)])
    return path


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return write(tmp_path / "drawn.csv", DRAWN)


def report(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", *map(str, arguments), "--json"]) == 0
    content = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert isinstance(content, dict)
    return content


def test_judges_of_different_kind(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, drawn, *REFERENCE, "--predictor", GNN, "--predictor", TREES, *THRESHOLD)
    assert "above_threshold" not in found
    for judge, path in zip(found["judges"], (GNN, TREES), strict=True):
        model = bundle.load(path)
        mean = model.activate("cpu").predict(DRAWN).mean[:, 0]
        share = float((mean[np.isfinite(mean)] >= MEDIAN).mean())
        assert judge == {
            "name": path.name,
            "architecture": model.manifest.architecture,
            "digest": model.digest,
            "above_threshold": {"conductivity": pytest.approx(share)},
        }
    assert [judge["architecture"] for judge in found["judges"]] == ["polymer-gnn", "trees"]


def test_distances_to_all_and_to_what_lies_above(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, drawn, *REFERENCE, *THRESHOLD)
    assert found["judges"] == []
    assert "frechet" not in found
    with SAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    all_rows, high = (
        frechet.descriptors([row["mol_smiles"] for row in rows if float(row["conductivity"]) >= least])
        for least in (0, MEDIAN)
    )
    known = {polymer.key(row["mol_smiles"]) for row in rows}
    clean = frechet.descriptors([text for text in NEW if polymer.key(text) not in known])
    assert found["distances"] == {
        "descriptors": {
            "reference": pytest.approx(frechet.scaled_distance(clean, all_rows, all_rows)),
            "above": pytest.approx(frechet.scaled_distance(clean, high, all_rows)),
        }
    }


def test_without_a_threshold_or_a_column_nothing_lies_above(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(capsys, drawn, *REFERENCE)["distances"]["descriptors"]["above"] is None
    bare = write(tmp_path / "bare.csv", read_column(SAMPLE, "mol_smiles"))
    found = report(capsys, drawn, "--reference", bare, "--predictor", TREES, *THRESHOLD)
    assert found["distances"]["descriptors"]["above"] is None
    assert found["distances"]["descriptors"]["reference"] > 0
    (one,) = (entry for entry in found["histograms"] if entry["name"] == "conductivity")
    assert one["reference_values"] == "predicted"
    assert sum(one["reference"]) == 61


def test_histograms_count_every_valid_string(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, drawn, *REFERENCE, "--predictor", TREES, "--predictor", GNN, *THRESHOLD)
    names = ["sa_score", "heavy_atoms", "molecular_weight", "conductivity"]
    assert [entry["name"] for entry in found["histograms"]] == names
    for entry in found["histograms"]:
        assert len(entry["edges"]) == len(entry["sample"]) + 1 == len(entry["reference"]) + 1
        assert entry["edges"] == sorted(set(entry["edges"]))
        assert sum(entry["sample"]) == len(DRAWN) - 2
        assert sum(entry["reference"]) == 61
    last = found["histograms"][-1]
    assert (last["unit"], last["scale"], last["judge"], last["reference_values"]) == (
        "S/cm", "log10", "trees-htpmd", "measured")  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_lineage_has_seen_is_not_new(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], packed: bool
) -> None:
    first = write(tmp_path / "first.csv", ["*C*", "*CNC(=O)OC(F)C*", "?"], "psmiles")
    second = write(tmp_path / "second.csv", ["*CCCCCC*", "*CCCOC(=O)O*"], "psmiles")
    if packed:
        first = tmp_path / "first.csv.gz"
        first.write_bytes(gzip.compress((tmp_path / "first.csv").read_bytes()))
    alone = report(capsys, drawn, *REFERENCE)["by_key"]
    found = report(capsys, drawn, *REFERENCE, "--lineage", first, "--lineage", second, "--lineage-column", "psmiles")[
        "by_key"
    ]
    assert {name: found[name] for name in alone} == alone
    assert set(found) - set(alone) == {"novelty_lineage", "vun_lineage"}
    assert found["vun_lineage"] == pytest.approx(found["vun"] - 1 / len(DRAWN))
    assert found["novelty_lineage"] == pytest.approx(found["novelty"] - 1 / 15)


@pytest.mark.slow
def test_fcd_is_there_when_asked_for(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, drawn, *REFERENCE, *THRESHOLD, "--fcd")["distances"]["fcd"]
    assert found["reference"] > 0
    assert found["above"] > 0


def test_no_valid_string_gives_nulls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = write(tmp_path / "bad.csv", ["nonsense", "*CC", "nonsense"])
    found = report(capsys, bad, *REFERENCE, "--predictor", TREES, *THRESHOLD, "--lineage", SAMPLE, "--lineage-column",
                   "mol_smiles")  # fmt: skip
    assert (found["n"], found["validity"], found["novelty"]) == (3, 0, 1)
    assert found["similarity"] is found["diversity"] is found["synthesizability"] is None
    assert found["by_key"] == {"uniqueness": None, "novelty": None, "vun": 0, "novelty_lineage": None, "vun_lineage": 0}
    assert found["judges"][0]["above_threshold"] == {"conductivity": None}
    assert found["distances"]["descriptors"] == {"reference": None, "above": None}
    assert all(sum(entry["sample"]) == 0 for entry in found["histograms"])


def test_for_a_person_a_line_each(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(drawn), *REFERENCE, "--predictor", str(TREES), *THRESHOLD]) == 0
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"validity", "by_key.vun", "distances.descriptors.reference"} < set(lines)
    assert "above_threshold.trees-htpmd.conductivity" in lines
    assert not [line for line in lines if line.startswith(("histograms", "judges"))]


BAD = [
    (["--predictor", "nowhere", *THRESHOLD], "bundle nowhere: no such folder"),
    (["--predictor", TREES], "--predictor trees-htpmd needs a --threshold of a property that it knows: conductivity, "),
    (["--predictor", TREES, "--threshold", "hue=3"], "--predictor trees-htpmd needs a --threshold of a property"),
    (["--predictor", "GENERATOR", *THRESHOLD], "a model that can predict is needed, this one can generate"),
    (["--threshold", "hue=3"], "--threshold hue: neither a predictor nor the reference knows it"),
    (["--threshold", "conductivity=high"], "--threshold 'conductivity=high': expected P=VALUE, a number"),
    (["--threshold", "conductivity"], "--threshold 'conductivity': expected P=VALUE"),
    (["--threshold", "conductivity=nan"], "--threshold 'conductivity=nan': expected P=VALUE"),
    ([*THRESHOLD, *THRESHOLD], "--threshold conductivity: given twice"),
    (["--lineage", "none.csv"], "none.csv: No such file"),
    (["--lineage", SAMPLE], "column 'smiles' is missing"),
    (["--lineage", "BROKEN"], "broken.csv.gz: not a whole gzip file"),
    (["--lineage", "CUT"], "cut.csv.gz: not a whole gzip file"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[object],
    message: str,
    drawn: Path,
    zoo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken, cut = tmp_path / "broken.csv.gz", tmp_path / "cut.csv.gz"
    broken.write_bytes(b"smiles\n*CC*\n")
    cut.write_bytes(gzip.compress(b"smiles\n" + b"*CC*\n" * 999)[:-12])
    places = {"GENERATOR": zoo, "BROKEN": broken, "CUT": cut}
    given = [str(places.get(str(word), word)) for word in arguments]
    assert main(["evaluate", str(drawn), *REFERENCE, *given]) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert message in line
