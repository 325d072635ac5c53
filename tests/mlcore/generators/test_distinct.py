"""Sampling without replacement."""

from itertools import chain
from pathlib import Path

import pytest
import torch

from mlcore import bundle
from mlcore.data.tokens import Tokenizer
from mlcore.generators import distinct
from mlcore.generators.configs import GPTConfig
from mlcore.generators.gpt import GPT
from mlcore.generators.language import CHUNK, LanguageGenerator

LETTERS = "CNOPS"


@pytest.fixture
def narrow() -> LanguageGenerator:
    """A network that knows 31 strings: none, one or two of five letters."""
    torch.manual_seed(4)
    network = GPT(GPTConfig(layers=1, heads=1, width=8, max_tokens=3), 3 + len(LETTERS), [])
    network.head.weight.data *= 20
    tokenizer = Tokenizer(["<pad>", "<begin>", "<end>", *LETTERS])
    return LanguageGenerator(network, tokenizer, [], torch.device("cpu"))


def firsts(generator: LanguageGenerator, seed: int, limit: int) -> list[str]:
    draws = chain.from_iterable(distinct.stream(generator, seed, limit))
    return [draw.sample.text for draw in draws if draw.first]


def test_the_stream_is_the_plain_one_with_its_repeats_marked(narrow: LanguageGenerator) -> None:
    draws = list(chain.from_iterable(distinct.stream(narrow, 3, CHUNK + 70)))
    assert [draw.sample for draw in draws] == narrow.sample(CHUNK + 70, 3)
    texts = [draw.sample.text for draw in draws]
    assert [draw.first for draw in draws] == [text not in texts[:i] for i, text in enumerate(texts)]


def test_string_i_does_not_depend_on_how_many_are_drawn(narrow: LanguageGenerator) -> None:
    many = firsts(narrow, 1, 3 * CHUNK)
    assert len(many) == len(set(many)) > 15
    for limit in (1, 40, CHUNK, CHUNK + 1):
        few = firsts(narrow, 1, limit)
        assert many[: len(few)] == few


def test_a_network_of_the_zoo_repeats_itself_and_is_told_so(zoo: Path) -> None:
    generator = bundle.open_model(zoo, "generate", "cpu")
    draws = list(chain.from_iterable(distinct.stream(generator, 0, 300, {"conductivity": "high"})))
    assert 0 < sum(not draw.first for draw in draws) < 200
