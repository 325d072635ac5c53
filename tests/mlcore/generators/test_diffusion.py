"""Noise levels, the solver and the two denoising networks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mlcore import bundle, catalog
from mlcore.data.tokens import BEGIN, END, PAD
from mlcore.errors import UserError
from mlcore.generators.configs import Diffusion1DConfig, DiffusionConfig, DiffusionLMConfig
from mlcore.generators.diffusion import DiffusionNetwork, Levels
from mlcore.generators.diffusion1d import Diffusion1D
from mlcore.generators.diffusion_lm import DiffusionLM
from mlcore.generators.language import CHUNK, LanguageGenerator
from mlcore.generators.protocol import PLAIN, Sampling
from mlcore.run import Run

MakeRun = Callable[..., Run]
SHAPES: dict[str, dict[str, Any]] = {
    "diffusion-lm": {"layers": 2, "heads": 2, "width": 32, "code": 8, "max_tokens": 40},
    "diffusion1d": {"width": 16, "heads": 2, "max_tokens": 40},
}


def random() -> torch.Generator:
    return torch.Generator().manual_seed(7)


class Known(DiffusionNetwork):
    """Knows the one text that there is, whatever the noise; or each place's odds apart."""

    def __init__(self, odds: Tensor) -> None:
        super().__init__()
        self.config, self.odds = DiffusionConfig(max_tokens=odds.shape[0]), odds

    def codes(self) -> Tensor:
        return torch.eye(self.odds.shape[1]) * self.odds.shape[1] ** 0.5

    def denoise(self, noisy: Tensor, level: Tensor, prompts: Tensor, estimate: Tensor) -> Tensor:
        """The exact posterior of tokens that do not know each other: p(token) N(noisy; code, sigma)."""
        sigma = level.exp()[:, None, None]
        signal = noisy * (1 + sigma.square()).sqrt()
        return self.odds.log() + signal @ self.codes().T / sigma.square()


def test_levels_fall_from_high_to_nothing() -> None:
    levels = Levels(centre=torch.tensor(2.0), reach=10.0).descent(9, torch.device("cpu"))
    assert levels[0] == pytest.approx(20, rel=1e-4)
    assert levels[4] == pytest.approx(2, rel=1e-4)
    assert levels[8] == pytest.approx(0.2, rel=1e-4)
    assert levels[9] == 0
    assert (levels[:-1] > levels[1:]).all()


@pytest.mark.parametrize("calls", [1, 20])
def test_what_is_certain_is_drawn(calls: int) -> None:
    text = torch.tensor([3, 4, 3, END, PAD])
    odds = torch.full((5, 6), 1e-9).scatter(1, text[:, None], 1.0)
    tokens, likelihood = Known(odds).sample(torch.empty(50, 0), random(), replace(PLAIN, calls=calls))
    assert (tokens == text).all()
    assert likelihood is None


def test_a_grammar_is_refused() -> None:
    with pytest.raises(UserError, match="grammar: a diffusion model settles all tokens at once"):
        Known(torch.ones(5, 6) / 6).sample(torch.empty(1, 0), random(), replace(PLAIN, grammar=True))


def test_samples_follow_the_odds_that_the_network_knows() -> None:
    odds = torch.tensor([[0, 0, 1e-9, 0.7, 0.2, 0.1]]).clamp(min=1e-9)
    tokens, _ = Known(odds).sample(torch.empty(20_000, 0), random(), replace(PLAIN, calls=50))
    shares = torch.bincount(tokens[:, 0], minlength=6) / 20_000
    assert torch.allclose(shares, odds[0].float(), atol=0.03)


def test_few_calls_draw_what_many_draw() -> None:
    odds = torch.tensor([[0, 0, 1e-9, 0.7, 0.2, 0.1]]).clamp(min=1e-9)
    few, many = (Known(odds).sample(torch.empty(4000, 0), random(), replace(PLAIN, calls=n))[0] for n in (16, 400))
    assert (few == many).float().mean() > 0.97  # from the same noise to the same token


def test_a_low_temperature_draws_the_likelier() -> None:
    odds = torch.tensor([[0, 0, 1e-9, 0.5, 0.3, 0.2]]).clamp(min=1e-9)
    shares = [
        (Known(odds).sample(torch.empty(4000, 0), random(), replace(PLAIN, temperature=t))[0] == 3).float().mean()
        for t in (1.0, 0.5)
    ]
    assert shares[0] == pytest.approx(0.5, abs=0.03)
    assert shares[1] > shares[0] + 0.03


def test_after_the_end_stands_padding() -> None:
    odds = torch.full((4, 5), 1e-9)
    odds[:, 3], odds[:, END] = 0.5, 0.5
    tokens, _ = Known(odds).sample(torch.empty(200, 0), random())
    for row in tokens.tolist():
        end = row.index(END) if END in row else len(row)
        assert all(token == PAD for token in row[end + 1 :])


NETWORKS = [
    DiffusionLM(DiffusionLMConfig(**SHAPES["diffusion-lm"]), 20, ["a"]),
    *(
        Diffusion1D(Diffusion1DConfig(code=code, **SHAPES["diffusion1d"]), 20, ["a"])
        for code in ("scalar", "bits", "onehot")
    ),
]


@pytest.mark.parametrize("network", NETWORKS)
def test_codes_have_one_size_and_differ(network: DiffusionNetwork) -> None:
    codes = network.codes().detach()
    assert codes.square().mean() == pytest.approx(1, abs=1e-3)
    assert len({tuple(code) for code in codes.tolist()}) == 20


@pytest.mark.parametrize("network", NETWORKS)
def test_begin_is_never_drawn_and_guidance_needs_a_wish(network: DiffusionNetwork) -> None:
    network.eval()
    wish = torch.linspace(-1, 1, 64)[:, None]
    tokens, _ = network.sample(wish, random(), replace(PLAIN, calls=3, guidance=2.0))
    assert not (tokens == BEGIN).any()
    none = torch.full_like(wish, torch.nan)
    plain, guided = (network.sample(none, random(), replace(PLAIN, calls=3, guidance=g))[0] for g in (1.0, 3.0))
    assert torch.equal(plain, guided)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_weight_is_learned(network: DiffusionNetwork) -> None:
    torch.manual_seed(0)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.1)
    network.zero_grad()
    network.loss(torch.randint(3, 20, (16, 30)), torch.tensor([[0.5], [torch.nan]] * 8)).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def diffusion(make_run: MakeRun, architecture: str, data: Any = None, **loop: Any) -> Run:
    model = {"forms": 1, "cut": "canonical", **SHAPES[architecture]}
    return make_run(architecture=architecture, model=model, training=loop, data=data or {})


@pytest.mark.parametrize("architecture", SHAPES)
def test_training_resumes_with_the_same_curve(make_run: MakeRun, architecture: str) -> None:
    train = catalog.get(architecture).train
    whole = train(diffusion(make_run, architecture)).tensors
    run = diffusion(make_run, architecture)

    def stop(at: int, path: str) -> None:
        raise InterruptedError

    run.events.checkpoint = stop  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        train(run)
    again = train(replace(diffusion(make_run, architecture), resume=True)).tensors
    assert all(torch.equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("network", NETWORKS)
def test_it_learns_ten_texts_by_heart(network: DiffusionNetwork) -> None:
    torch.manual_seed(0)
    texts, wish = torch.randint(3, 20, (10, 12)), torch.full((10, 1), torch.nan)
    network.config = replace(network.config, max_tokens=12)
    before = float(network.loss(texts, wish))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(300):
        optimizer.zero_grad()
        rows = texts.repeat(4, 1)[torch.randperm(40)]  # shuffled, as levels go up with the row
        network.loss(rows, wish.repeat(4, 1)).backward()
        optimizer.step()
    network.eval()
    tokens, _ = network.sample(torch.full((40, 1), torch.nan), random())
    known = {tuple(text) for text in texts.tolist()}
    after = float(network.loss(texts.repeat(20, 1)[torch.randperm(200)], wish.repeat(20, 1)))
    assert after < 0.7 * before
    near = [max(sum(a == b for a, b in zip(row, text, strict=True)) for text in known) for row in tokens.tolist()]
    assert sum(near) / len(near) > 9  # of twelve places; chance agrees in less than three


@pytest.mark.parametrize("architecture", SHAPES)
def test_strings_depend_on_their_number_alone_and_have_no_likelihood(
    make_run: MakeRun, architecture: str, tmp_path: Path
) -> None:
    run = diffusion(make_run, architecture, steps=2, batch_size=8)
    trained = catalog.get(architecture).train(run)
    saved = bundle.save(tmp_path / "made", run.config, run.table, trained, None)
    generator = catalog.get(architecture).load(saved, run.device)
    assert isinstance(generator, LanguageGenerator)
    few = Sampling(calls=2)
    stream = generator.sample(CHUNK + 5, seed=0, sampling=few)
    assert generator.sample(20, seed=0, sampling=few) == stream[:20]
    assert generator.sample(3, seed=0, sampling=few, start=CHUNK + 1) == stream[CHUNK + 1 : CHUNK + 4]
    assert stream[0].log_likelihood is None
    with pytest.raises(UserError, match="without knowing how likely"):
        generator.log_likelihood(["*CC*"])
