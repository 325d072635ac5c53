"""The page that tests.bench.generators writes: its figures beside the published ones."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

Report = dict[str, Any]
Measure = Callable[[Report], float | None]


@dataclass(frozen=True)
class Row:
    """One case at one N: a report of `mlcore evaluate` for each seed."""

    title: str
    n: int
    distinct: bool
    reports: Sequence[Report]


def _judge(architecture: str) -> Measure:
    def share(report: Report) -> float | None:
        shares = [j["above_threshold"] for j in report.get("judges", []) if j["architecture"] == architecture]
        return next(iter(shares[0].values())) if shares else None

    return share


def _distance(kind: str, to: str) -> Measure:
    return lambda report: report.get("distances", {}).get(kind, {}).get(to)


MEASURES: tuple[tuple[str, Measure], ...] = (
    ("uniq", lambda r: r["uniqueness"]),
    ("novel", lambda r: r["novelty"]),
    ("valid", lambda r: r["validity"]),
    ("synth", lambda r: r["synthesizability"]),
    ("simil", lambda r: r["similarity"]),
    ("divers", lambda r: r["diversity"]),
    ("VUN", lambda r: r["vun"]),
    ("novel by key", lambda r: r["by_key"]["novelty"]),
    ("VUN by key", lambda r: r["by_key"]["vun"]),
    ("VUN by key, lineage", lambda r: r["by_key"].get("vun_lineage", r["by_key"]["vun"])),
    ("above, network", _judge("polymer-gnn")),
    ("above, trees", _judge("trees")),
    ("FCD to all", _distance("fcd", "reference")),
    ("FCD to the high", _distance("fcd", "above")),
)

PUBLISHED = """\
| label high, published or run from published checkpoints | N | uniq | novel | valid | synth | simil | divers | |
|---|---|---|---|---|---|---|---|---|
| minGPT, its authors' notebooks | 100 | .92-.97 | .54-.64 | .87-.96 | .91-.98 | .26 | .69-.70 | three runs |
| minGPT, its authors' checkpoint | 1,000 | .793 | .621 | .918 | .941 | | .702 | VUN .488, by key .380; above .433 |
| 1Ddiffusion | 100 | 1.00 | .97-.99 | .09-.11 | .63-.88 | .26-.27 | .65-.67 | |
| diffusion-LM | 309 | .676 | .139 | .987 | .974 | .291 | .687 | |
| TransCVAE, 2026 | 51,200 | | | .990 | | | | VUN .503, above .998, FCD 16.5 |
| minGPT retrained, 2026 | 51,200 | | | .922 | | | | VUN .399, above .369, FCD .42 |
"""

INTRODUCTION = """\
# Generators, compared

Written by `DATA_DIR=... make bench-generators`, which trains, draws and measures with the commands that anyone has,
`python -m mlcore train | generate | evaluate`; the configurations are in `tests/bench/configs/`.

Mean ± standard deviation over samples of {seeds} seeds. Every string that was drawn counts, dropout is off, there is no
`--accept`. *Distinct* rows are sampled without replacement (`--distinct`): a string that came before is drawn again.
Uniqueness, novelty and validity are PolyGen's, against all 6,024 polymers of HTP-MD; *by key* compares polymers and not
their spelling; *lineage* takes the pretraining corpus for known too. *Above* is the share of valid strings that a
predictor puts above 1.23422e-4 S/cm; neither predictor took part in training or guiding. Both were fitted to HTP-MD, as
the generators were, and no generated polymer has been simulated. FCD is that of the first sample at the smaller N.

Machine: {machine}.
"""


def page(rows: Sequence[Row], work: Path, trainings: Sequence[str]) -> str:
    """The whole page in Markdown."""
    seeds = max((len(row.reports) for row in rows), default=0)
    parts = [INTRODUCTION.format(seeds=seeds, machine=machine())]
    for n, group in groupby(sorted(rows, key=lambda row: row.n), key=lambda row: row.n):
        parts += [f"## N = {n:,}\n", table(list(group), seeds)]
    parts += ["## Published\n", PUBLISHED, "## Training\n", _trainings(work, trainings)]
    speed = work / "speed.json"
    parts += ["\n## Speed\n", _speed(json.loads(speed.read_text()))] if speed.exists() else []
    return "\n".join(parts)


def on_a_gpu(rows: Sequence[Row], work: Path, trainings: Sequence[str]) -> str:
    """The section about a work folder of another machine."""
    results = (json.loads(line) for path in sorted(work.glob("*.jsonl")) for line in path.read_text().splitlines())
    devices = sorted({line["device"] for line in results if line["event"] == "result" and "device" in line})
    text = f"Trained and drawn by the same commands on {', '.join(devices)}, a sample a case, seed 0."
    return "\n".join(["\n## On a GPU\n", text + "\n", _trainings(work, trainings), table(rows)])


def table(rows: Sequence[Row], seeds: int = 0) -> str:
    """One row a case, one column a measure that any of them has; a row of fewer seeds says so."""
    cells = [[_cell([measure(report) for report in row.reports]) for _, measure in MEASURES] for row in rows]
    kept = [place for place in range(len(MEASURES)) if any(line[place] for line in cells)]
    head = ["", *(MEASURES[place][0] for place in kept)]
    lines = [_line(head), _line(["---"] * len(head))]
    for row, line in zip(rows, cells, strict=True):
        title = f"{row.title}, distinct" if row.distinct else row.title
        title += f" ({len(row.reports)} of {seeds} seeds)" if len(row.reports) < seeds else ""
        lines.append(_line([title, *(line[place] for place in kept)]))
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    digits = 3 if abs(mean(known)) < 2 else 2
    spread = f" ± {stdev(known):.{digits}f}".replace("0.", ".", 1) if len(known) > 1 else ""
    return f"{mean(known):.{digits}f}".removeprefix("0") + spread


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _trainings(work: Path, names: Sequence[str]) -> str:
    """Losses and times, and what a pretraining saves: steps until the loss that training from scratch comes to."""
    head = ["", "steps", "best validation loss", "at step", "seconds, all in all", "as good as from scratch at step"]
    lines = [_line(head), _line(["---"] * len(head))]
    for name in names:
        if curve := _curve(work / f"{name}.jsonl"):
            step, loss = _best(curve)
            seconds = work / f"{name}.seconds"
            spent = seconds.read_text() if seconds.exists() else ""
            scratch = _curve(work / f"{name.partition('-tuned')[0]}.jsonl") if "-tuned" in name else []
            saved = _saved(curve, _best(scratch)) if scratch else ""
            lines.append(_line([name, f"{curve[-1][0]:,}", f"{loss:.4f}", f"{step:,}", spent, saved]))
    return "\n".join(lines) + "\n"


def _saved(curve: Sequence[tuple[int, float]], target: tuple[int, float]) -> str:
    """When a fine-tuning is as good as the best of training from scratch."""
    reached = next((step for step, loss in curve if loss <= target[1]), None)
    return "never" if reached is None else f"{reached:,}, {reached / target[0]:.2f} of {target[0]:,}"


def _curve(events: Path) -> list[tuple[int, float]]:
    """(step, validation loss) of a training."""
    if not events.exists():
        return []
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    return [
        (line["step"], line["value"])
        for line in lines
        if line["event"] == "metric" and line["name"] == "loss" and line["split"] == "valid"
    ]


def _best(curve: Sequence[tuple[int, float]]) -> tuple[int, float]:
    return min(curve, key=lambda point: point[1])


def _speed(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """What `tests.bench.speed` measured."""
    lines = [_line(["", "seconds", "CPU seconds"]), _line(["---"] * 3)]
    for part in ("training", "evaluating"):
        for name, spent in found[part].items():
            times = [f"{spent[key]:.0f}" for key in ("seconds", "cpu_seconds")]
            lines.append(_line([f"{part} {'10,000 strings: ' if part == 'evaluating' else ''}{name}", *times]))
    lines += ["", _line(["strings drawn", "a second", "a CPU second"]), _line(["---"] * 3)]
    lines += [_line([name, *(f"{rate:,.0f}" for rate in rates.values())]) for name, rates in found["drawing"].items()]
    return "By `python -m tests.bench.speed`, in one run.\n\n" + "\n".join(lines) + "\n"


def machine() -> str:
    """What the figures were made on."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ", no GPU"
    return f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}{gpu}"
