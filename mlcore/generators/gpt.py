"""A GPT over SMILES or SELFIES tokens: every token is drawn from what its predecessors and the prompts make likely.

Architecture after Radford et al. 2019 (pre-norm transformer decoder). Each property is one prompt vector in front of
the text. Hiding prompts in training gives the unconditional model for free, and with it classifier-free guidance at
sampling (Ho and Salimans 2022): logits = free + guidance * (prompted - free).

    B batch, P properties, T tokens, C width, nh heads, hs = C / nh head size, V vocabulary
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.bundle import Bundle, Trained
from mlcore.data.tokens import BEGIN, END, PAD
from mlcore.generators import fitting
from mlcore.generators.conditions import PromptEncoder
from mlcore.generators.configs import GPTConfig
from mlcore.generators.grammar import Walk
from mlcore.generators.language import LanguageGenerator
from mlcore.generators.protocol import PLAIN, Sampling
from mlcore.run import Run

PLAUSIBLE = 0.02
"""Guidance never draws a token less likely than this share of the likeliest."""
ROOM = 4
"""Positions for which the cache makes room at a time."""


class Cache:
    """Keys and values of the positions seen so far, so that each new token costs one position and not all.

    The buffers have room for a few positions more. When it is used up they are copied to longer ones, and texts that
    have ended are left behind on that occasion. Room for the longest text at once would cost more than it saves:
    attention on the CPU takes two to three times as long over rows that lie far apart.
    """

    def __init__(self, config: GPTConfig) -> None:
        self.layers: list[list[Tensor]] = [[] for _ in range(config.layers)]  # keys, values: each (B, nh, room, hs)
        self.used = 0  # positions that every layer holds

    @property
    def full(self) -> bool:
        """Whether `keep` has to make room before the next position."""
        return self.used == self.layers[0][0].shape[2]

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Appends (B, nh, t, hs) to one layer and returns all its keys and values so far."""
        end = self.used + key.shape[2]
        if not self.used:
            self.layers[layer] = [functional.pad(part, (0, 0, 0, ROOM)) for part in (key, value)]
        keys, values = (buffer[:, :, :end] for buffer in self.layers[layer])
        keys[:, :, self.used :], values[:, :, self.used :] = key, value
        return keys, values

    def keep(self, rows: Tensor) -> None:
        """Drops all sequences but `rows` and makes room for ROOM positions more."""
        for parts in self.layers:
            for i, old in enumerate(parts):
                parts[i] = old.new_empty(len(rows), old.shape[1], self.used + ROOM, old.shape[3])
                torch.index_select(old[:, :, : self.used], 0, rows, out=parts[i][:, :, : self.used])


class Attention(nn.Module):
    """Causal multi-head self-attention."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, layer: int, cache: Cache | None) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)  # (B, nh, T, hs)
            for part in self.qkv(x).split(width, dim=2)
        )
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        dropout = self.dropout if self.training else 0.0
        y = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=length > 1)  # (B, nh, T, hs)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, length, width))
        return mixed


class Block(nn.Module):
    """Attention, then a perceptron, each on a normed copy and added back."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        width = config.width
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(config)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, layer: int, cache: Cache | None) -> Tensor:
        attended: Tensor = x + self.dropout(self.attention(self.norm1(x), layer, cache))  # (B, T, C)
        return attended + self.dropout(self.perceptron(self.norm2(attended)))


class GPT(nn.Module):
    """The network; a mlcore.generators.protocol.SequenceNetwork."""

    def __init__(self, config: GPTConfig, vocabulary: int, properties: Sequence[str]) -> None:
        super().__init__()
        self.config, self.prefix = config, len(properties)
        self.token = nn.Embedding(vocabulary, config.width)
        self.place = nn.Embedding(1 + config.max_tokens, config.width)  # BEGIN is place 0; prompts have none
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, vocabulary, bias=False)
        self.apply(_initialise)
        for name, weight in self.blocks.named_parameters():
            if name.endswith(("attention.out.weight", "perceptron.2.weight")):
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * config.layers))  # the residual sum keeps its variance
        self.prompt = PromptEncoder(properties, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        """Logits (B, T, V) of the token after each position of the embedded sequence `x` (B, T, C)."""
        x = self.dropout(x)
        for layer, block in enumerate(self.blocks):
            x = block(x, layer, cache)
        if cache is not None:
            cache.used += x.shape[1]
        logits: Tensor = self.head(self.norm(x))  # (B, T, V)
        logits[..., :END] = -torch.inf  # padding and begin are never a next token
        return logits

    def begin(self, prompts: Tensor) -> Tensor:
        """The embedded start of a sequence, (B, P + 1, C): the prompts, then BEGIN."""
        begin = (self.token.weight[BEGIN] + self.place.weight[0]).expand(len(prompts), -1)  # (B, C)
        return torch.stack([*self.prompt(prompts), begin], dim=1)

    def embed(self, tokens: Tensor, start: int) -> Tensor:
        """Tokens (B, T), the first of which is number `start` of the text, as (B, T, C)."""
        place = self.place.weight[start + 1 : start + 1 + tokens.shape[1]]
        embedded: Tensor = self.token(tokens) + place
        return embedded

    def token_losses(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """-ln p of each token, (B, T); 0 where `tokens` (B, T) is padding."""
        x = torch.cat([self.begin(prompts), self.embed(tokens[:, :-1], 0)], dim=1)
        logits = self(x)[:, self.prefix :]  # (B, T, V)
        return functional.cross_entropy(logits.transpose(1, 2), tokens, ignore_index=PAD, reduction="none")

    def counted(self, tokens: Tensor) -> Tensor:
        """How many tokens the loss of `tokens` is the mean of."""
        return (tokens != PAD).sum()

    def loss(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """Mean -ln p of a token."""
        return self.token_losses(tokens, prompts).sum() / self.counted(tokens)

    @torch.no_grad()
    def log_likelihood(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """ln p of each sequence, (B,)."""
        return -self.token_losses(tokens, prompts).sum(dim=1)

    @torch.inference_mode()
    def sample(
        self, prompts: Tensor, random: torch.Generator, sampling: Sampling = PLAIN, walk: Walk | None = None
    ) -> tuple[Tensor, Tensor]:
        """Tokens (B, T), padded after END, and ln p (B,) of what was drawn, at temperature 1, without guidance or mask.

        With a `walk` over the B texts only tokens that its grammar allows are drawn.
        """
        batch, device, guidance = len(prompts), prompts.device, sampling.guidance or 0.0
        guided = guidance != 1 and not bool(prompts.isnan().all())
        if guided:  # the second half of the rows is the same text without a wish
            prompts = torch.cat([prompts, torch.full_like(prompts, torch.nan)])
        tokens = torch.full((batch, self.config.max_tokens), PAD, device=device)
        score = torch.zeros(batch, device=device)
        cache = Cache(self.config)
        rows = live = torch.arange(batch, device=device)  # texts in the batch; which of them go on
        x = self.begin(prompts)
        for t in range(self.config.max_tokens):
            logits = self(x, cache)[:, -1]  # (B, V), twice as many rows where guided
            prompted = logits[live]
            wanted = _guide(prompted, logits[live + len(rows)], guidance) if guided else prompted
            chances = _chances(wanted, sampling)
            if walk:
                chances = walk.allow(chances, instead=prompted.softmax(dim=1))
            drawn = _draw(chances, random)
            if walk:
                walk.step(drawn)
            score[rows[live]] += prompted.log_softmax(dim=1).gather(1, drawn[:, None])[:, 0]
            tokens[rows[live], t] = drawn
            live = live[drawn != END]
            if not len(live):
                break
            if cache.full:  # finished texts leave the batch when it is copied anyway
                cache.keep(torch.cat([live, live + len(rows)]) if guided else live)
                rows, live = rows[live], torch.arange(len(live), device=device)
            x = self.embed(tokens[rows, t : t + 1], t)  # (B, 1, C)
            x = torch.cat([x, x]) if guided else x
        return tokens, score


def _guide(prompted: Tensor, free: Tensor, guidance: float) -> Tensor:
    """Guided logits (B, V), among the tokens that the wish alone finds plausible (Li et al., ACL 2023).

    Without the floor a token that is an error either way wins when the wish makes it a little less of one.
    """
    guided = free + guidance * (prompted - free)
    floor = prompted.amax(dim=1, keepdim=True) + math.log(PLAUSIBLE)
    return guided.masked_fill(prompted < floor, -torch.inf)


def _chances(logits: Tensor, sampling: Sampling) -> Tensor:
    """Probabilities (B, V) at the temperature, of the likeliest tokens only."""
    logits = logits / (sampling.temperature or 1.0)
    if 0 < sampling.top_k < logits.shape[1]:
        least = logits.topk(sampling.top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    return logits.softmax(dim=1)


def _draw(chances: Tensor, random: torch.Generator) -> Tensor:
    """One token per row, (B,), by exponential races: the least of Exp(1) / p falls on a token with probability p."""
    race = torch.empty_like(chances).exponential_(generator=random)
    return (chances / race).argmax(dim=1)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def train(run: Run) -> Trained:
    """Trains a GPT as the run asks."""
    return fitting.train(run, GPT)


def load(bundle: Bundle, device: torch.device) -> LanguageGenerator:
    """The generator in a bundle."""
    return LanguageGenerator.from_bundle(bundle, GPT, device)
