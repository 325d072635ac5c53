"""A model that is told one new value learns it and keeps the rest of what it knew."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle, catalog, config
from mlcore.bundle import Bundle
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.run import Run

STORED = Path(__file__).parents[2] / "data" / "gnn_htpmd_predictions.json"
ZOO = Path(catalog.__file__).parent / "zoo" / "gnn-htpmd"
TOLD = "*CCOCCOC(=O)O*"
OTHERS = ["*OCCNC(=O)OCC*", "*CC(C)OC(=O)NCC*", "*CC(*)c1ccccc1", "*OC(=O)CCCCC(=O)OCC*", "*NCC(=O)OCC(F)(F)*"]


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return bundle.load(ZOO)


def taught(folder: Path, parent: Bundle, value: str, examples: bool = True) -> Bundle:
    """The parent trained further on one value of the first of its six properties."""
    known = parent.manifest.properties
    names = [entry["name"] for entry in known]
    (folder / "data.csv").write_text(f"smiles,{','.join(names)}\n{TOLD},{value},,,,,\n")
    settings = config.load(
        {
            "architecture": "polymer-gnn",
            "device": "cpu",
            "model": {} if examples else {"rehearsal": 0},
            "training": {"steps": 25, "warmup_steps": 5, "learning_rate": 5e-4},
            "data": {"properties": [{k: entry[k] for k in ("name", "unit", "scale")} for entry in known]},
        }
    )
    table = tables.read(folder / "data.csv", settings.data, Events())
    trained = catalog.get("polymer-gnn").train(Run(settings, table, Events(), folder / "checkpoint", parent))
    return bundle.save(folder / "bundle", settings, table, trained, parent.digest)


def conductivities(model: Bundle, structures: list[str]) -> np.ndarray:
    """log10 of S/cm."""
    return np.log10(model.activate("cpu").predict(structures).mean[:, 0])


def test_one_value_is_learned_and_the_others_stay(shipped: Bundle, tmp_path: Path) -> None:
    before = conductivities(shipped, [TOLD, *OTHERS])
    model = taught(tmp_path, shipped, str(10 ** (before[0] + 0.7)))
    after = conductivities(model, [TOLD, *OTHERS])
    assert after[0] - before[0] > 0.35
    assert np.abs(after[1:] - before[1:]).mean() < 0.15
    assert np.array_equal(model.tensors["network.calibration"], shipped.tensors["network.calibration"])
    assert np.array_equal(
        model.tensors["network.members.0.layers.0.finish.0.running_mean"],
        shipped.tensors["network.members.0.layers.0.finish.0.running_mean"],
    )


def test_the_record_counts_old_and_new(shipped: Bundle, tmp_path: Path) -> None:
    model = taught(tmp_path, shipped, "1e-7")
    entry, earlier = model.manifest.properties[0], shipped.manifest.properties[0]
    assert (entry["training_values"], entry["earlier_values"]) == (1, earlier["training_values"])
    assert (entry["minimum"], entry["maximum"]) == (min(1e-7, earlier["minimum"]), earlier["maximum"])
    assert model.manifest.properties[1]["training_values"] == 0
    assert model.manifest.properties[1]["maximum"] == shipped.manifest.properties[1]["maximum"]
    assert len(model.examples) == 512
    assert len(set(model.examples) - set(shipped.examples)) <= 1


def test_what_was_in_the_domain_still_is(shipped: Bundle, tmp_path: Path) -> None:
    model = taught(tmp_path, shipped, "1e-5")
    known = [row["smiles"] for row in json.loads(STORED.read_text())]
    before = shipped.activate("cpu").predict(known).in_domain
    after = model.activate("cpu").predict([*known, TOLD]).in_domain
    assert before.any()
    assert (after[:-1] >= before).all()
    assert after[-1]


def test_nothing_new_at_all_is_refused(shipped: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no training row has a value of conductivity, .*nothing to learn"):
        taught(tmp_path, shipped, "")


def test_without_rehearsal_the_rest_is_forgotten_faster(shipped: Bundle, tmp_path: Path) -> None:
    before = conductivities(shipped, [TOLD, *OTHERS])
    value = str(10 ** (before[0] + 0.7))
    moved = []
    for number, examples in enumerate((True, False)):
        folder = tmp_path / str(number)
        folder.mkdir()
        moved.append(np.abs(conductivities(taught(folder, shipped, value, examples), OTHERS) - before[1:]).mean())
    assert moved[0] < 0.7 * moved[1]
