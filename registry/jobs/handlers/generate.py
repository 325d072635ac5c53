"""Generation: strings from a generator, every one a Proposal, the new structures candidates; then how good they are."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Count, Q

from registry.actions.ingest import AddProposals, Drawn
from registry.jobs.attempt import Attempt
from registry.jobs.child import run_mlcore
from registry.jobs.handlers.bundles import unpacked
from registry.jobs.handlers.device import keep_device
from registry.jobs.handlers.evaluate import evaluate
from registry.jobs.handlers.quality import quality
from registry.models import Candidate, GenerationRun, Structure

BATCH = 500
DRAWN, TAKEN_IN = 0.5, 0.9  # shares of the bar; the rest is measuring

NUMBERS = {"temperature": "--temperature", "top_k": "--top-k", "guidance": "--guidance", "calls": "--calls"}
SWITCHES = {"grammar": "--grammar"}


def generate(attempt: Attempt, run: GenerationRun) -> None:
    """Draw, unless an earlier attempt has; take in what is not in yet; count and measure."""
    out = attempt.folder / "drawn.csv"
    if not out.exists():  # mlcore's output appears whole or not at all
        reported = _draw(attempt, run, out)
        keep_device(attempt, run, reported)
        rates = {name: value for name, value in reported.items() if name not in ("out", "device")}
        attempt.write(lambda: GenerationRun.objects.filter(pk=run.pk).update(metrics={"mlcore": rates}))
    last = run.proposals.order_by("-rank").values_list("rank", flat=True).first()
    rows = list(_drawn(out))
    for batch in _batches(rows[0 if last is None else last + 1 :]):
        attempt.write(AddProposals(actor=None, generation_run=run, rows=batch).run)
        attempt.progress(
            DRAWN + (TAKEN_IN - DRAWN) * (batch[-1].rank + 1) / len(rows),
            f"{batch[-1].rank + 1:,} of {len(rows):,} taken in",
        )
    attempt.write(lambda: _count(run))
    evaluate(attempt, run)


def _draw(attempt: Attempt, run: GenerationRun, out: Path) -> dict[str, object]:
    """mlcore's report on a new file with every string it drew."""
    arguments: list[str | Path] = ["generate", unpacked(attempt, run.model_version), "-n", str(run.requested)]
    arguments += ["--seed", str(run.seed)]
    for name, wish in run.condition.items():
        arguments += ["--condition", f"{name}={wish}"]
    for name, value in run.config.items():
        if name in SWITCHES:
            arguments += [SWITCHES[name]] if value else []
        else:
            arguments += [NUMBERS[name], str(value)]
    if run.accept:
        known = attempt.folder / "known.txt"
        _write_known(run, known)
        arguments += ["--accept", "--known", known, "--raw", out, "--out", attempt.folder / "accepted.csv"]
    elif run.distinct:
        arguments += ["--distinct", "--raw", out, "--out", attempt.folder / "distinct.csv"]
    else:
        arguments += ["--out", out]
    return run_mlcore(attempt, arguments, stage="generating", until=DRAWN)


def _write_known(run: GenerationRun, path: Path) -> None:
    """Keys of everything that the registry held before the run."""
    mine = Candidate.objects.filter(proposals__run=run, proposals__known=False)
    known = Structure.objects.exclude(candidate__in=mine).values_list("key", flat=True)
    with path.open("w") as file:
        file.writelines(f"{key}\n" for key in known.iterator(chunk_size=10_000))


def _drawn(path: Path) -> Iterator[Drawn]:
    seen: set[str] = set()
    with path.open(newline="") as file:
        for rank, row in enumerate(csv.DictReader(file)):
            key = row["key"]
            yield Drawn(
                rank, row["smiles"], float(row["log_likelihood"]) if row["log_likelihood"] else None, key in seen
            )
            if key:
                seen.add(key)


def _batches(rows: list[Drawn]) -> Iterator[list[Drawn]]:
    source = iter(rows)
    return iter(lambda: list(itertools.islice(source, BATCH)), [])


def _count(run: GenerationRun) -> None:
    """Shares of all N strings, as the registry sees them: the structure, not the spelling, decides.

    Of a run without replacement, those of the different strings stand beside, as `distinct`.
    """
    rates = _rates(run, "pk") | ({"distinct": _rates(run, "text")} if run.distinct else {})
    candidates = run.proposals.filter(duplicate=False, known=False, candidate__isnull=False).count()
    run.refresh_from_db(fields=["metrics"])
    run.metrics = {**run.metrics, **rates, "new_structures": candidates, **quality(run)}
    run.save(update_fields=["metrics"])


def _rates(run: GenerationRun, counted: str) -> dict[str, float]:
    """n, and its shares: of every string (by `pk`), or of the different ones (by `text`)."""
    unique = Q(valid=True, duplicate=False)
    asked = {
        "valid": Q(valid=True),
        "unique": unique,
        "new": Q(valid=True, known=False),
        "vun": unique & Q(known=False),
    }
    found = run.proposals.aggregate(
        n=Count(counted, distinct=True),
        **{f"n_{name}": Count(counted, filter=chosen, distinct=True) for name, chosen in asked.items()},
    )
    return {"n": found["n"], **{name: found[f"n_{name}"] / found["n"] for name in asked}}
