"""The shipped model of G4MP2 energies."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle
from mlcore.predictors.protocol import Given, Predictor

SHIPPED = Path(bundle.__file__).parent / "zoo" / "fchl-g4mp2"
HARTREE = 27_211.386  # meV
INCHI = "InChI=1S/C4H7N3/c1-5-4-2-6-3-7-4/h2-3,5H,1H3,(H,6,7)"
B3LYP, G4MP2 = -320.78699, -320.422714
XYZ = """14
H7 C4 N3
C 0.056265 1.393435 0.109570
N -0.183558 -0.016176 -0.121540
C 0.537714 -0.644030 -1.125890
C 1.184252 -0.095833 -2.211812
N 1.682309 -1.189212 -2.910014
C 1.332978 -2.302680 -2.223096
N 0.642289 -2.015325 -1.140460
H 1.117336 1.639247 0.283750
H -0.282380 1.975914 -0.755491
H -0.525569 1.722175 0.973772
H -0.218098 -0.583115 0.713509
H 1.328936 0.913773 -2.552236
H 2.213026 -1.153160 -3.762866
H 1.605358 -3.295142 -2.549535"""  # of g4mp2/valid.csv


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    opened: Predictor = bundle.open_model(SHIPPED, "predict", "cpu")
    return opened


def test_it_corrects_a_molecule_that_it_has_not_seen(shipped: Predictor) -> None:
    found = shipped.predict([INCHI], Given(geometries=[XYZ], baselines=np.array([[B3LYP]])))
    assert found.errors == [None]
    assert abs(found.mean[0, 0] - G4MP2) * HARTREE < 20
    assert 0.5 < found.std[0, 0] * HARTREE < 50


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 2_600_000


@pytest.mark.realdata
def test_the_error_in_the_documentation_comes_out_again(shipped: Predictor) -> None:
    with (Path(os.environ["DATA_DIR"]) / "g4mp2" / "valid.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    baselines = np.array([[float(row["u0_b3lyp"])] for row in rows])
    found = shipped.predict([row["inchi"] for row in rows], Given([row["xyz"] for row in rows], None, baselines))
    errors = (found.mean[:, 0] - [float(row["u0_g4mp2"]) for row in rows]) * HARTREE
    assert np.abs(errors).mean() == pytest.approx(3.49, abs=0.05)
