from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import bundle, config
from mlcore.bundle import Trained
from mlcore.data import tables
from mlcore.data.tokens import END, PAD, Tokenizer
from mlcore.errors import UserError
from mlcore.evaluation.generative import judge
from mlcore.generators import fitting, gpt
from mlcore.generators.conditions import axes_from
from mlcore.generators.configs import GPTConfig
from mlcore.generators.gpt import GPT
from mlcore.generators.language import CHUNK, LanguageGenerator
from mlcore.generators.protocol import PLAIN, Sampling
from mlcore.run import Run
from tests.mlcore.conftest import SAMPLE, Recorder, tiny

MakeRun = Callable[..., Run]


@pytest.fixture
def network() -> GPT:
    """Untrained, but far from uniform."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(layers=2, heads=2, width=16, max_tokens=24, dropout=0.5), 20, ["a", "b"]).eval()
    for weight in model.parameters():
        weight.data *= 4
    return model


def prompts(n: int) -> torch.Tensor:
    values = torch.randn(n, 2, generator=torch.Generator().manual_seed(1))
    values[::3] = torch.nan
    return values


def random() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_the_cache_changes_nothing(network: GPT, guidance: float) -> None:
    tokens, scores = network.sample(prompts(64), random(), replace(PLAIN, guidance=guidance))
    assert torch.allclose(scores, network.log_likelihood(tokens, prompts(64)), atol=1e-4)
    assert (tokens == END).sum(dim=1).max() == 1
    assert len({int(row) for row in (tokens != PAD).sum(dim=1)}) > 3, (
        "texts of many lengths leave the batch at their time"
    )


@pytest.mark.parametrize("room", [1, 3, 100])
def test_when_the_cache_grows_changes_nothing(network: GPT, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    guided = replace(PLAIN, guidance=2.5)
    tokens, scores = network.sample(prompts(64), random(), guided)
    monkeypatch.setattr(gpt, "ROOM", room)
    again, close = network.sample(prompts(64), random(), guided)
    assert torch.equal(tokens, again)
    assert torch.allclose(scores, close, atol=1e-5)


def test_guidance_draws_nothing_that_the_wish_finds_implausible() -> None:
    prompted = torch.log(torch.tensor([[0.9, 0.0999, 0.0001]]))
    free = torch.log(torch.tensor([[0.9, 0.09999999, 1e-8]]))  # an error to both, ten thousand times less of one here
    logits = gpt._guide(prompted, free, 3.0)
    assert logits[0, 2] == -torch.inf
    assert torch.isfinite(logits[0, :2]).all()
    assert torch.allclose(gpt._guide(prompted, free, 1.0)[0, :2], prompted[0, :2])


def test_probabilities_of_all_texts_sum_to_one() -> None:
    torch.manual_seed(3)
    model = GPT(GPTConfig(layers=1, heads=1, width=8, max_tokens=2), 5, []).eval()
    texts = torch.tensor([[END, PAD], [3, END], [4, END], [3, 3], [3, 4], [4, 3], [4, 4]])
    assert model.log_likelihood(texts, torch.empty(7, 0)).exp().sum() == pytest.approx(1, abs=1e-5)


def test_samples_follow_the_probabilities() -> None:
    torch.manual_seed(3)
    model = GPT(GPTConfig(layers=1, heads=1, width=8, max_tokens=1), 6, []).eval()
    model.head.weight.data *= 40
    tokens, _ = model.sample(torch.empty(20_000, 0), random())
    expected = model.log_likelihood(torch.tensor([[2], [3], [4], [5]]), torch.empty(4, 0)).exp()
    assert torch.allclose(torch.bincount(tokens[:, 0], minlength=6)[2:] / 20_000, expected, atol=0.015)


def test_top_k_and_temperature_narrow_the_choice(network: GPT) -> None:
    greedy = [network.sample(prompts(32), torch.Generator().manual_seed(s), replace(PLAIN, top_k=1))[0] for s in (1, 2)]
    assert torch.equal(*greedy)
    cold = [
        network.sample(prompts(32), torch.Generator().manual_seed(s), replace(PLAIN, temperature=1e-4))[0]
        for s in (1, 2)
    ]
    assert torch.equal(*cold)


def test_dropout_is_off_in_sampling() -> None:
    """The network is put into training mode on purpose; PolyGen sampled with dropout on."""
    torch.manual_seed(0)
    network = GPT(GPTConfig(layers=2, heads=2, width=16, max_tokens=24, dropout=0.5), 8, [])
    generator = LanguageGenerator(network, Tokenizer(["<pad>", "<begin>", "<end>", *"CNOPS"]), [], torch.device("cpu"))
    drawn = []
    for noise in (1, 2):
        network.train()
        torch.manual_seed(noise)
        drawn.append(generator.sample(8, seed=0))
        assert not network.training
    assert drawn[0] == drawn[1]
    network.train()
    assert len(set(generator.log_likelihood(["CNO"] * 9))) == 1


def test_it_overfits_ten_rows(make_run: MakeRun) -> None:
    shape = {"layers": 2, "width": 64, "forms": 1, "dropout": 0.0}
    loop = {"steps": 300, "batch_size": 10, "learning_rate": 6e-3, "warmup_steps": 10, "weight_decay": 0.0}
    run = make_run(model=shape, training=loop, data={"split": {"valid": 0.0, "test": 0.0}})
    whole = run.table
    apart = np.logspace(-6, -3.5, 10)[:, None]  # real values lie too close together for a network to tell by them alone
    ten = replace(whole, smiles=whole.smiles[:10], keys=whole.keys[:10], values=apart)
    run = replace(run, table=ten)
    trained = gpt.train(run)
    generator = _generator(trained, run)
    keys = [judged.key for judged in judge([s.text for s in generator.sample(400, seed=0)])]
    assert sum(key in ten.keys for key in keys) >= 360
    assert len(set(ten.keys) & set(keys)) >= 9
    for text, value in zip(ten.smiles, ten.values[:, 0].tolist(), strict=True):
        best = generator.sample(1, seed=0, condition={"conductivity": value}, sampling=Sampling(top_k=1))[0].text
        assert judge([best])[0].key == judge([text])[0].key


def _generator(trained: Trained, run: Run) -> LanguageGenerator:
    network = GPT(run.config.model, len(trained.vocabulary or []), [p["name"] for p in trained.properties])
    network.load_state_dict(dict(trained.tensors))
    axes = axes_from(trained.properties)
    return LanguageGenerator(network, Tokenizer(trained.vocabulary or []), axes, run.device)


def test_training_resumes_with_the_same_curve(make_run: MakeRun) -> None:
    whole = make_run()
    weights = gpt.train(whole).tensors
    whole.checkpoints.unlink()
    _train_until(6, make_run())
    resumed = make_run(resume=True)
    again = gpt.train(resumed).tensors
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    curve, rest = ([line["value"] for line in run.events.of("metric")] for run in (whole, resumed))  # type: ignore[attr-defined]
    assert 0 < len(rest) < len(curve)
    assert curve[-len(rest) :] == rest


def _train_until(step: int, run: Run) -> None:
    """Trains and breaks off right after the checkpoint of `step`."""

    def stop(at: int, path: str) -> None:
        if at == step:
            raise InterruptedError

    run.events.checkpoint = stop  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        gpt.train(run)


@pytest.fixture(scope="module")
def generator(tiny_bundle: Path) -> LanguageGenerator:
    loaded: LanguageGenerator = bundle.open_model(tiny_bundle, "generate", "cpu")
    return loaded


def test_the_same_seed_gives_the_same_strings(generator: LanguageGenerator) -> None:
    first = generator.sample(40, seed=5, condition={"conductivity": "high"})
    assert first == generator.sample(40, seed=5, condition={"conductivity": "high"})
    assert first != generator.sample(40, seed=6, condition={"conductivity": "high"})


def test_a_gpt_has_no_number_of_calls(generator: LanguageGenerator) -> None:
    with pytest.raises(UserError, match="only diffusion models take a number of calls"):
        generator.sample(1, 0, sampling=Sampling(calls=9))


def test_a_string_depends_on_its_number_alone(generator: LanguageGenerator) -> None:
    stream = generator.sample(CHUNK + 20, seed=1)
    assert generator.sample(10, seed=1) == stream[:10]
    assert generator.sample(30, seed=1, start=CHUNK - 15) == stream[CHUNK - 15 : CHUNK + 15]


def test_reported_likelihoods_are_those_of_the_strings(generator: LanguageGenerator) -> None:
    samples = [s for s in generator.sample(30, seed=2, condition={"conductivity": 5e-5}) if len(s.text) < 40]
    again = generator.log_likelihood([s.text for s in samples], {"conductivity": 5e-5})
    assert [s.log_likelihood for s in samples] == pytest.approx(again, abs=1e-3)


def test_likelihoods_name_what_cannot_be_scored(generator: LanguageGenerator) -> None:
    with pytest.raises(UserError, match=r"lacks: \[U\]"):
        generator.log_likelihood(["*C[U]*"])
    with pytest.raises(UserError, match="longer than the model's 48"):
        generator.log_likelihood(["*" + "C" * 60 + "*"])


def train(settings: dict[str, object], folder: Path, parent: bundle.Bundle | None = None) -> Trained:
    run = config.load(settings)
    return gpt.train(Run(run, tables.read(SAMPLE, run.data, Recorder()), Recorder(), folder / "checkpoint", parent))


def test_fine_tuning_starts_from_the_parent(tiny_bundle: Path, tmp_path: Path) -> None:
    parent = bundle.load(tiny_bundle)
    frozen = tiny(training={"learning_rate": 0.0}, data={"properties": []})
    child = train(frozen, tmp_path, parent)
    assert child.vocabulary == parent.vocabulary
    assert not child.properties
    assert all(torch.equal(tensor, parent.tensors[name]) for name, tensor in child.tensors.items())


def test_fine_tuning_keeps_the_parents_prompt_scale(tiny_bundle: Path, tmp_path: Path) -> None:
    parent = bundle.load(tiny_bundle)
    child = train(tiny(condition={"thresholds": {"conductivity": 6e-5}}), tmp_path, parent)
    theirs, ours = parent.manifest.properties[0], child.properties[0]
    assert (ours["mean"], ours["std"]) == (theirs["mean"], theirs["std"])
    assert ours["threshold"] == 6e-5


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"model": {"width": 64}}, "model.width is 64, the parent has 32; leave out"),
        ({"data": {"properties": [{"name": "conductivity", "unit": "S/m", "scale": "log10"}]}}, "was S/cm, log10"),
    ],
)
def test_fine_tuning_refuses_another_shape(
    tiny_bundle: Path, tmp_path: Path, sections: dict[str, dict[str, object]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        train(tiny(**sections), tmp_path, bundle.load(tiny_bundle))


def test_the_canonical_cut_gives_a_polymer_one_text(make_run: MakeRun) -> None:
    run = make_run(model={"forms": 1, "cut": "canonical"})
    tokenizer, corpus = fitting._corpus(run, [])
    texts = [tokenizer.decode(forms[0]) for forms in corpus.sequences]
    assert [judged.key for judged in judge(texts)] == run.table.keys
    assert len(set(texts)) == len(set(run.table.keys))
    cut_elsewhere = replace(run, table=replace(run.table, smiles=["*CO*"] * len(texts)))
    assert fitting._corpus(cut_elsewhere, [])[1].sequences == corpus.sequences


def test_a_model_samples_as_its_configuration_asks(make_run: MakeRun) -> None:
    settings = {"guidance": 2.0, "temperature": 0.7, "asked": {"conductivity": 9e-5}}
    run = make_run(condition={"thresholds": {"conductivity": 6e-5}, **settings})
    trained = gpt.train(run)
    theirs = _generator(trained, run)
    ours = LanguageGenerator(theirs.network, theirs.tokenizer, theirs.axes, run.device, run.config.condition)
    wish = {"conductivity": 9e-5}
    assert ours.sample(20, 0, {"conductivity": "high"}) == theirs.sample(
        20, 0, {"conductivity": "high"}, Sampling(0.7, 0, 2.0)
    )
    assert ours.sample(20, 0, wish) != theirs.sample(20, 0, wish, Sampling(0.7))
    median = theirs.log_likelihood(["*CC*"], {"conductivity": "high"})
    assert median == pytest.approx(theirs.log_likelihood(["*CC*"], wish), abs=1e-4)


def test_structures_that_are_all_too_long_are_a_clear_error(make_run: MakeRun) -> None:
    with pytest.raises(UserError, match=r"raise model.max_tokens \(8\)"):
        gpt.train(make_run(model={"max_tokens": 8}))


def test_a_fine_tuning_leaves_out_what_its_parent_cannot_spell(make_run: MakeRun, tiny_bundle: Path) -> None:
    run = make_run()
    odd = replace(run.table, smiles=["*C[Se]C*", *run.table.smiles[1:]])
    run = replace(run, table=odd, init=bundle.load(tiny_bundle))
    _, corpus = fitting._corpus(run, [])
    assert corpus.sequences[0] == []
    assert all(corpus.sequences[1:])
    [line] = run.events.of("log")  # type: ignore[attr-defined]
    assert line["message"] == "left out of training: 1 structures that have tokens that the vocabulary lacks: [Se]"
