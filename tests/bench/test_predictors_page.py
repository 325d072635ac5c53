"""The page of the predictors' benchmark: it holds what was measured, and nothing that was not."""

import json
from pathlib import Path

from tests.bench import predictors
from tests.bench.generators_report import machine
from tests.bench.predictors_molecules import LEVELS, MODELS, subset


def test_the_page_shows_what_was_measured(tmp_path: Path) -> None:
    assert "G4MP2" not in predictors.page(tmp_path)
    entry = {"mae_mev": 3.456, "coverage_90": 0.9, "predict_ms": 1.234, "machine": machine()}
    entries = {"fchl delta, 2758": entry, "fchl delta, 300": entry | {"machine": "of another kind", "mae_mev": 9}}
    (tmp_path / "molecules.json").write_text(json.dumps(entries))
    text = predictors.page(tmp_path)
    rows = [
        "| fchl delta (of another kind) | 300 | 9.00 | 0.90 | 1.23 |",
        "| fchl delta | 2,758 | 3.46 | 0.90 | 1.23 |",
    ]
    assert "\n".join(rows) in text
    assert "ChemArr" not in text


def test_models_have_names_of_their_own_and_configurations_that_differ() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
    delta, direct = (next(model for model in MODELS if model.name == f"fchl {way}") for way in ("delta", "direct"))
    assert delta.config()["data"]["properties"][0]["baseline"] == "u0_b3lyp"
    assert "baseline" not in direct.config()["data"]["properties"][0]


def test_smaller_tables_are_parts_of_larger_ones(tmp_path: Path) -> None:
    source = tmp_path / "all.csv"
    columns = ["inchi", "xyz", "u0_g4mp2", *(column for column, _ in LEVELS.values())]
    source.write_text(f"{','.join(columns)},other\n" + "".join(f"{i},x,1,2,3,4,5\n" for i in range(50)))
    few, many = (subset(source, n, tmp_path / f"{n}.csv").read_text().splitlines() for n in (5, 20))
    assert few == many[:6]
    assert len(many) == 21
