"""Networks with a law over the temperature: they learn, their curves rise, and a row may leave conditions open."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.chem import molecule
from mlcore.data import tables
from mlcore.data.conditions import Conditions
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.predictors import arrhenius
from mlcore.predictors.curves import curve
from mlcore.predictors.protocol import Given, Predictor
from mlcore.predictors.reach import reach
from mlcore.run import Run
from tests.mlcore.predictors.test_polymer_gnn import TEN

TINY = {"members": 2, "width": 32, "dropout": 0.0, "input_dropout": 0.0, "landmarks": 8, "least": 1}
CONDITIONS = [
    {"name": "temperature", "column": "T", "unit": "degC"},
    {"name": "salt", "kind": "structure"},
    {"name": "molality", "unit": "mol/kg"},
]
WHOLE = {"split": {"valid": 0, "test": 0}}
SALTS = ("[Li+].[Cl-]", "O=S(=O)([O-])C(F)(F)F.[Li+]")
HEADER = "smiles,log_sigma,T,salt,molality"


def settings(model: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    data = {
        "properties": [
            {"name": "sigma", "column": "log_sigma", "unit": "S/cm", "scale": "log10", "logarithm": True},
        ],
        "conditions": CONDITIONS,
    } | changes.pop("data", {})
    return {
        "architecture": "polymer-arrhenius",
        "device": "cpu",
        "model": TINY | (model or {}),
        "training": {"steps": 20, "batch_size": 8, "warmup_steps": 5, "valid_every": 10},
        "data": data,
        **changes,
    }


def sigma(number: int, celsius: float) -> float:
    """log10 S/cm of the made-up polymer with this number: an Arrhenius law of its own."""
    return -1.0 - 0.2 * number - (900 + 40 * number) / (celsius + 273.15)


def rows() -> list[str]:
    """Ten polymers at three temperatures, some without salt or its content."""
    told = [f"{SALTS[n % 2]},{0.5 + n / 10}" if n % 3 else "," for n in range(10)]
    return [f"{text},{sigma(n, celsius)},{celsius},{told[n]}" for n, text in enumerate(TEN) for celsius in (20, 50, 80)]


def write(folder: Path, lines: list[str], header: str = HEADER) -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def trained(folder: Path, lines: list[str], **changes: Any) -> Bundle:
    run_config = config.load(settings(**changes))
    table = tables.read(write(folder, lines), run_config.data, Events())
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, table, arrhenius.train(Run(run_config, table, Events(), folder / "checkpoint")))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("small"), rows())


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    model: Predictor = bundle.open_model(small.path, "predict", "cpu")
    return model


def given(celsius: list[float], salts: list[str] | None = None, molality: list[float] | None = None) -> Given:
    numbers = {"temperature": np.array(celsius)} | ({"molality": np.array(molality)} if molality else {})
    return Given(conditions=Conditions(numbers, {"salt": salts} if salts else {}))


def test_held_out_rows_are_counted_and_the_polymers_that_they_are_of(small: Bundle) -> None:
    held = small.manifest.metrics["sigma"]
    found = {part: measured for part, measured in held.items() if measured["n"]}
    assert found
    assert all(measured["structures"] * 3 == measured["n"] for measured in found.values())


@pytest.mark.parametrize("vogel_k", [0.0, 190.0])
def test_it_overfits_ten_polymers_at_three_temperatures(tmp_path: Path, vogel_k: float) -> None:
    training = {"steps": 800, "batch_size": 30, "learning_rate": 1e-2, "weight_decay": 0.0}
    found = trained(tmp_path, rows(), model={"vogel_k": vogel_k}, training=training, data=WHOLE)
    told = tables.read(tmp_path / "data.csv", found.config.data).conditions
    mean = (
        found.activate("cpu")
        .predict_keys(tables.read(tmp_path / "data.csv", found.config.data).keys, Given(conditions=told))
        .mean
    )
    truth = [sigma(n, celsius) for n in range(10) for celsius in (20, 50, 80)]
    assert np.abs(np.log10(mean[:, 0]) - truth).max() < 0.1


@pytest.mark.parametrize("vogel_k", [0.0, 190.0])
def test_every_curve_rises(tmp_path: Path, vogel_k: float) -> None:
    falling = [f"{text},{-5 - celsius / 50},{celsius},," for text in TEN for celsius in (20, 50, 80)]
    model = trained(tmp_path, falling, model={"vogel_k": vogel_k}).activate("cpu")
    warm = [float(celsius) for celsius in range(-60, 300, 5)]
    for text in ("*CCO*", "*CC(*)c1ccccc1"):
        found = model.predict([text] * len(warm), given(warm))
        assert (np.diff(found.mean[:, 0]) >= 0).all()
        assert found.mean[-1, 0] > found.mean[0, 0]


def test_an_answer_does_not_depend_on_the_others_or_their_order(predictor: Predictor) -> None:
    texts, salts = ["*CCO*", "*CCN*", "*CCO*", "*CC(*)C#N"], [SALTS[0], "", "", SALTS[1]]
    warm, content = [25.0, 60.0, 25.0, 90.0], [1.0, np.nan, np.nan, 2.0]
    whole = predictor.predict(texts, given(warm, salts, content))
    order = [2, 0, 3, 1]
    turned = predictor.predict(
        [texts[i] for i in order],
        given([warm[i] for i in order], [salts[i] for i in order], [content[i] for i in order]),
    )
    np.testing.assert_allclose(turned.mean, whole.mean[order], rtol=1e-5)
    np.testing.assert_allclose(turned.std, whole.std[order], rtol=1e-5)
    alone = predictor.predict(texts[1:2], given(warm[1:2], salts[1:2], content[1:2]))
    np.testing.assert_allclose(alone.mean, whole.mean[1:2], rtol=1e-5)


def test_cut_and_doubling_do_not_matter_and_what_is_not_said_is_no_obstacle(predictor: Predictor) -> None:
    found = predictor.predict(["*CCO*", "*COC*", "*CCOCCO*"], given([25.0] * 3))
    assert found.errors == [None] * 3
    np.testing.assert_allclose(found.mean, np.broadcast_to(found.mean[:1], (3, 1)), rtol=1e-5)
    said = predictor.predict(["*CCO*"], given([25.0], [SALTS[0]], [1.0]))
    assert said.mean[0, 0] != pytest.approx(found.mean[0, 0], rel=1e-3)
    alone = predictor.predict(["*CCO*"], given([25.0]))  # rounding depends on how many are scored at once
    none = predictor.predict(["*CCO*"], given([25.0], molality=[0.0]))
    assert none.mean[0, 0] == alone.mean[0, 0]


@pytest.mark.parametrize(
    ("celsius", "molality", "said"),
    [
        (-300.0, 1.0, "temperature: -26.85 K is no temperature"),
        (-273.15, 1.0, "temperature: 0 K is no temperature"),
        (float("nan"), 1.0, "temperature: is missing"),
        (float("inf"), 1.0, "temperature: inf K is no temperature"),
        (25.0, -1.0, "molality: -1 is below zero"),
    ],
)
def test_conditions_that_cannot_be_are_named(predictor: Predictor, celsius: float, molality: float, said: str) -> None:
    found = predictor.predict(["*CCO*", "*CCO*", "CC"], given([celsius, 25.0, 25.0], molality=[molality, 1.0, 1.0]))
    assert said in str(found.errors[0])
    assert found.errors[1] is None
    assert "end" in str(found.errors[2])
    assert np.isnan(found.mean[[0, 2]]).all()
    assert np.isfinite(found.mean[1]).all()


def test_none_of_a_salt_is_refused_and_no_salt_is_not(predictor: Predictor) -> None:
    found = predictor.predict(["*CCO*"] * 3, given([25.0] * 3, [SALTS[0], "", SALTS[0]], [0.0, 0.0, 1.0]))
    assert "molality: 0 beside a salt" in str(found.errors[0])
    assert found.errors[1:] == [None, None]


def test_without_any_condition_every_row_has_its_reason(predictor: Predictor) -> None:
    assert all("temperature: is missing" in str(error) for error in predictor.predict(["*CCO*", "*CCN*"]).errors)
    assert predictor.predict([]).mean.shape == (0, 1)


def test_beyond_the_training_rows_is_outside(predictor: Predictor) -> None:
    warm, content = [20.0, 80.0, 81.0, -30.0, 50.0, 50.0], [1.0, 1.0, 1.0, 1.0, 50.0, np.nan]
    found = predictor.predict(["*CCO*"] * 6, given(warm, molality=content))
    assert found.in_domain.tolist() == [True, True, False, False, False, True]
    assert found.doubts[2] == "354 K is beyond the training, 293 to 353 K"
    assert found.doubts[4].startswith("molality 50 is beyond the training, ")
    strange = predictor.predict(["*CCO*", "*CC(Br)O*"], given([50.0] * 2, ["[Br-].[Li+]", ""]))
    assert strange.in_domain.tolist() == [False, False]
    assert strange.doubts[0] == "no training salt has Br"
    assert "no training structure has Br" in strange.doubts[1]


def test_a_salt_with_an_element_that_none_had_is_outside(predictor: Predictor, small: Bundle, tmp_path: Path) -> None:
    salts = [*map(molecule.key, SALTS), "[Li+].[Te-]", "[Li+].[SeH-]", ""]
    asked = ["*CCO*"] * len(salts), given([50.0] * len(salts), salts)
    found = predictor.predict(*asked)
    assert found.in_domain.tolist() == [True, True, False, False, True]
    table = tables.read(write(tmp_path, rows()), small.config.data, Events())
    whole = arrhenius.train(Run(small.config, table, Events(), tmp_path / "checkpoint"))
    before = {name: tensor for name, tensor in whole.tensors.items() if name != "inputs.elements"}
    older = bundle.save(tmp_path / "older", small.config, table, replace(whole, tensors=before)).activate("cpu")
    again = older.predict(*asked)
    assert again.in_domain.tolist() == found.in_domain.tolist()
    np.testing.assert_allclose(again.mean, found.mean, rtol=1e-6)


def test_what_it_was_trained_between_can_be_read_without_it(small: Bundle) -> None:
    found = reach(small.manifest.config, (small.path / "model.safetensors").read_bytes())
    assert found == {"T": (293.15, 353.15), "molality": (0.6, 1.2)}  # of the training rows
    assert reach({}, b"no tensors") == reach({}, safetensors.numpy.save({"other": np.zeros(1)})) == {}


def test_a_curve_has_its_interval_and_its_unit(small: Bundle, predictor: Predictor) -> None:
    found = curve(small, "*CCO*", [300.0, 320.0, 340.0], {"salt": SALTS[0], "molality": "1"})
    one = predictor.predict(["*CCO*"], given([320.0 - 273.15], ["[Cl-].[Li+]"], [1.0]))
    assert found.mean[1] == pytest.approx(one.mean[0, 0], rel=1e-6)
    assert (found.lower < found.mean).all()
    assert (found.mean < found.upper).all()
    np.testing.assert_allclose(np.log10(found.upper / found.mean), np.log10(found.mean / found.lower))
    assert found.in_domain.all()
    for bad, said in (
        (("*CCO*", [-3.0]), "absolute zero"),
        (("CCO", [300.0]), "CCO"),
        (("*CCO*", [300.0], {"pressure": "1"}), "pressure"),
    ):
        with pytest.raises(UserError, match=said):
            curve(small, *bad)


def test_a_bundle_gives_the_same_again_and_tells_broken_weights(
    small: Bundle, predictor: Predictor, tmp_path: Path
) -> None:
    again: Predictor = bundle.open_model(small.path, "predict", "cpu")
    told = given([25.0, 70.0], [SALTS[0], ""])
    np.testing.assert_array_equal(
        again.predict(["*CCO*", "*CCN*"], told).mean, predictor.predict(["*CCO*", "*CCN*"], told).mean
    )
    run_config = config.load(settings())
    table = tables.read(write(tmp_path, rows()), run_config.data, Events())
    good = arrhenius.train(Run(run_config, table, Events(), tmp_path / "checkpoint"))
    tensors = dict(good.tensors)
    for number, name in enumerate(("inputs.mean", "scale.unit", "network.members.weights.0")):
        object.__setattr__(good, "tensors", {n: t for n, t in tensors.items() if n != name})
        saved = bundle.save(tmp_path / f"wrong{number}", run_config, table, good)
        with pytest.raises(UserError, match=r"do not fit|weights"):
            saved.activate("cpu")


def test_rows_without_a_temperature_teach_nothing(tmp_path: Path) -> None:
    wrong = [f"{text},-1,,," for text in TEN]
    with_gaps, without = trained(tmp_path, rows() + wrong, data=WHOLE), trained(tmp_path, rows(), data=WHOLE)
    assert (
        with_gaps.manifest.properties[0]["training_values"] == without.manifest.properties[0]["training_values"] == 30
    )
    with pytest.raises(UserError, match="no training row has a temperature"):
        trained(tmp_path, wrong)


@pytest.mark.parametrize(
    ("conditions", "said"),
    [([], "there are: none"), ([{"name": "temperature", "column": "T", "unit": "degF"}], "'degF' is no unit")],
)
def test_a_law_needs_a_temperature(tmp_path: Path, conditions: list[dict[str, str]], said: str) -> None:
    with pytest.raises(UserError, match=said):
        trained(tmp_path, rows(), data={"conditions": conditions})


def predicted(small: Bundle, folder: Path, table: Path, *options: str) -> tuple[int, list[dict[str, str]]]:
    out = folder / "out.csv"
    status = main(["predict", str(small.path), str(table), "--out", str(out), *options])
    with out.open(newline="") as file:
        return status, list(csv.DictReader(file))


def test_the_command_line_takes_conditions_from_columns_and_options(
    small: Bundle, predictor: Predictor, tmp_path: Path
) -> None:
    table = write(tmp_path, ["*CCO*,25,1", "*CCO*,-300,1", "*CCO*,60,"], "smiles,T,molality")
    _, found = predicted(small, tmp_path, table)
    assert "T: -300 degC is below absolute zero" in found[1]["error"]
    by_column = predictor.predict(["*CCO*"] * 2, given([25.0, 60.0], molality=[1.0, np.nan])).mean[:, 0]
    assert [float(found[i]["sigma"]) for i in (0, 2)] == pytest.approx(by_column.tolist(), rel=1e-4)
    options = ("--temperature-k", "353.15", "--condition", f"salt={SALTS[0]}", "--condition", "molality=2")
    _, found = predicted(small, tmp_path, table, *options)
    constant = predictor.predict(["*CCO*"], given([80.0], ["[Cl-].[Li+]"], [2.0])).mean[0, 0]
    assert [float(row["sigma"]) for row in found] == pytest.approx([constant] * 3, rel=1e-4)
    assert [float(row["T"]) for row in found] == pytest.approx([80.0] * 3)  # that of which the value is
    by_name = (*options[:3], "salt=LICL", *options[4:])
    assert predicted(small, tmp_path, table, *by_name) == (0, found)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--temperature-k", "-5"), "above absolute zero"),
        (("--temperature-k", "300", "--condition", "temperature=20"), "say the same"),
        (("--condition", "pressure=1"), "no condition 'pressure'; the model has temperature, salt, molality"),
        (("--condition", "molalty=1"), "no condition 'molalty'; did you mean 'molality'? the model has temperature,"),
        (("--condition", "molality"), "expected NAME=VALUE"),
        (("--condition", "molality=much"), "'much' is no finite number"),
        (("--condition", "temperature=-300"), "below absolute zero"),
        (("--condition", "salt=LiFoo"), "'LiFoo' is neither a salt known by name, such as LiTFSI, nor a SMILES"),
        (
            ("--temperature-k", "300", "--condition", "salt=LiTFSI", "--condition", "molality=0"),
            "leave the salt out too for the polymer without salt, or molality alone",
        ),
    ],
)
def test_options_that_cannot_be_end_the_command(
    small: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    table = write(tmp_path, ["*CCO*"], "smiles")
    assert main(["predict", str(small.path), str(table), "--out", str(tmp_path / "out.csv"), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_bundle_from_before_tells_what_it_told(tmp_path: Path) -> None:
    run_config = config.load(settings())
    table = tables.read(write(tmp_path, rows()), run_config.data, Events())
    made = arrhenius.train(Run(run_config, table, Events(), tmp_path / "checkpoint"))
    newer = ("spread.", "latent.", "traits.")
    older = {name: tensor for name, tensor in made.tensors.items() if not name.startswith(newer)}
    older |= {"scale.misfit": torch.tensor([0.3]).double(), "scale.factor": torch.tensor([2.0]).double()}
    object.__setattr__(made, "tensors", older)
    found = bundle.save(tmp_path / "older", run_config, table, made).activate("cpu").predict(["*CCO*"], given([25.0]))
    unit = float(older["scale.unit"])
    assert found.std[0, 0] >= 2 * 0.3 * unit  # and what the members disagree
    assert found.std[0, 0] < 2 * 2.0 * unit
    assert found.in_domain.all()


def test_how_sure_it_is_is_learned_from_members_that_leave_a_polymer_out_and_differs(tmp_path: Path) -> None:
    known = ["*" + "C" * arm + f"C({side})OC(=O)O*" for arm in range(1, 8) for side in ("C", "CC", "CO", "COC")]
    lines = [f"{text},{-4 - 0.3 * (text.count('C') % 5)},{celsius},," for text in known for celsius in (20, 60)]
    training = {"steps": 300, "batch_size": 32}
    saved = trained(tmp_path, lines, model={"members": 8, "dropout": 0.1}, data=WHOLE, training=training)
    assert "leave it out of their training" in (saved.path / "card.md").read_text()
    std = saved.activate("cpu").predict(known, given([40.0] * len(known))).std[:, 0]
    assert std.max() > 1.3 * std.min()
