"""Texts as tokens: of SMILES whole atoms, bonds, branches and ring digits, of SELFIES its bracketed symbols."""

import re
from collections.abc import Iterable, Sequence

from mlcore.errors import UserError

PAD, BEGIN, END = 0, 1, 2
SPECIAL = ("<pad>", "<begin>", "<end>")

COMMON = (
    *("*", "B", "C", "N", "O", "S", "P", "F", "Cl", "Br", "I", "b", "c", "n", "o", "s", "p"),
    *("-", "=", "#", "/", "\\", "(", ")", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    *("[nH]", "[N+]", "[n+]", "[NH+]", "[NH2+]", "[NH3+]", "[O-]", "[S-]", "[N-]", "[S+]", "[P+]"),
    *("[C@]", "[C@@]", "[C@H]", "[C@@H]", "[Si]", "[SiH]", "[SiH2]", "[SiH3]"),
)
"""Tokens that every vocabulary holds, so that a network can later be fine-tuned on other data."""

_TOKEN = re.compile(r"\[[^\[\]]+\]|Br|Cl|%\d\d|[A-Za-z0-9*=#$:~()+\-/\\.@]")


def split(text: str) -> list[str]:
    """The tokens of a SMILES, which joined give it back; UserError where a character belongs to none."""
    tokens: list[str] = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise UserError(f"{text[:80]!r} cannot be read as SMILES tokens")
    return tokens


class Tokenizer:
    """Token numbers for a fixed vocabulary; 0 pads, 1 begins, 2 ends."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        if tuple(vocabulary[: len(SPECIAL)]) != SPECIAL or len(set(vocabulary)) != len(vocabulary):
            raise UserError(f"a vocabulary begins with {', '.join(SPECIAL)} and holds every token once")
        self.vocabulary = list(vocabulary)
        self._numbers = {token: number for number, token in enumerate(vocabulary)}

    @classmethod
    def of(cls, texts: Iterable[str], common: Sequence[str] = COMMON) -> "Tokenizer":
        """The common tokens and all that occur in `texts`."""
        found = {token for text in texts for token in split(text)}
        return cls([*SPECIAL, *common, *sorted(found - set(common))])

    def encode(self, text: str) -> list[int]:
        """Token numbers with END, without BEGIN; UserError names the tokens that the vocabulary lacks."""
        if unknown := self.lacking(text):
            raise UserError(f"tokens that the vocabulary lacks: {' '.join(unknown)} (in {text[:80]!r})")
        return [*(self._numbers[token] for token in split(text)), END]

    def lacking(self, text: str) -> list[str]:
        """The tokens of a text that the vocabulary lacks."""
        return sorted({token for token in split(text) if token not in self._numbers})

    def decode(self, numbers: Iterable[int]) -> str:
        """The text up to END or padding."""
        tokens = []
        for number in numbers:
            if number in (PAD, END):
                break
            tokens.append(self.vocabulary[number])
        return "".join(tokens)
