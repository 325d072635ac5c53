"""The page of the comparison is made of reports and training curves, and of nothing else."""

import json
from pathlib import Path
from typing import Any

from mlcore import config
from tests.bench.generators import CASES, TRAININGS
from tests.bench.generators_report import Row, on_a_gpu, page, table


def report(validity: float) -> dict[str, Any]:
    return {
        **dict.fromkeys(("uniqueness", "novelty", "synthesizability", "similarity", "diversity", "vun"), 0.5),
        "validity": validity,
        "by_key": {"novelty": 0.25, "vun": 0.125},
        "judges": [{"architecture": "trees", "above_threshold": {"conductivity": 0.75}}],
    }


def test_a_row_has_mean_and_spread() -> None:
    text = table([Row("gpt, high", 1000, True, [report(0.9), report(1.0)])])
    head, _, line = text.splitlines()
    cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
    assert cells["valid"] == ".950 ± .071"
    assert line.startswith("| gpt, high, distinct |")
    assert "above, trees" in head
    assert "FCD" not in head  # nobody has it


def test_the_page_tells_what_pretraining_saves(tmp_path: Path) -> None:
    for name, losses in (("gpt", [3.0, 2.0, 1.0]), ("gpt-tuned", [1.5, 0.9, 0.8])):
        lines = [
            {"event": "metric", "name": "loss", "split": "valid", "step": 100 * step, "value": loss}
            for step, loss in enumerate(losses, start=1)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    text = page([Row("gpt, free", 1000, False, [report(0.9)])], tmp_path, ["gpt", "gpt-tuned"])
    assert "| gpt-tuned | 300 | 0.8000 | 300 |  | 200, 0.67 of 300 |" in text


def test_another_machine_has_a_section_of_its_own(tmp_path: Path) -> None:
    lines = [
        {"event": "metric", "name": "loss", "split": "valid", "step": 100, "value": 0.5},
        {"event": "result", "device": "NVIDIA H100"},
    ]
    (tmp_path / "gpt.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "gpt.seconds").write_text("48")
    text = on_a_gpu([Row("gpt, high", 1000, False, [report(0.9)])], tmp_path, ["gpt", "gpt-tuned"])
    assert "on NVIDIA H100, " in text
    assert "| gpt | 100 | 0.5000 | 100 | 48 |  |" in text
    assert "| gpt, high | .500 |" in text


def test_every_case_has_its_training_and_every_training_its_configuration() -> None:
    names = {training.name for training in TRAININGS}
    assert {case.training for case in CASES} <= names
    assert len(CASES) == len({case.name for case in CASES})
    for training in TRAININGS:
        assert not training.parent or training.parent in names
        assert config.load(training.config).architecture in training.name
