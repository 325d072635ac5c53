"""Validity by construction: which tokens can still lead to a text that RDKit reads, for a batch of texts at once.

The automaton knows of every text the atom at which it goes on, the atoms of the open brackets, how many bonds each atom
may still have, the open ring digits with their atoms, and the chain ends that are missing. A token is let through where
all of that allows it and the text can be ended afterwards in the places that are left. How many tokens an ending takes
is told by a bound that some token always lowers by one, so that no text is ever stuck: close a ring here, or put a
carbon and close it there; then the ends; then the brackets. The bound may be a few tokens above the least, so a text
that would end within the last few places of the longest can be refused; nothing else in the data is.

What is not held: aromatic atoms must form rings with alternating bonds (kekulisation). They get no more neighbours
than they can have, that is all. Stricter than RDKit: an end is not bonded to an end, halogens have one bond, nitro
groups are written with charges, a ring digit stands right behind its atom, and the first digit of a ring carries no
triple bond.

    N texts that go on, K ring digits, Q kinds of atoms, V vocabulary
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.chem.identity import Kind
from mlcore.generators.alphabet import Alphabet

START, ATOM, OPENED, CLOSED = range(4)
"""What came last; ring digits count as part of their atom, and a bond that waits for an atom is kept apart."""

_SPARE = 12
"""Tokens that any ending takes at most, beside its brackets and two for each ring."""


class Grammar:
    """The rules for one vocabulary; `walk` follows texts."""

    def __init__(self, vocabulary: Sequence[str], kind: Kind = "polymer", device: torch.device | None = None) -> None:
        alphabet = Alphabet.of(vocabulary, kind)
        self.device = device or torch.device("cpu")
        self.ends = 2 if kind == "polymer" else 0
        self.digits, self.atoms = alphabet.digits, Alphabet.DIGIT + alphabet.digits
        self.moves = torch.tensor(alphabet.moves, device=device)  # (V,)
        self.capacity = torch.tensor([atom.capacity for atom in alphabet.atoms], device=device)  # (Q,)
        self.aromatic = torch.tensor([atom.aromatic for atom in alphabet.atoms], device=device)
        self.end = torch.tensor([atom.end for atom in alphabet.atoms], device=device)

    def walk(self, texts: int, places: int) -> "Walk":
        """Follows so many texts of at most `places` tokens, END included."""
        return Walk(self, texts, places)


@dataclass
class Here:
    """What the rules ask of every text, (N,) each."""

    free: Tensor
    """Bonds that the atom at which the text goes on may still have."""
    aromatic: Tensor
    """Whether it is aromatic."""
    head: Tensor
    """Whether it is the chain end with which the text began."""
    rings: Tensor
    """Open ring digits."""
    others: Tensor
    """Those opened by other atoms."""
    wide: Tensor
    """The highest order of a bond that they ask for."""
    upper: Tensor
    """Atoms of open brackets that may still have a bond."""
    ready: Tensor
    """Whether an atom, with its digits or a bracket behind it, came last and no bond."""


class Walk:
    """Where each of a batch of texts stands; those that have ended are forgotten."""

    def __init__(self, grammar: Grammar, texts: int, places: int) -> None:
        self.grammar, self.left = grammar, places
        self.hurried = True  # whether any text is so near its last place that the length of its ending matters

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.long, device=grammar.device)

        self.share = torch.ones(texts, device=grammar.device)
        """For all texts: the product over their tokens of the probability that the mask left."""
        self.rows = torch.arange(texts, device=grammar.device)  # (N,) which of all texts go on
        self.last, self.bond, self.depth, self.count, self.atom = (zeros(texts) for _ in range(5))
        self.ends = zeros(texts) + grammar.ends  # missing chain ends
        self.headed = zeros(texts) > 0  # whether the text began with one
        self.stack, self.free = zeros(texts, places), zeros(texts, places)  # by depth: atoms; by atom: bonds to give
        self.aromatic, self.stacked = zeros(texts, places) > 0, zeros(texts, places) > 0  # by atom
        self.opener = zeros(texts, grammar.digits) - 1  # by digit: its atom, -1 where it is not open
        self.order = zeros(texts, grammar.digits)  # the bond written at it, 0 for none
        self.joined = zeros(texts, grammar.digits) > 0  # whether its atom cannot be bonded to this one

    def allow(self, chances: Tensor, instead: Tensor) -> Tensor:
        """`chances` (N, V) of the tokens that lead somewhere, others 0; `instead` where none of those has any chance.

        What is left of 1 is multiplied into `share`. Of texts drawn so, the mean of `share` estimates without bias the
        probability that a text drawn from `chances` alone keeps to the grammar: each comes with probability
        p(text) / share, so the mean is the sum of p over all texts that keep to it.
        """
        allowed = self.allowed()
        kept = chances * allowed
        mass = kept.sum(dim=1)
        self.share[self.rows] *= mass
        return torch.where(mass[:, None] > 0, kept, instead.clamp(min=1e-30) * allowed)

    def allowed(self) -> Tensor:
        """Whether each token may come next, (N, V)."""
        here = self._here()
        most = self.depth + 2 * here.rings + _SPARE
        self.hurried = not bool((most < self.left).all())
        single = [torch.zeros_like(here.ready), self._stop(here), self._open(here), self._close(here)]
        single += [self._bond(here, order) for order in (1, 2, 3)]
        moves = torch.cat([torch.stack(single, dim=1), self._digit(here), self._atom(here)], dim=1)
        return moves.index_select(1, self.grammar.moves)

    def step(self, tokens: Tensor) -> None:
        """Appends a token (N,) to every text."""
        moves = self.grammar.moves[tokens]
        self.left -= 1
        self._add_atoms(torch.nonzero(moves >= self.grammar.atoms)[:, 0], moves)
        self._add_digits(torch.nonzero((moves >= Alphabet.DIGIT) & (moves < self.grammar.atoms))[:, 0], moves)
        bonded = (moves >= Alphabet.BOND) & (moves < Alphabet.DIGIT)
        self.bond = torch.where(bonded, moves - Alphabet.BOND + 1, self.bond)
        self._open_brackets(torch.nonzero(moves == Alphabet.OPEN)[:, 0])
        self._close_brackets(torch.nonzero(moves == Alphabet.CLOSE)[:, 0])
        going = torch.nonzero(moves != Alphabet.STOP)[:, 0]
        if len(going) < len(moves):
            for name in _ROWWISE:
                setattr(self, name, getattr(self, name).index_select(0, going))

    def _here(self) -> Here:
        at, is_open = self.atom[:, None], self.opener >= 0
        rings = is_open.sum(dim=1)
        return Here(
            free=self.free.gather(1, at)[:, 0],
            aromatic=self.aromatic.gather(1, at)[:, 0],
            head=self.headed & (self.atom == 0),
            rings=rings,
            others=rings - (self.opener == at).sum(dim=1),
            wide=1 + (self.order == 2).any(dim=1).long(),
            upper=(self.stacked & (self.free > 0)).sum(dim=1),
            ready=(self.bond == 0) & ((self.last == ATOM) | (self.last == CLOSED)),
        )

    def _stop(self, here: Here) -> Tensor:
        return here.ready & (self.depth + here.rings + self.ends == 0)

    def _open(self, here: Here) -> Tensor:
        upper = here.upper + (here.free > 1).long()
        return here.ready & (here.free > 0) & self._ends_with_atom(here, self.depth + 1, 1, upper)

    def _close(self, here: Here) -> Tensor:
        top = self.stack.gather(1, (self.depth - 1).clamp(min=0)[:, None])
        free = self.free.gather(1, top)[:, 0]
        upper = here.upper - (free > 0).long()
        fresh = here.rings > (self.opener == top).sum(dim=1)
        ends = self._ends(self.depth - 1, here.rings, self.ends, free, upper, fresh)
        return here.ready & (self.depth > 0) & ends

    def _bond(self, here: Here, order: int) -> Tensor:
        cost = _cost(here.aromatic, order)
        fits = (self.bond == 0) & (self.last != START) & (here.free >= cost)
        return fits & self._ends_with_atom(here, self.depth, order, self._upper(here, cost))

    def _digit(self, here: Here) -> Tensor:
        """(N, K)"""
        place = (self.last == ATOM) & ~here.head
        return place[:, None] & torch.where(self.opener >= 0, self._close_ring(here), self._open_ring(here)[:, None])

    def _open_ring(self, here: Here) -> Tensor:
        cost = _cost(here.aromatic, self.bond.clamp(min=1))
        free, fresh = here.free - cost, here.others > 0
        ends = self._ends(self.depth, here.rings + 1, self.ends, free, here.upper, fresh)
        return (self.bond < 3) & (free >= 0) & ends

    def _close_ring(self, here: Here) -> Tensor:
        bond, opener = self.bond[:, None], self.opener.clamp(min=0)
        cost, more = self._ring_costs(here.aromatic[:, None], self.aromatic.gather(1, opener), bond, self.order)
        free, theirs = here.free[:, None] - cost, self.free.gather(1, opener) - more
        alike = (bond == 0) | (self.order == 0) | (bond == self.order)
        used_up = self.stacked.gather(1, opener) & (more > 0) & (theirs == 0)
        upper = here.upper[:, None] - used_up.long()
        rings, fresh = here.rings[:, None] - 1, here.others[:, None] > 1
        ends = self._ends(self.depth[:, None], rings, self.ends[:, None], free, upper, fresh)
        return ~self.joined & alike & (free >= 0) & (theirs >= 0) & ends

    def _atom(self, here: Here) -> Tensor:
        """(N, Q)"""
        grammar, begin = self.grammar, (self.last == START)[:, None]
        order = self.bond.clamp(min=1)
        cost = _cost(here.aromatic, order)
        free = grammar.capacity - torch.where(begin, 0, _cost(grammar.aromatic, order[:, None]))
        ends, rings, upper = (
            self.ends[:, None] - grammar.end.long(),
            here.rings[:, None],
            self._upper(here, cost)[:, None],
        )
        fits = (begin | (here.free >= cost)[:, None]) & (free >= 0) & ~(here.head[:, None] & grammar.end)
        near, head = _near(here, free, ends, upper), begin & grammar.end
        return fits & (ends >= 0) & self._ends(self.depth[:, None], rings, ends, free, upper, rings > 0, near, head)

    def _ends_with_atom(self, here: Here, depth: Tensor, order: int, upper: Tensor) -> Tensor:
        """Whether a text that waits for an atom, after a bond of `order`, can be ended: by a carbon or a chain end."""
        always = depth >= 0
        if not self.hurried:
            return always  # a carbon can follow, and anything after it
        free, rest = torch.full_like(depth, 4 - order), (depth + 1, here.rings)  # the atom is one token
        near = _near(here, free[:, None], self.ends[:, None], 0 * upper[:, None])[:, 0]
        by_carbon = self._ends(*rest, self.ends, free, upper, here.rings > 0, near)
        if order > 1:
            return by_carbon
        by_end = self._ends(*rest, self.ends - 1, torch.zeros_like(free), upper, ~always)
        return by_carbon | (by_end & (self.ends > 0) & ~here.head)

    def _ends(
        self,
        depth: Tensor,
        rings: Tensor,
        ends: Tensor,
        free: Tensor,
        upper: Tensor,
        fresh: Tensor,
        near: Tensor | None = None,
        head: Tensor | None = None,
    ) -> Tensor:
        """Whether a text can be ended in the places that are left after this token.

        Args:
            depth: open brackets.
            rings: open ring digits. Each takes a carbon and its digit, and where the first carbon cannot close any
                since this very atom opened all of them, one carbon more.
            ends: missing chain ends. Two take `*` here and there, `(*)*` where there is one atom only that can have
                them, and a carbon before where it can have only one.
            free: bonds that the atom at which the text goes on may still have.
            upper: atoms of open brackets that may have one.
            fresh: whether another atom opened one of the rings.
            near: whether one can be closed at this atom already, which is a new one.
            head: whether it is a chain end, which takes a carbon before it takes the other end.
        """
        here = free > 0
        possible = (rings + ends == 0) | here | (upper > 0)
        if not self.hurried:
            return possible
        closing = 2 * rings + 1 - (fresh & here).long() - (0 if near is None else near.long())
        two = torch.where(here.long() + upper > 1, 2, 5 - (free > 1).long())
        ending = torch.where(ends > 1, torch.where(rings > 0, 5, two), ends)
        total = depth + 1 + torch.where(rings > 0, closing, 0) + ending + (0 if head is None else head.long())
        return possible & (total < self.left)

    def _upper(self, here: Here, cost: Tensor) -> Tensor:
        """Atoms of open brackets from which a text can go on after a bond of `cost` at this atom."""
        used_up = (self.last == OPENED) & (here.free == cost)
        return here.upper - used_up.long()

    @staticmethod
    def _ring_costs(aromatic: Tensor, theirs: Tensor, bond: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
        """What closing a ring costs this atom, and what it costs the other beyond what was set aside for it."""
        final = torch.maximum(bond, order).clamp(min=1)
        return _cost(aromatic, final), _cost(theirs, final) - _cost(theirs, order.clamp(min=1))

    def _add_atoms(self, rows: Tensor, moves: Tensor) -> None:
        grammar, kind = self.grammar, moves[rows] - self.grammar.atoms
        parent, new, begin = self.atom[rows], self.count[rows], self.last[rows] == START
        order = self.bond[rows].clamp(min=1)
        self.free[rows, parent] -= torch.where(begin, 0, _cost(self.aromatic[rows, parent], order))
        self.free[rows, new] = grammar.capacity[kind] - torch.where(begin, 0, _cost(grammar.aromatic[kind], order))
        self.aromatic[rows, new] = grammar.aromatic[kind]
        self.headed[rows] |= begin & grammar.end[kind]
        self.ends[rows] -= grammar.end[kind].long()
        self.joined[rows] = self.opener[rows] == parent[:, None]
        self.atom[rows], self.count[rows] = new, new + 1
        self.last[rows], self.bond[rows] = ATOM, 0

    def _add_digits(self, rows: Tensor, moves: Tensor) -> None:
        digit, atom, bond = moves[rows] - Alphabet.DIGIT, self.atom[rows], self.bond[rows]
        opener, order = self.opener[rows, digit], self.order[rows, digit]
        closes, partner = opener >= 0, opener.clamp(min=0)
        aromatic, theirs = self.aromatic[rows, atom], self.aromatic[rows, partner]
        cost, more = self._ring_costs(aromatic, theirs, bond, order)
        self.free[rows, atom] -= cost
        self.free[rows, partner] -= torch.where(closes, more, 0)
        self.joined[rows] |= closes[:, None] & (self.opener[rows] == opener[:, None])
        self.joined[rows, digit] = True
        self.opener[rows, digit] = torch.where(closes, -1, atom)
        self.order[rows, digit] = torch.where(closes, 0, bond)
        self.bond[rows] = 0

    def _open_brackets(self, rows: Tensor) -> None:
        self.stack[rows, self.depth[rows]] = self.atom[rows]
        self.stacked[rows, self.atom[rows]] = True
        self.depth[rows] += 1
        self.last[rows] = OPENED

    def _close_brackets(self, rows: Tensor) -> None:
        self.depth[rows] -= 1
        self.atom[rows] = self.stack[rows, self.depth[rows]]
        self.stacked[rows, self.atom[rows]] = False
        self.last[rows] = CLOSED


_ROWWISE = (
    *("rows", "last", "bond", "depth", "count", "atom", "ends", "headed"),
    *("stack", "free", "aromatic", "stacked", "opener", "order", "joined"),
)


def _cost(aromatic: Tensor, order: Tensor | int) -> Tensor:
    """Bonds that one of `order` takes: an aromatic atom's own double bond is one, a triple bond too many."""
    order = torch.as_tensor(order)
    return torch.where(aromatic & (order < 3), 1, order + 3 * (aromatic & (order == 3)).long())


def _near(here: Here, free: Tensor, ends: Tensor, upper: Tensor) -> Tensor:
    """Whether a ring can be closed right at a new atom, (N, Q), and the text go on from there or need not."""
    others, wide, rings = here.others[:, None] > 0, here.wide[:, None], here.rings[:, None]
    return others & ((free > wide) | ((free == wide) & (rings == 1) & ((ends == 0) | (upper > 0))))
