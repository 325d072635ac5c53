"""The grammar lets every text of the data through, and nothing that RDKit would not read."""

import csv
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem, rdBase

from mlcore import bundle
from mlcore.chem.identity import Kind
from mlcore.data.sequences import pad, plain_ends, spellings
from mlcore.data.tokens import COMMON, END, SPECIAL, Tokenizer
from mlcore.errors import UserError
from mlcore.evaluation.generative import is_valid
from mlcore.generators.configs import GPTConfig
from mlcore.generators.gpt import GPT
from mlcore.generators.grammar import Grammar
from mlcore.generators.language import CHUNK, LanguageGenerator
from mlcore.generators.protocol import PLAIN, Sampling

DATA = Path(__file__).parents[2] / "data"
AROMATIC = ("b", "c", "n", "o", "s", "p", "[nH]", "[n+]")
PLAIN_TOKENS = [token for token in (*SPECIAL, *COMMON) if token not in AROMATIC]
STRANGE_TOKENS = [*PLAIN_TOKENS, "%10", "[PH]", "[O]", "[Fe]", "[2H]", "[B-]", "[SiH4]", "[Na+]", ".", "[Cu]"]


def texts_of(name: str) -> list[str]:
    return [plain_ends(line) for line in (DATA / name).read_text().split()]


def refused(texts: Sequence[str], spare: int = 0, kind: Kind = "polymer") -> list[str]:
    """Where a text, in as many places as the longest of its batch and `spare` more, is not let through."""
    tokenizer = Tokenizer.of(texts)
    grammar, found = Grammar(tokenizer.vocabulary, kind), []
    rows = sorted((tokenizer.encode(text) for text in texts), key=len)
    for start in range(0, len(rows), CHUNK):
        tokens = pad(rows[start : start + CHUNK])  # (B, T)
        walk = grammar.walk(len(tokens), tokens.shape[1] + spare)
        for t in range(tokens.shape[1]):
            allowed, drawn = walk.allowed(), tokens[walk.rows, t]
            for row in walk.rows[~allowed.gather(1, drawn[:, None])[:, 0]].tolist():
                text = list(map(tokenizer.vocabulary.__getitem__, tokens[row]))
                found.append(f"{''.join(text[:t])} -> {text[t]}")
            walk.step(drawn)
        assert not len(walk.rows)
    return found


def drawn(vocabulary: list[str], places: int, kind: Kind = "polymer", n: int = 200, seed: int = 0) -> list[str]:
    """Texts of tokens that are all as likely as the grammar lets them be; fails where one is stuck or does not end."""
    walk, random = Grammar(vocabulary, kind).walk(n, places), torch.Generator().manual_seed(seed)
    tokens = torch.zeros(n, places, dtype=torch.long)
    for t in range(places):
        allowed = walk.allowed()
        assert allowed.any(dim=1).all()
        token = torch.multinomial(allowed.float(), 1, generator=random)[:, 0]
        tokens[walk.rows, t] = token
        walk.step(token)
    assert (tokens == END).sum(dim=1).tolist() == [1] * n
    return [Tokenizer(vocabulary).decode(row) for row in tokens.tolist()]


@pytest.mark.parametrize("name", ["htpmd_1500.txt", "smipoly_1000.txt"])
def test_every_text_of_the_data_is_let_through(name: str) -> None:
    random, texts = np.random.default_rng(0), texts_of(name)
    assert not refused(texts)
    assert not refused([form for text in texts for form in spellings(text, 3, random)], spare=4)


@pytest.mark.parametrize("name", ["htpmd_1500.txt", "smipoly_1000.txt"])
def test_it_does_not_matter_where_a_text_begins(name: str) -> None:
    molecules = [Chem.MolFromSmiles(text) for text in texts_of(name)]
    assert not refused([Chem.MolToSmiles(molecule, doRandom=True) for molecule in molecules], spare=4)


@pytest.mark.realdata
def test_all_of_htpmd_is_let_through() -> None:
    table = Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv"
    with table.open(newline="") as file:
        texts = [plain_ends(row["mol_smiles"]) for row in csv.DictReader(file)]
    random = np.random.default_rng(0)
    assert len(texts) == 6024
    assert not refused([*texts, *(form for text in texts for form in spellings(text, 3, random))], spare=4)


GOOD = [
    "*CC*",
    "*(CC*)",
    "C(*)*",
    "*C(*)C",
    "C1CC1(*)*",
    "*CC=1CCC1*",
    "*CC1CCC=1*",
    "*C=1C=CC1*",
    "*C12CC1C2*",
    "*C1CC11CC1*",
    "*C(C(C(*)))",
    "*CC(C)(C)*",
    "*c1ccc(*)cc1",
    "*C(=O)c1c[nH]c(=O)n1*",
    "F/C(*)=C/*",
    "*N=C=C*",
    "*S(=O)(=O)C*",
    "*P(=O)(O)O*",
    "*[N+](=O)(*)",
    "*[C@@H](F)*",
    "*C%10CC%10*",
    "*c1ccc(-c2ccc(*)cc2)cc1",
    "C1CCCCCC(*)C(*)C#1",
    "*C/1=C/CCC1*",
]
BAD = [
    "*",
    "**",
    "*C",
    "*C(",
    "*C()C*",
    "*C((C)*)C",
    "*C)*",
    "(C)*C*",
    "*C=*",
    "=*CC*",
    "*=C*",
    "*C==C*",
    "*C-=C*",
    "*C(=)C*",
    "*C=(C)*",
    "1*C*",
    "*1CC1*",
    "*C1C*",
    "*C11C*",
    "*C1C1*",
    "*C12CC12*",
    "*C1=*",
    "*C(1)C1*",
    "*C(C)1CC1*",
    "*C#1CCCCCCC1*",
    "*C-1CCC=1*",
    "*C(C)(C)(C)C*",
    "*C(=O)(=O)C*",
    "*N(C)(C)*",
    "*FC*",
    "*CC*C",
    "*C(*)*",
    "*OC(*)O*",
    "*C#C(C)*",
    "*C=O*",
    "*[O-]C*",
    "*[NH3+]*",
    "*c(#C)c*",
    "*C.C*",
    "*C:C*",
    "*[Cu]*",
    "*C(F*)",
    "*c1ccc(*)(*)cc1",
]


@pytest.mark.parametrize("text", GOOD)
def test_good_texts_are_let_through(text: str) -> None:
    assert is_valid(text)
    assert not refused([text], spare=4)


@pytest.mark.parametrize("text", BAD)
def test_bad_texts_are_not(text: str) -> None:
    assert refused([text], spare=8)


def test_molecules_have_no_ends() -> None:
    assert not refused(["CCO", "C", "[Na+]", "F/C=C/F", "C1CC1", "c1ccccc1C(=O)O"], kind="molecule", spare=4)
    for text in ("C*", "*", "C.C"):
        assert refused([text], kind="molecule", spare=4), text


@pytest.mark.parametrize("kind", ["polymer", "molecule"])
@pytest.mark.parametrize("places", [5, 6, 7, 8, 9, 12, 20, 48, 96])
def test_no_text_is_ever_stuck_and_all_are_valid(places: int, kind: Kind) -> None:
    for seed, vocabulary in enumerate((PLAIN_TOKENS, STRANGE_TOKENS)):
        texts = drawn(vocabulary, places, kind, seed=seed)
        assert [text for text in texts if not is_valid(text, kind)] == []
    drawn([*SPECIAL, *COMMON], places, kind)


def untrained(vocabulary: list[str], notation: str = "smiles") -> LanguageGenerator:
    torch.manual_seed(0)
    config = GPTConfig(layers=1, heads=2, width=16, max_tokens=40, notation=notation)  # type: ignore[arg-type]
    network = GPT(config, len(vocabulary), [])
    network.head.weight.data *= 30  # far from uniform
    return LanguageGenerator(network, Tokenizer(vocabulary), [], torch.device("cpu"))


def test_a_network_that_has_learned_nothing_writes_valid_texts() -> None:
    samples = untrained(PLAIN_TOKENS).sample(CHUNK, 0, sampling=Sampling(grammar=True))
    texts = [sample.text for sample in samples]
    assert len(set(texts)) > 400
    assert all(map(is_valid, texts))
    with rdBase.BlockLogs():
        assert sum(map(is_valid, (sample.text for sample in untrained(PLAIN_TOKENS).sample(CHUNK, 0)))) < 10


def test_the_likelihood_is_that_of_the_network_without_the_mask() -> None:
    generator = untrained(PLAIN_TOKENS)
    samples = generator.sample(50, 0, sampling=Sampling(grammar=True))
    again = generator.log_likelihood([sample.text for sample in samples])
    assert [sample.log_likelihood for sample in samples] == pytest.approx(again, abs=1e-3)


def holds(text: str) -> bool:
    """Valid, but for kekulisation, which no mask can see to."""
    return is_valid(text) or any(aromatic in text for aromatic in "cnosp")


def test_shares_tell_how_many_texts_keep_to_the_grammar_unmasked(learned_bundle: Path) -> None:
    generator, wish = bundle.open_model(learned_bundle, "generate", "cpu"), {"conductivity": "high"}
    loose = Sampling(temperature=1.2, top_k=20)
    raw = generator.sample(CHUNK, 0, wish, loose)
    masked = generator.sample(CHUNK, 1, wish, replace(loose, grammar=True))
    assert all(sample.share is None for sample in raw)
    share = sum(sample.share for sample in masked) / CHUNK
    assert all(holds(sample.text) for sample in masked)
    assert share == pytest.approx(sum(is_valid(sample.text) for sample in raw) / CHUNK, abs=0.05)
    assert 0.1 < share < 0.97


def test_the_share_of_a_text_is_the_product_of_what_the_mask_left() -> None:
    vocabulary = [*SPECIAL, "*", "C", "(", ")", "F"]
    walk, share = Grammar(vocabulary).walk(1, 8), 1.0
    chances = torch.tensor([[0.0, 0.0, 0.1, 0.3, 0.2, 0.1, 0.1, 0.2]])
    for token, left in (("*", 0.7), ("C", 0.3), ("F", 0.0)):  # all but END, ( and ); C and (; an end must come yet
        walk.allow(chances, chances)
        if left:
            share *= left
            assert float(walk.share[0]) == pytest.approx(share)
            walk.step(torch.tensor([vocabulary.index(token)]))


def test_where_no_likely_token_is_allowed_others_are_drawn() -> None:
    vocabulary = [*SPECIAL, "*", "C", "(", ")"]
    walk = Grammar(vocabulary).walk(1, 8)
    chances = torch.tensor([[0.0, 0, 1, 0, 0, 0, 0]])  # END, where no text is yet
    kept = walk.allow(chances, instead=torch.tensor([[0.0, 0, 0.6, 0.3, 0.1, 0, 0]]))
    assert kept.tolist() == [pytest.approx([0, 0, 0, 0.3, 0.1, 0, 0])]
    assert walk.share.tolist() == [0]


@pytest.mark.parametrize("guidance", [0.0, 3.0])
def test_it_goes_with_guidance_and_top_k(learned_bundle: Path, guidance: float) -> None:
    generator = bundle.open_model(learned_bundle, "generate", "cpu")
    hard = replace(PLAIN, guidance=guidance, top_k=2, temperature=1.5, grammar=True)
    assert all(holds(sample.text) for sample in generator.sample(100, 0, {"conductivity": "high"}, hard))


def test_selfies_need_no_grammar() -> None:
    with pytest.raises(UserError, match="grammar: this model spells SELFIES, which keep to valences by themselves"):
        untrained(PLAIN_TOKENS, "selfies").sample(1, 0, sampling=Sampling(grammar=True))
