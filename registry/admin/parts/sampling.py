"""How the strings of a generation run were drawn, and so of which strings its shares are."""

from registry.models import GenerationRun

REPLACED = "with replacement: repeats count"


def asked_number(run: GenerationRun) -> str:
    """1,000 different strings."""
    what = "new structures" if run.accept else "different strings" if run.distinct else "strings"
    return f"{run.requested:,} {what}"


def sampling(run: GenerationRun) -> str:
    """The way in words, with how many strings it took where that was not fixed beforehand."""
    if run.accept:
        return f"until so many new structures were found{_took(run)}"
    return f"without replacement: repeats were drawn again{_took(run)}" if run.distinct else REPLACED


def _took(run: GenerationRun) -> str:
    n, reported = run.metrics.get("n"), run.metrics.get("mlcore", {})
    if not n:
        return ""
    short = "" if reported.get("fulfilled", True) else "; fewer were found than asked for"
    return f", {n:,} strings in all{short}"


def population(run: GenerationRun) -> str:
    """Of which strings a comparison of generators is told."""
    return "the different strings" if run.distinct else "all strings drawn"
