"""Two processes, started by torchrun, train on the CPU over gloo the model that one trains on twice the batch."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore import bundle
from mlcore.__main__ import main
from tests.mlcore.conftest import SAMPLE, tiny

pytestmark = pytest.mark.slow

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "mlcore"]
QUIET = {"dropout": 0.0}
GPT = tiny(model=QUIET, training={"report_every": 1})
GNN = {
    **tiny(training={"report_every": 1, "learning_rate": 2e-3}),
    "architecture": "polymer-gnn",
    "model": {"members": 2, "width": 16, "layers": 1, **QUIET},
    "data": {
        "smiles_column": "mol_smiles",
        "properties": [
            {"name": "conductivity", "unit": "S/cm", "scale": "log10"},
            {"name": "half", "column": "conductivity_of_some", "scale": "log10"},
        ],
    },
}
WITHOUT_GRADIENT = ("gather.nn.0.bias", "gather.nn.3.bias", "running_mean", "attention.qkv.bias")
"""What batch normalisation or a softmax takes away has no gradient but noise, of which Adam makes whole steps."""
FOLLOWING = "latent."
"""What is measured with the weights, and kept in half precision."""


class Folder:
    """A place to train in, with a table in which every other value of a second property is missing."""

    def __init__(self, path: Path) -> None:
        self.path, self.data = path, path / "data.csv"
        header, *rows = SAMPLE.read_text().splitlines()
        column = header.split(",").index("conductivity")
        kept = (f"{row},{row.split(',')[column] if i % 2 else ''}" for i, row in enumerate(rows))
        self.data.write_text("\n".join([f"{header},conductivity_of_some", *kept]))

    def arguments(self, name: str, content: dict[str, Any], *more: str) -> list[str]:
        """The command that trains BUNDLE `name`."""
        config = self.path / f"{name}.json"
        config.write_text(json.dumps(content))
        return ["train", str(config), "--data", str(self.data), "--out", str(self.path / name), "--events", *more]

    def together(self, *arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        """The same command in two processes."""
        command = [*TORCHRUN, *self.arguments(*arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def curve(events: list[dict[str, Any]]) -> dict[tuple[str, str, int], float]:
    return {(e["split"], e["name"], e["step"]): e["value"] for e in events if e["event"] == "metric"}


def doubled(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "training": {**content["training"], "batch_size": 2 * content["training"]["batch_size"]}}


def assert_same(folder: Folder, one: str, other: str) -> None:
    ours, theirs = (bundle.load(folder.path / name).tensors for name in (one, other))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        loose = name.endswith(WITHOUT_GRADIENT) or name.startswith(FOLLOWING)
        slack = 0.02 if loose else 1e-4
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-4, atol=slack, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.parametrize("content", [GPT, GNN], ids=["gpt", "polymer-gnn"])
def test_two_processes_equal_one_with_twice_the_batch(
    folder: Folder, content: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with folder.together("two", content) as process:
        out, err = process.communicate(timeout=900)
    assert process.returncode == 0, err
    assert main(folder.arguments("one", doubled(content))) == 0
    both, alone = told(out), told(capsys.readouterr().out)
    assert [e["event"] for e in both].count("result") == 1
    assert len([e for e in both if e["event"] == "checkpoint"]) == 2
    ours, expected = curve(both), curve(alone)
    learned = {point: value for point, value in expected.items() if point[0] == "train"}
    assert len(learned) == 12
    assert {point: ours[point] for point in learned} == pytest.approx(learned, rel=1e-5)
    assert ours == pytest.approx(expected, rel=1e-3 if content is GNN else 1e-5)  # WITHOUT_GRADIENT
    assert_same(folder, "two", "one")
    assert "2 processes, each on cpu" in (folder.path / "two" / "card.md").read_text()
    assert "steps of 16" in (folder.path / "two" / "card.md").read_text()


def test_sigterm_leaves_one_checkpoint_from_which_both_go_on(folder: Folder) -> None:
    content = tiny(model={"dropout": 0.5}, training={"steps": 60, "checkpoint_every": 20, "report_every": 1})
    with folder.together("whole", content) as process:
        whole = told(process.communicate(timeout=900)[0])
    with folder.together("parts", content) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if json.loads(line)["event"] == "metric":
                os.kill(process.pid, signal.SIGTERM)
                break
        first = told("".join(lines) + process.stdout.read())
    assert process.returncode != 0
    assert [e["event"] for e in first].count("checkpoint") == 1
    assert "--resume" in first[-1]["message"]
    assert not (folder.path / "parts").exists()
    with folder.together("parts", content, "--resume") as process:
        second = told(process.communicate(timeout=900)[0])
    assert any(e["event"] == "log" and e["message"].startswith("resumed at step") for e in second)
    assert curve(first) | curve(second) == curve(whole)
    ours, theirs = (bundle.load(folder.path / name).tensors for name in ("parts", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_one_that_dies_ends_the_other_with_one_line(folder: Folder) -> None:
    with folder.together("model", tiny(training={"steps": 100_000, "checkpoint_every": 5})) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "checkpoint":
                break
        os.kill(helper(process.pid), signal.SIGKILL)
        rest, complaints = process.communicate(timeout=900)
    assert process.returncode != 0
    message = "another process of this training has died; run the same command with --resume"
    assert [e["message"][: len(message)] for e in told(rest) if e["event"] == "error"] == [message]
    assert "mlcore/training.py" not in complaints, "a traceback of ours"
    assert (folder.path / "model.checkpoint").is_file()


def helper(torchrun: int) -> int:
    """The process with rank 1."""
    children = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    return next(int(pid) for pid in children if b"\0RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes())


def test_an_error_that_both_make_is_told_once(folder: Folder) -> None:
    folder.data.write_text("mol_smiles,conductivity\n*CCO*,1e-5\n")
    with folder.together("model", tiny()) as process:
        out, err = process.communicate(timeout=900)
    assert [e["message"] for e in told(out) if e["event"] == "error"] == [
        "a batch of 1 rows cannot be shared by 2 processes; start fewer"
    ]
    assert err.count("error: ") == 1
    assert "exitcode  : 2" in err
    assert not (folder.path / "model").exists()


def test_different_tables_are_refused(folder: Folder) -> None:
    for rank in (0, 1):
        rows = folder.data.read_text().splitlines()
        (folder.path / f"{rank}.csv").write_text("\n".join(rows[: len(rows) - rank]))
    command = folder.arguments("model", tiny())
    command[command.index("--data") + 1] = f"{folder.path}/$RANK.csv"
    script = f"exec {shlex.quote(sys.executable)} -m mlcore {' '.join(command)}"
    done = subprocess.run(
        [*TORCHRUN[:-2], "--no-python", "bash", "-c", script], capture_output=True, text=True, timeout=900
    )
    assert [e["message"] for e in told(done.stdout) if e["event"] == "error"] == [
        "process 1 was given another configuration, table or checkpoint than process 0; all need the same files"
    ]
