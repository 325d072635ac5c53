"""Training of any generator over token sequences: data, prompts, fine-tuning, metrics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mlcore import inheritance, training
from mlcore.bundle import Bundle, Trained
from mlcore.data import notation
from mlcore.data.sequences import pad, spellings
from mlcore.data.splits import Indices, Split
from mlcore.data.tables import Floats
from mlcore.data.tokens import COMMON, Tokenizer
from mlcore.errors import UserError
from mlcore.evaluation import generative
from mlcore.generators import distinct
from mlcore.generators.conditions import Axis, axes_from
from mlcore.generators.language import Build, LanguageGenerator
from mlcore.generators.protocol import Condition
from mlcore.run import Run


@dataclass(frozen=True)
class Corpus:
    """Rows ready for a network."""

    sequences: list[list[list[int]]]
    """For each of N rows its spellings as token numbers."""
    prompts: Floats
    """(N, P), NaN where a property is not known."""

    def rows(self, chosen: Indices) -> "Corpus":
        """Some of the rows; those without a spelling (too long) are left out."""
        kept = [row for row in chosen.tolist() if self.sequences[row]]
        return Corpus([self.sequences[row] for row in kept], self.prompts[kept])

    def __len__(self) -> int:
        return len(self.sequences)


class TextLearner:
    """Batches and losses of a SequenceNetwork for mlcore.training.fit."""

    def __init__(self, network: nn.Module, train: Corpus, valid: Corpus, run: Run) -> None:
        self.model, self.train, self.valid, self.run = network, train, valid, run

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Random spellings (B, T), prompts (B, P), some of them hidden, and this process's share of the loss."""
        config, group = self.run.config, self.run.group
        rows = training.batch_rows(step, len(self.train), self.run.batch_size, config.seed)
        random = np.random.default_rng([config.seed, step, 1])
        prompts = self.train.prompts[rows]
        prompts = np.where(random.random(prompts.shape) < config.condition.drop, np.nan, prompts)
        choices = [self.train.sequences[row] for row in rows]
        tokens, asked = self._tensors([forms[random.integers(len(forms))] for forms in choices], prompts)
        mine = group.share(tokens)
        counted = self.model.counted
        return mine, group.share(asked), counted(mine) / counted(tokens)  # type: ignore[operator]

    def loss(self, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """This process's share of the mean loss."""
        tokens, prompts, share = batch
        loss: Tensor = self.model.loss(tokens, prompts) * share  # type: ignore[operator]
        return loss

    def validate(self) -> dict[str, float]:
        """Mean loss of the validation rows with their prompts and, where there are properties, without."""
        return self.measure(self.valid)

    @torch.no_grad()
    def measure(self, corpus: Corpus) -> dict[str, float]:
        """Mean loss a batch over the canonical spellings of `corpus`; empty for an empty one."""
        if not len(corpus):
            return {}
        metrics = {"loss": self._mean(corpus, corpus.prompts)}
        if corpus.prompts.shape[1]:
            metrics["loss_unprompted"] = self._mean(corpus, np.full_like(corpus.prompts, np.nan))
        return metrics

    def _mean(self, corpus: Corpus, prompts: Floats) -> float:
        size, total = 256, 0.0
        with torch.random.fork_rng():
            torch.manual_seed(0)  # networks whose loss is random are compared on the same draws
            for begin in range(0, len(corpus), size):
                part = slice(begin, begin + size)
                texts = [forms[0] for forms in corpus.sequences[part]]
                total += float(self.model.loss(*self._tensors(texts, prompts[part]))) * len(texts)  # type: ignore[operator]
        return total / len(corpus)

    def _tensors(self, texts: list[list[int]], prompts: Floats) -> tuple[Tensor, Tensor]:
        target = self.run.device
        return pad(texts).to(target), torch.tensor(prompts, dtype=torch.float32, device=target)


def train(run: Run, build: Build) -> Trained:
    """Trains the network that `build` makes, from scratch or from `run.init`, and measures what it generates."""
    split = run.split()
    axes = _axes(run, split)
    tokenizer, corpus = _corpus(run, axes)
    torch.manual_seed(run.config.seed)
    network = build(run.config.model, len(tokenizer.vocabulary), [axis.name for axis in axes])
    if run.init:
        _start_from(network, run.init, run)
    parts = {name: corpus.rows(getattr(split, name)) for name in ("train", "valid", "test")}
    if not len(parts["train"]):
        raise UserError(f"no structure is left to train on; raise model.max_tokens ({run.config.model.max_tokens})")
    learner = TextLearner(network.to(run.device), parts["train"], parts["valid"], run)
    progress = training.fit(learner, run)
    metrics: dict[str, Any] = {
        "best_step": progress.best_step,
        "valid": progress.best_metrics,
        "test": learner.measure(parts["test"]),
    }
    generator = LanguageGenerator(network, tokenizer, axes, run.device, run.config.condition, run.config.data.kind)
    metrics["samples"] = _judge(generator, run)
    properties = [axis.as_json() for axis in axes]
    return Trained(network.state_dict(), properties, split, metrics, tokenizer.vocabulary, notes=_notes(run, parts))


def _axes(run: Run, split: Split) -> list[Axis]:
    """One axis per property, from the training rows."""
    inherited = {axis.name: axis for axis in axes_from(run.init.manifest.properties)} if run.init else {}
    train = run.table.values[split.train]
    axes = []
    for item, values in zip(run.table.properties, train.T, strict=True):
        axes.append(Axis.fit(item, values, run.config.condition, inherited.get(item.name)))
        if not (values < axes[-1].threshold).any():  # class high has at least the value where it begins
            run.events.log(
                "warning",
                f"{item.name}: class low has no member, no training value is below {axes[-1].threshold:g}; "
                "asking for low asks for the mean of the training values",
            )
    return axes


def _corpus(run: Run, axes: list[Axis]) -> tuple[Tokenizer, Corpus]:
    config = run.config.model
    random = np.random.default_rng([run.config.seed, 2])
    texts = []
    written = run.table.canonical if config.cut == "canonical" else run.table.smiles
    for row, smiles in enumerate(written):
        spelt = (notation.spell(form, config.notation) for form in spellings(smiles, config.forms, random))
        texts.append([text for text in spelt if text is not None])
        if row % 500 == 499:
            run.events.progress(row + 1, len(written), "spelling structures")
    run.events.progress(len(texts), len(texts), "spelling structures")
    common = COMMON if config.notation == "smiles" else notation.COMMON_SELFIES
    found = (text for forms in texts for text in forms)
    tokenizer = Tokenizer(run.init.vocabulary) if run.init else Tokenizer.of(found, common)
    known = [[text for text in forms if not tokenizer.lacking(text)] for forms in texts]
    sequences = [
        [numbers for text in forms if len(numbers := tokenizer.encode(text)) <= config.max_tokens] for forms in known
    ]
    _tell_left_out(run, texts, known, sequences, tokenizer)
    columns = [axis.prompts(run.table.values[:, column]) for column, axis in enumerate(axes)]
    prompts = np.stack(columns, axis=1) if columns else np.empty((len(texts), 0))
    return tokenizer, Corpus(sequences, prompts)


def _tell_left_out(
    run: Run, texts: list[list[str]], known: list[list[str]], sequences: list[list[list[int]]], tokenizer: Tokenizer
) -> None:
    """Warns of structures that are left without a spelling, and says why."""
    unknown = {token for forms, kept in zip(texts, known, strict=True) if forms and not kept for token in
               tokenizer.lacking(forms[0])}  # fmt: skip
    counts = [sum(map(bool, stage)) for stage in (texts, known, sequences)]
    reasons = (
        (len(texts) - counts[0], "cannot be spelt in SELFIES"),
        (counts[0] - counts[1], f"have tokens that the vocabulary lacks: {' '.join(sorted(unknown))}"),
        (counts[1] - counts[2], f"are longer than {run.config.model.max_tokens} tokens"),
    )
    for count, reason in reasons:
        if count:
            run.events.log("warning", f"left out of training: {count} structures that {reason}")


def _start_from(network: nn.Module, parent: Bundle, run: Run) -> None:
    """Takes the parent's weights; prompts of properties that the parent does not know start fresh."""
    inheritance.inherit(run.config.as_json(), parent.manifest.architecture, asdict(parent.config.model))
    learned = parent.tensors
    body = {name: tensor for name, tensor in learned.items() if not _is_prompt(name)}
    prompts = {name: learned.get(name, fresh) for name, fresh in network.state_dict().items() if _is_prompt(name)}
    parent.fill(network, body | prompts)


def _is_prompt(name: str) -> bool:
    """Whether a tensor belongs to the PromptEncoder, which alone depends on which properties there are."""
    return "prompt" in name.split(".")


def _judge(generator: LanguageGenerator, run: Run) -> dict[str, Any]:
    """The metrics of fresh samples, free and for class high of each property, against all of the table."""
    n = run.config.condition.report_samples
    if not n or not run.group.leads:
        return {}
    reference = generative.Reference(run.table.smiles, run.table.keys, run.config.data.kind)
    wishes: dict[str, Mapping[str, str]] = {"free": {}}
    wishes |= {f"{axis.name}=high": {axis.name: "high"} for axis in generator.axes}
    report = {}
    for number, (name, wish) in enumerate(wishes.items()):
        run.events.progress(number, len(wishes), "measuring samples")
        texts = [sample.text for sample in generator.sample(n, run.config.seed, wish)]
        report[name] = generative.measure(texts, reference)
        if wish:
            report[f"{name}, distinct"] = _judge_distinct(generator, run, wish, reference)
    run.events.progress(len(wishes), len(wishes), "measuring samples")
    return report


def _judge_distinct(
    generator: LanguageGenerator, run: Run, wish: Condition, reference: generative.Reference
) -> dict[str, Any]:
    """The metrics of a sample without replacement, and how many strings it took."""
    n, drawn = run.config.condition.report_samples, 0
    texts: list[str] = []
    for batch in distinct.stream(generator, run.config.seed, distinct.ATTEMPTS * n, wish):
        for draw in batch:
            if len(texts) < n:
                drawn += 1
                texts += [draw.sample.text] * draw.first
        if len(texts) == n:
            break
    return {**generative.measure(texts, reference), "drawn": drawn}


def _notes(run: Run, parts: Mapping[str, Corpus]) -> str:
    config = run.config
    forms = f"up to {config.model.forms} random spellings each" if config.model.forms > 1 else "the canonical spelling"
    forms += {"written": "", "canonical": ", the repeat unit in its canonical cut"}[config.model.cut]
    lines = [
        f"A network over {config.model.notation.upper()} tokens; chain ends are written `*`. "
        f"It saw {len(parts['train'])} structures in {forms}, "
        f"in {config.training.steps} steps of {run.batch_size}, on {run.machine}.",
        f"Samples were drawn at temperature {config.condition.temperature:g} and guidance "
        f"{config.condition.guidance:g} without top-k and compared with the whole table, held-out rows included; "
        "those called distinct without replacement: a string that came before was drawn again (`--distinct`).",
    ]
    return "\n\n".join(lines)
