"""Evaluations of generation runs as `python -m mlcore evaluate` reports them, and the job keeps them."""

from typing import Any

from registry.models import GenerationRun, ModelVersion
from tests import factories


def report(n: int = 1000, **changes: Any) -> dict[str, Any]:
    """One with every key; two judges, one of them without a value."""
    content = {
        "n": n,
        "uniqueness": 0.9,
        "novelty": 0.7,
        "validity": 0.98,
        "vun": 0.6,
        "synthesizability": 0.95,
        "similarity": 0.25,
        "diversity": 0.71,
        "by_key": {"uniqueness": 0.85, "novelty": 0.6, "vun": 0.5, "vun_lineage": 0.45},
        "judges": [
            {"name": "ions v1", "version": 1, "architecture": "polymer-gnn", "digest": "a" * 64,
             "above_threshold": {"conductivity": 0.82}},
            {"name": "ions v2", "version": 2, "architecture": "trees", "digest": "b" * 64,
             "above_threshold": {"conductivity": None}},
        ],
        "distances": {"descriptors": {"reference": 2.5, "above": 1.5}},
        "histograms": [
            {"name": "sa_score", "unit": "", "scale": "linear", "edges": [1, 2, 3], "sample": [30, 70],
             "reference": [400, 600]},
            {"name": "conductivity", "unit": "S/cm", "scale": "log10", "edges": [1e-5, 1e-4, 1e-3],
             "sample": [20, 80], "reference": [900, 100], "judge": "ions v1", "reference_values": "measured"},
        ],
        "population": "drawn",
        "drawn": n,
        "reference": {"name": "HTP-MD v1", "rows": 6024, "sha256": "c" * 64},
        "thresholds": {"conductivity": 1e-4},
    }  # fmt: skip
    return content | changes


def run(version: ModelVersion | None = None, evaluation: dict[str, Any] | None = None, **fields: Any) -> GenerationRun:
    """A finished run asked for high conductivity, with that evaluation."""
    evaluation = report() if evaluation is None else evaluation
    fields = {"condition": {"conductivity": "high"}, "requested": evaluation.get("n") or 10} | fields
    return factories.generation_run(
        model_version=version or factories.model_version("generate"),
        job=factories.job("generate", state="succeeded"),
        metrics={"n": 1000} | ({"evaluation": evaluation} if evaluation else {}),
        **fields,
    )
