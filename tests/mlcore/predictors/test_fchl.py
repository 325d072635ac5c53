"""The kernel model of molecular energies: it learns, sees molecules as nature does, and says what it cannot do."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from scipy.spatial.transform import Rotation

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.chem import geometry
from mlcore.chem.geometry import Geometry
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.predictors import fchl, fchl_fit
from mlcore.predictors.protocol import Given, Predictor
from mlcore.run import Run
from tests.mlcore.conftest import Recorder

SMILES = ["C" * n + end for n in range(1, 8) for end in ("", "O", "N", "C#N", "C(C)(C)O")]
WHOLE = {"valid": 0, "test": 0}
PARTS = {"valid": 0.3, "test": 0.2}


def energy(smiles: str) -> float:
    """Something like an energy: mostly atoms, a little of it the shape."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    bent = np.linalg.norm(geometry.guess(smiles).positions.std(axis=0))
    return float(sum(-atom.GetMass() for atom in molecule.GetAtoms()) + 0.02 * bent - 0.1 * smiles.count("O"))


def rows(smiles: list[str] = SMILES) -> list[list[object]]:
    return [[text, geometry.guess(text).to_xyz(), energy(text), 2.0 * i] for i, text in enumerate(smiles)]


def written(path: Path, table: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["smiles", "xyz", "u0", "other"], *table])
    return path


def settings(split: dict[str, float], properties: tuple[str, ...] = ("u0",), **model: Any) -> dict[str, Any]:
    return {
        "architecture": "fchl",
        "device": "cpu",
        "model": model,
        "data": {
            "kind": "molecule",
            "geometry_column": "xyz",
            "split": split,
            "properties": [{"name": name, "unit": "Ha"} for name in properties],
        },
    }


def trained(folder: Path, table: list[list[object]], content: dict[str, Any], told: Recorder | None = None) -> Bundle:
    run_config, events = config.load(content), told or Recorder()
    read = tables.read(written(folder / "table.csv", table), run_config.data, events)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, read, fchl.train(Run(run_config, read, events, folder / "checkpoint")))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("fchl"), rows(), settings(PARTS))


@pytest.fixture(scope="module")
def predictor(model: Bundle) -> Predictor:
    opened: Predictor = bundle.open_model(model.path, "predict", "cpu")
    return opened


def test_it_overfits_ten_rows(tmp_path: Path) -> None:
    ten = rows()[:10]
    found = trained(tmp_path, ten, settings(WHOLE, ridge=1e-12)).activate("cpu")
    given = Given(geometries=[str(row[1]) for row in ten])
    answers = found.predict(SMILES[:10], given)
    np.testing.assert_allclose(answers.mean[:, 0], [row[2] for row in ten], atol=1e-5)
    assert answers.in_domain.mean() > 0.5


def test_a_wrong_value_misleads_less_where_noise_may_have_tails(tmp_path: Path) -> None:
    """Its own prediction stays with the others; their errors are those of a table without it, nearly."""
    table, wrong = rows(), 12
    truth = np.array([row[2] for row in table])
    table[wrong][2] = truth[wrong] + 1.0
    off = []
    for freedom in (0, 3):
        found = trained(tmp_path, table, settings(WHOLE, ridge=1e-4, freedom=freedom)).activate("cpu")
        said = found.predict(SMILES, Given(geometries=[str(row[1]) for row in table])).mean[:, 0]
        off.append(np.abs(said - truth))
    assert off[1].mean() < 0.5 * off[0].mean()
    assert off[0][wrong] > 0.2


def test_it_predicts_what_it_has_not_seen(model: Bundle) -> None:
    measured = model.manifest.metrics["u0"]
    assert measured["test"]["mae"] < 0.02
    assert measured["valid"]["n"] == model.manifest.split["valid"] >= 9
    assert measured["valid"]["coverage_90"] >= 0.9


def test_few_atoms_stand_for_all(model: Bundle, tmp_path: Path) -> None:
    few = trained(tmp_path, rows(), settings(PARTS, inducing=150))
    kept = [len(few.tensors[f"element.{z}.weights"]) for z in (1, 6, 7, 8)]
    assert sum(kept) <= 150 < sum(len(model.tensors[f"element.{z}.weights"]) for z in (1, 6, 7, 8))
    assert few.manifest.metrics["u0"]["test"]["mae"] < 0.02
    assert few.manifest.metrics["u0"]["valid"]["coverage_90"] >= 0.9


def moved(found: Geometry, seed: int) -> Geometry:
    """Turned, shifted, and with its atoms in another order."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(found.numbers))
    positions = Rotation.random(rng=random).apply(found.positions) + random.normal(size=3) * 5
    return Geometry(found.numbers[order], positions[order])


def test_neither_place_nor_direction_nor_order_of_atoms_matters(predictor: Predictor) -> None:
    texts = SMILES[10:20]
    found = [geometry.guess(text) for text in texts]
    straight = predictor.predict(texts, Given(geometries=found))
    turned = predictor.predict(texts, Given(geometries=[moved(one, seed) for seed, one in enumerate(found)]))
    np.testing.assert_allclose(turned.mean, straight.mean, atol=1e-5)
    np.testing.assert_allclose(turned.std, straight.std, rtol=1e-2)


def test_the_mirror_image_has_the_same_energy_and_another_shape_has_not(predictor: Predictor) -> None:
    found = geometry.guess("CCCCO")
    mirrored = Geometry(found.numbers, found.positions * [1, 1, -1])
    stretched = Geometry(found.numbers, found.positions * 1.03)
    mean = predictor.predict(["CCCCO"] * 3, Given(geometries=[found, mirrored, stretched])).mean[:, 0]
    assert mean[1] == pytest.approx(mean[0], abs=1e-6)
    assert abs(mean[2] - mean[0]) > 1e-5


def test_neither_company_nor_order_matters(predictor: Predictor) -> None:
    together, backward = predictor.predict(SMILES), predictor.predict(SMILES[::-1])
    np.testing.assert_allclose(backward.mean[::-1], together.mean, atol=1e-7)
    alone = [predictor.predict([text]).mean[0] for text in SMILES[:5]]
    np.testing.assert_allclose(alone, together.mean[:5], atol=1e-7)


def test_a_geometry_is_guessed_where_none_is_given(predictor: Predictor) -> None:
    guessed = predictor.predict(["CCCO", "OCCC"])
    given = predictor.predict_keys(["CCCO"], Given(geometries=[geometry.guess("CCCO")]))
    assert guessed.errors == [None, None]
    np.testing.assert_allclose(guessed.mean[:, 0], given.mean[0, 0], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "block", "said"),
    [
        ("CCCl", None, "no training structure has Cl"),
        ("C[CH2]", None, "radical"),
        ("[Na+].[Cl-]", None, "no geometry is given and none could be guessed: .*overlapping atoms; give one"),
        ("C1#CC1", None, "no geometry is given and none could be guessed: distance geometry finds no"),
        ("[Na]CC", None, "Na"),
        ("CCO", geometry.guess("CCN").to_xyz(), "the geometry is of C2H7N, CCO is C2H6O"),
        ("[H][H]", "2\n\nH 0 0 0\nH 0 0 0.1\n", "overlapping atoms"),
        ("CCO", "no xyz", "no xyz block"),
        ("*CC*", None, "open chain end"),
        ("not a molecule", None, "white space"),
    ],
)
def test_what_cannot_be_scored_is_named_and_the_others_are_scored(
    predictor: Predictor, text: str, block: str | None, said: str
) -> None:
    found = predictor.predict(["CCO", text, "CCN"], Given(geometries=[None, block, ""]))
    assert re.search(said, found.errors[1] or "")
    assert found.errors[0] is found.errors[2] is None
    assert np.isnan(found.mean[1]).all()
    assert not found.in_domain[1]
    np.testing.assert_allclose(found.mean[[0, 2]], predictor.predict(["CCO", "CCN"]).mean, atol=1e-9)


def test_nothing_to_score(predictor: Predictor) -> None:
    assert predictor.predict([]).mean.shape == (0, 1)
    assert np.isnan(predictor.predict(["CCCl"]).mean).all()


def test_a_strange_molecule_is_outside_and_less_sure(tmp_path: Path) -> None:
    chains, asked = ["C" * n + end for n in range(3, 12) for end in ("", "O")], ["CCCCCO", "O=C1C=CC(=O)O1"]
    model = trained(tmp_path, rows(chains), settings(WHOLE)).activate("cpu")
    found = model.predict(asked, Given([geometry.guess(text).to_xyz() for text in asked]))
    assert found.errors == [None, None]
    assert found.in_domain.tolist() == [True, False]
    assert found.std[1, 0] > 2 * found.std[0, 0]
    guessed = model.predict(asked)
    assert guessed.doubts[0] == "its geometry is guessed, and the model has learned from computed ones"


def test_what_cannot_be_learned_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="4 training molecules are too few; at least 5"):
        trained(tmp_path, rows()[:4], settings(WHOLE))
    with pytest.raises(UserError, match="u0: column 'u0' has the same value in all 8"):
        trained(tmp_path, [[*row[:2], -1.5, 0] for row in rows()[:8]], settings(WHOLE))
    with pytest.raises(UserError, match="at least one property"):
        trained(tmp_path, rows()[:8], settings(WHOLE, ()))


def test_a_polymer_has_no_geometry(tmp_path: Path) -> None:
    content = settings(WHOLE)
    content["data"] |= {"kind": "polymer", "geometry_column": ""}
    with pytest.raises(UserError, match=r'data.kind: .* "molecule"'):
        trained(tmp_path, [["*" + "C" * n + "O*", "", n, 0] for n in range(1, 7)], content)


def test_rows_of_strange_elements_are_left_out_of_validation_and_named(tmp_path: Path) -> None:
    told = Recorder()
    table = rows() + [[text, geometry.guess(text).to_xyz(), -5.0, 0] for text in ("CCl", "CBr", "CS", "CP")]
    found = trained(tmp_path, table, settings({"valid": 0.2, "test": 0.4}), told)
    parts = found.manifest.split
    warned = [line for line in told.of("log") if "no training molecule has" in line["message"]]
    assert parts["train"] + parts["valid"] + parts["test"] + len(warned) == len(table)
    assert len(warned) >= 1


def test_radicals_are_left_out_and_the_first_are_named(tmp_path: Path) -> None:
    told, radicals = Recorder(), [["C" * n + "[CH2]", "", -1.0, 0] for n in range(1, 9)]
    found = trained(tmp_path, [*radicals[:4], *rows(), *radicals[4:]], settings(PARTS), told)
    alone = trained(tmp_path, rows(), settings(PARTS))
    warned = [line["message"] for line in told.of("log") if "left out" in line["message"]]
    assert [text.split(":")[0] for text in warned[:-1]] == [text for text, *_ in radicals[:5]]
    assert warned[-1] == "3 more rows left out for such reasons"
    assert found.manifest.split == alone.manifest.split
    assert found.manifest.metrics["u0"]["test"]["n"] == alone.manifest.metrics["u0"]["test"]["n"]
    with pytest.raises(UserError, match="4 training molecules are too few"):
        trained(tmp_path, [*rows()[:4], *radicals], settings(WHOLE))


def test_a_missing_value_teaches_nothing(tmp_path: Path) -> None:
    table = rows()[:16]
    sparse = [[*row[:3], row[3] if i % 2 else ""] for i, row in enumerate(table)]
    both = trained(tmp_path, sparse, settings(WHOLE, ("u0", "other"))).activate("cpu")
    one = trained(tmp_path, table, settings(WHOLE)).activate("cpu")
    np.testing.assert_allclose(both.predict(SMILES).mean[:, 0], one.predict(SMILES).mean[:, 0], atol=1e-6)
    assert np.isfinite(both.predict(SMILES).mean).all()


def test_a_bundle_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    run_config = config.load(settings(WHOLE))
    read = tables.read(written(tmp_path / "table.csv", rows()[:10]), run_config.data, Recorder())
    good = fchl.train(Run(run_config, read, Recorder(), tmp_path / "checkpoint"))
    tensors = dict(good.tensors)
    for number, wrong in enumerate((
        {name: tensor for name, tensor in tensors.items() if name != "element.6.weights"},
        tensors | {"element.6.weights": tensors["element.6.weights"][1:]},
        tensors | {"element.1.mean.0": tensors["element.1.mean.0"][1:]},
        tensors | {"dressed.elements": tensors["dressed.elements"][:1]},
    )):  # fmt: skip
        object.__setattr__(good, "tensors", wrong)
        saved = bundle.save(tmp_path / f"wrong{number}", run_config, read, good)
        with pytest.raises(UserError, match="the weights do not fit the configuration"):
            saved.activate("cpu")


def test_through_the_command_line_with_a_baseline(tmp_path: Path) -> None:
    content = settings(PARTS)
    content["data"]["properties"] = [{"name": "u0", "unit": "Ha", "baseline": "other"}]
    (tmp_path / "config.json").write_text(json.dumps(content))
    table = written(tmp_path / "table.csv", rows())
    ask = ["train", str(tmp_path / "config.json"), "--data", str(table), "--out", str(tmp_path / "model"), "--resume"]
    assert main(ask) == 0
    bad = rows()
    bad[2][1], bad[5][3], bad[7][0] = "1\n\nH 0 0 0", "", "nothing"
    source, out = written(tmp_path / "in.csv", bad), tmp_path / "out.csv"
    assert main(["predict", str(tmp_path / "model"), str(source), "--out", str(out)]) == 0
    with out.open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert [i for i, row in enumerate(answers) if row["error"]] == [2, 5, 7]
    card = (tmp_path / "model" / "card.md").read_text()
    assert "left out of the fit" in card
    assert "MB" in card


def test_the_rows_looked_at_have_errors_of_every_property() -> None:
    residuals = np.ones((2400, 2))
    residuals[:, 1] = np.nan
    residuals[[1, 3, 5, 8, 2111], 1] = 1
    chosen = fchl_fit._spread_out(residuals)
    assert {1, 3, 5, 8, 2111} <= set(chosen.tolist())
    assert 195 <= len(chosen) <= 205
    assert (np.diff(chosen) > 0).all()
