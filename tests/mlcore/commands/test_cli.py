"""The command line as a user meets it: files, exit status, one line on stderr."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlcore import catalog, device
from mlcore.__main__ import main
from mlcore.chem import polymer
from tests.mlcore.conftest import SAMPLE, tiny


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(tiny(condition={"report_samples": 20})))
    return file


def test_the_catalog_needs_no_torch_and_describes_every_setting() -> None:
    code = "import sys, mlcore.__main__ as m; m.main(['catalog', '--json']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    described = json.loads(done.stdout)
    gpt = next(entry for entry in described["architectures"] if entry["name"] == "gpt")
    width = next(field for field in gpt["model"] if field["name"] == "width")
    assert (width["type"], width["default"], width["minimum"]) == ("integer", 96, 8)
    assert set(described["sections"]) == {"training", "data", "condition", "evaluation"}


def test_the_catalog_for_a_person(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["catalog"]) == 0
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    assert "gpt           generate" in text
    for name, default in (
        ("model.leaves", "15"),
        ("architecture", "required"),
        ("seed", "0"),
        ("training.warmup_steps", "100"),
        ("data.split.test", "0.1"),
        ("data.properties[].name", "required"),
        ("condition.high_quantile", "0.95"),
    ):
        assert [line[1] for line in lines if line[:1] == [name]] == [default]
    assert "size of the residual stream; a multiple of heads (8 to 4096)" in text
    own = [line for line in text.splitlines() if line.startswith("  its own defaults of training")]
    assert len(own) == len(catalog.ARCHITECTURES)
    assert own[0].endswith("steps 3000, batch_size 96, learning_rate 0.001")


def test_train_generate_evaluate(config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, drawn = tmp_path / "model", tmp_path / "drawn.csv"
    assert main(["train", str(config_file), "--data", str(SAMPLE), "--out", str(model), "--events"]) == 0
    told = events(capsys.readouterr().out)
    assert {"progress", "metric", "checkpoint", "result"} <= {event["event"] for event in told}
    assert told[-1]["metrics"]["samples"]["conductivity=high"]["n"] == 20
    assert told[-1]["device"] == device.describe(device.select("auto"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model"]

    ask = ["generate", str(model), "-n", "30", "--seed", "3", "--condition", "conductivity=high", "--out", str(drawn)]
    assert main(ask) == 0
    first = drawn.read_bytes()
    assert main(ask) == 0
    assert drawn.read_bytes() == first
    table = rows(drawn)
    assert list(table[0]) == ["smiles", "log_likelihood", "valid", "key"]
    assert len(table) == 30

    capsys.readouterr()
    reference = ["--reference", str(SAMPLE), "--reference-column", "mol_smiles"]
    assert main(["evaluate", str(drawn), *reference, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 30


def test_accept_goes_on_until_enough_new_structures(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, raw, known = tmp_path / "new.csv", tmp_path / "raw.csv", tmp_path / "keys.txt"
    assert main(["generate", str(zoo), "-n", "20", "--out", str(tmp_path / "plain.csv")]) == 0
    taken = {row["key"] for row in rows(tmp_path / "plain.csv") if row["key"]}
    known.write_text("\n".join(taken))
    capsys.readouterr()
    ask = ["generate", str(zoo), "-n", "20", "--accept", "--out", str(out), "--raw", str(raw), "--known", str(known)]
    assert main([*ask, "--reference", str(SAMPLE), "--reference-column", "mol_smiles", "--events"]) == 0
    keys = [row["key"] for row in rows(out)]
    assert len(keys) == len(set(keys)) == 20
    assert not set(keys) & taken
    assert not set(keys) & {polymer.key(row["mol_smiles"]) for row in rows(SAMPLE)}
    result = events(capsys.readouterr().out)[-1]
    assert result["accepted"] == 20
    assert result["fulfilled"] is True
    assert result["device"] == device.describe(device.select("auto"))
    assert result["drawn"] == len(rows(raw)) > 20
    assert result["valid"] == sum(int(row["valid"]) for row in rows(raw)) / result["drawn"]


def test_accept_gives_up_at_the_ceiling(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new.csv"
    ask = ["generate", str(tiny_bundle), "-n", "50", "--accept", "--max-attempts", "60", "--out", str(out)]
    assert main(ask) == 0
    found = len(rows(out))
    assert found < 50
    captured = capsys.readouterr()
    assert f"warning: found {found} of 50 after 60 attempts; see --max-attempts" in captured.err.splitlines()
    assert "fulfilled                    False" in captured.out.splitlines()
    assert main([*ask, "--events"]) == 0
    assert events(capsys.readouterr().out)[-1]["fulfilled"] is False


def test_distinct_strings_come_with_the_raw_rates(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, raw = tmp_path / "distinct.csv", tmp_path / "raw.csv"
    ask = ["generate", str(zoo), "--condition", "conductivity=high", "--distinct", "--temperature", "0.5", "--events"]
    assert main([*ask, "-n", "80", "--out", str(out), "--raw", str(raw)]) == 0
    result = events(capsys.readouterr().out)[-1]
    texts, drawn = [row["smiles"] for row in rows(out)], rows(raw)
    assert texts == list(dict.fromkeys(row["smiles"] for row in drawn))
    assert len(texts) == 80 < len(drawn)
    assert result["drawn"] == len(drawn)
    assert result["valid"] == sum(int(row["valid"]) for row in drawn) / len(drawn)
    assert result["distinct"] == {"strings": 80, "valid": sum(int(row["valid"]) for row in rows(out)) / 80}
    assert main([*ask, "-n", "80", "--max-attempts", "40", "--out", str(out)]) == 0
    found = [row["smiles"] for row in rows(out)]
    assert found == texts[: len(found)]
    assert f"found {len(found)} of 80 after 40 attempts" in capsys.readouterr().out


def test_strings_of_a_grammar_come_with_what_it_changed(
    learned_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = [
        "generate",
        str(learned_bundle),
        "-n",
        "300",
        "--temperature",
        "1.2",
        "--out",
        str(tmp_path / "out.csv"),
        "--events",
    ]
    assert main([*ask, "--grammar"]) == 0
    masked = events(capsys.readouterr().out)[-1]
    assert masked["valid"] >= 0.97  # a network that learned little draws aromatic atoms now and then
    assert masked["grammar"] is True
    assert main(ask) == 0
    raw = events(capsys.readouterr().out)[-1]
    assert "grammar" not in raw
    assert masked["unmasked_grammatical"] == pytest.approx(raw["valid"], abs=0.07)


BAD = [
    (["generate", "BUNDLE", "-n", "0", "--out", "OUT"], "-n 0: must be between 1 and 1,000,000"),
    (["generate", "BUNDLE", "-n", "10000000", "--out", "OUT"], "-n 10000000: must be between 1 and 1,000,000"),
    (["generate", "BUNDLE", "-n", "many", "--out", "OUT"], "invalid int value: 'many'"),
    (["generate", "BUNDLE", "--seed", "-1", "--out", "OUT"], "must not be negative"),
    (["generate", "BUNDLE", "--temperature", "0", "--out", "OUT"], "--temperature 0: must be above 0"),
    (["generate", "BUNDLE", "--temperature", "nan", "--out", "OUT"], "--temperature nan: must be above 0"),
    (["generate", "BUNDLE", "--guidance", "inf", "--out", "OUT"], "--guidance inf"),
    (["generate", "BUNDLE", "--condition", "mass=high", "--out", "OUT"], "condition mass: unknown property"),
    (
        ["generate", "BUNDLE", "--condition", "conductivity=top", "--out", "OUT"],
        "expected a number in S/cm, low or high",
    ),
    (["generate", "BUNDLE", "--condition", "conductivity=5", "--out", "OUT"], "outside of the trained range"),
    (
        ["generate", "BUNDLE", "--condition", "conductivity", "--out", "OUT"],
        "expected PROPERTY=CLASS or PROPERTY=VALUE",
    ),
    (["generate", "BUNDLE", "--known", "none.txt", "--out", "OUT"], "need --accept"),
    (["generate", "BUNDLE", "--raw", "raw.csv", "--out", "OUT"], "need --accept or --distinct"),
    (["generate", "BUNDLE", "--accept", "--distinct", "--out", "OUT"], "exclude each other"),
    (["generate", "BUNDLE", "--accept", "--known", "none.txt", "--out", "OUT"], "--known none.txt: No such file"),
    (["generate", "BUNDLE", "--out", "nowhere/out.csv"], "nowhere/out.csv cannot be written: No such file"),
    (["generate", "nowhere", "--out", "OUT"], "bundle nowhere: no such folder"),
    (["generate", "BUNDLE"], "the following arguments are required: --out"),
    (["evaluate", "SAMPLE", "--reference", "SAMPLE"], "column 'smiles' is missing"),
    (["evaluate", "EMPTY", "--reference", "EMPTY"], "there are no rows"),
    (["train", "none.json", "--data", "SAMPLE", "--out", "OUT"], "configuration none.json: No such file"),
    (["train", "CONFIG", "--data", "EMPTY", "--out", "OUT"], "column 'mol_smiles' is missing; did you mean 'smiles'?"),
    (["train", "CONFIG", "--data", "HEADER", "--out", "OUT"], "there are no rows below the column names"),
    (["train", "CONFIG", "--data", "VOID", "--out", "OUT"], "void.csv: the file is empty"),
    (["evaluate", "VOID", "--reference", "VOID"], "void.csv: the file is empty"),
    (["train", "CONFIG", "--data", "SAMPLE", "--out", "BUNDLE"], "exists already"),
    (["train", "CONFIG", "--data", "SAMPLE", "--out", "OUT", "--init", "nowhere"], "bundle nowhere: no such folder"),
    (["fly"], "invalid choice: 'fly'"),
    ([], "the following arguments are required: command"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[str],
    message: str,
    tiny_bundle: Path,
    config_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty, out = tmp_path / "empty.csv", tmp_path / "out.csv"
    empty.write_text("smiles\n")
    header, void = tmp_path / "header.csv", tmp_path / "void.csv"
    header.write_text("mol_smiles,conductivity\n")
    void.touch()
    places = {
        "HEADER": header,
        "VOID": void,
        "BUNDLE": tiny_bundle,
        "SAMPLE": SAMPLE,
        "CONFIG": config_file,
        "EMPTY": empty,
        "OUT": out,
    }
    assert main([str(places.get(word, word)) for word in arguments]) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not out.exists()


def test_only_a_training_is_shared_by_processes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["generate", "BUNDLE", "--out", "x.csv"]) == 2
    assert capsys.readouterr().err == "error: generate runs in one process; torchrun is for train\n"


def test_an_error_is_an_event_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "nowhere", "--out", "x.csv", "--events"]) == 2
    captured = capsys.readouterr()
    assert events(captured.out)[-1]["message"] == "bundle nowhere: no such folder"
    assert captured.err == "error: bundle nowhere: no such folder\n"


def test_sigterm_leaves_a_checkpoint_from_which_training_goes_on(tmp_path: Path) -> None:
    config_file, model = tmp_path / "config.json", tmp_path / "model"
    long = tiny(training={"steps": 100_000, "checkpoint_every": 5})
    config_file.write_text(json.dumps(long))
    command = [
        sys.executable,
        "-m",
        "mlcore",
        "train",
        str(config_file),
        "--data",
        str(SAMPLE),
        "--out",
        str(model),
        "--events",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "checkpoint":
                break
        os.kill(process.pid, signal.SIGTERM)
        rest = process.stdout.read()
    assert process.returncode == 143
    assert "--resume" in events(rest)[-1]["message"]
    assert (tmp_path / "model.checkpoint").is_file()
    assert not model.exists()


def test_any_property_on_any_scale_and_none_at_all(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    known = [row["mol_smiles"] for row in rows(SAMPLE)][:20]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["smiles", "share"], *([text, text.count("O") / len(text)] for text in known)])
    for name, properties in (("linear", [{"name": "oxygen", "column": "share"}]), ("free", [])):
        settings = tiny()
        settings["data"] = {"properties": properties}
        config_file = tmp_path / f"{name}.json"
        config_file.write_text(json.dumps(settings))
        assert main(["train", str(config_file), "--data", str(table), "--out", str(tmp_path / name)]) == 0
        wish = ["--condition", "oxygen=high"] if properties else []
        out = tmp_path / f"{name}.csv"
        assert main(["generate", str(tmp_path / name), "-n", "5", *wish, "--out", str(out)]) == 0
        assert len(rows(out)) == 5
