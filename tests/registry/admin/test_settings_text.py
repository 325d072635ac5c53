"""Settings and metrics are told in words; a page of a run shows no key of its configuration."""

import re

from django.urls import reverse

from registry.admin.parts.settings_text import readable
from tests import factories

CONFIG = {
    "architecture": "gpt",
    "seed": 3,
    "device": "auto",
    "model": {"max_tokens": 96, "dropout": 0.1},
    "training": {"final_learning_rate": 0.05, "ema": 0.0, "beta1": 0.9},
    "data": {"kind": "polymer", "smiles_column": "smiles", "split": {"valid": 0.1, "test": 0.2},
             "conditions": [{"name": "temperature", "kind": "number"}], "geometry_column": "", "max_characters": 0,
             "properties": [{"name": "conductivity", "column": "conductivity"}]},
    "condition": {"thresholds": {"conductivity": 1e-4}},
}  # fmt: skip


def test_settings_are_named_as_people_say():
    assert list(readable(CONFIG)) == [
        ("Device", "auto"),
        ("Network: max tokens", "96"),
        ("Network: dropout", "0.1"),
        ("Training: final learning rate", "0.05"),
        ("Training: EMA", "0"),
        ("Training: β₁", "0.9"),
        ("Held-out shares", "valid 0.1, test 0.2"),
        ("Prompts: thresholds", "conductivity 1.000×10⁻⁴"),
    ]
    assert list(readable({"top_k": 40})) == [("Likeliest tokens drawn from", "40")]


def test_a_predictor_has_no_prompts():
    assert not [name for name, _ in readable(CONFIG | {"architecture": "polymer-gnn"}) if name.startswith("Prompts")]


def test_page_of_a_training_shows_its_version_s_figures_and_no_keys(client_of, db):
    run = factories.training_run(config=CONFIG, job=factories.job(state="succeeded"))
    metrics = {"conductivity": {"test": {"n": 5, "mae": 0.25}}}
    factories.model_version(training_run=run, model=run.model, metrics=metrics)
    text = client_of("Viewer").get(reverse("admin:registry_trainingrun_change", args=[run.pk])).content.decode()
    assert "0.25" in text
    for key in ("final_learning_rate", "smiles_column", "max_tokens", "conductivity.test"):
        assert key not in re.sub(r"<[^>]+>", "", text), key
