"""Many small networks side by side that know the temperature through a law.

A member maps the inputs of a structure under its conditions to A and B of

    y = A - B u,    u = 1 / (T - T0) - 1 / (T_ref - T0) in units of its spread,    B = softplus(...) >= 0,

for y the standardised value: with T0 = 0 the law of Arrhenius, else that of Vogel, Tammann and Fulcher, which
conduction through moving chains follows (Ratner and Shriver, Chem. Rev. 88, 109 (1988)). Reading the law out of a
network instead of giving it the temperature is the idea of Bradford et al., ACS Cent. Sci. 9, 206 (2023). Since B >= 0
the curve of each member, and so their mean, never falls with the temperature.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, silu, softplus

from mlcore.predictors.configs import PolymerArrheniusConfig

REFERENCE_K = 333.15
"""Where A is the value itself: the middle of most measurements, so that A and B can be learned apart."""
_NEAREST_K = 20.0
"""The law has a pole at T0, where no chain moves; below T0 + 20 K the curve stays as low as it is there."""
_USUAL_SLOPE = 0.6
"""B before training, in standard deviations of the values for one of u."""


def reciprocal(kelvin: Tensor, vogel_k: float) -> Tensor:
    """Temperatures (...) in K -> 1 / (T - T0) - 1 / (T_ref - T0) in 1/K; falls with T."""
    return 1 / (kelvin - vogel_k).clamp(min=_NEAREST_K) - 1 / (REFERENCE_K - vogel_k)


class Members(nn.Module):
    """M perceptrons with two hidden layers, computed together."""

    def __init__(self, config: PolymerArrheniusConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        self.config, sizes = config, (inputs, config.width, config.width, outputs)
        gains = (1.0, math.sqrt(2), 0.3)
        self.weights = nn.ParameterList(
            torch.randn(config.members, a, b) * gain / math.sqrt(a)
            for a, b, gain in zip(sizes, sizes[1:], gains, strict=False)
        )
        # flat, since the optimizer spares what has one dimension from weight decay
        self.biases = nn.ParameterList(torch.zeros(config.members * b) for b in sizes[1:])

    def forward(self, x: Tensor) -> Tensor:
        """(M, B, inputs) -> (M, B, outputs)."""
        return self._layer(2, self.states(x))

    def states(self, x: Tensor) -> Tensor:
        """(M, B, inputs) -> (M, B, width): what the last layer is given."""
        x = dropout(x, self.config.input_dropout, self.training)
        for number in (0, 1):
            x = dropout(silu(self._layer(number, x)), self.config.dropout, self.training)
        return x

    def _layer(self, number: int, x: Tensor) -> Tensor:
        weight, bias = self.weights[number], self.biases[number]
        return torch.baddbmm(bias.view(len(weight), 1, -1), x, weight)


class LawNetwork(nn.Module):
    """The ensemble with its readout, for P properties."""

    def __init__(self, config: PolymerArrheniusConfig, inputs: int, properties: int) -> None:
        super().__init__()
        self.config, self.properties = config, properties
        by_law = config.law == "law"
        self.members = Members(config, inputs + (not by_law), properties * (1 + by_law))
        self.u_mean: Tensor
        self.u_std: Tensor
        self.register_buffer("u_mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("u_std", torch.ones((), dtype=torch.float64))
        if by_law:
            with torch.no_grad():
                self.members.biases[-1].view(config.members, -1)[:, properties:] = math.log(math.expm1(_USUAL_SLOPE))

    def standardise(self, kelvin: Tensor) -> None:
        """Takes the spread of the training temperatures (N,) for unit."""
        u = self._coordinate(kelvin.double())
        self.u_std.copy_(u.std(unbiased=False).clamp(min=1e-9))
        if self.config.law == "input":
            self.u_mean.copy_(u.mean())

    def forward(self, x: Tensor, kelvin: Tensor) -> Tensor:
        """x (M, B, F) and temperatures (M, B) -> (M, B, P) in standard deviations of the training values."""
        u = self._standard(kelvin)
        if self.config.law == "input":
            plain: Tensor = self.members(torch.cat([x, u], dim=-1))
            return plain
        at_reference, slope = self.members(x).split(self.properties, dim=-1)
        return at_reference - softplus(slope) * u

    def states(self, x: Tensor, kelvin: Tensor) -> Tensor:
        """(M, B, width) of the same: what the members' last layers are given."""
        return self.members.states(torch.cat([x, self._standard(kelvin)], dim=-1) if self.config.law == "input" else x)

    def _standard(self, kelvin: Tensor) -> Tensor:
        """(M, B) -> (M, B, 1): u, or the temperature, in units of its spread."""
        return ((self._coordinate(kelvin.double()) - self.u_mean) / self.u_std).float()[..., None]

    def _coordinate(self, kelvin: Tensor) -> Tensor:
        return kelvin if self.config.law == "input" else reciprocal(kelvin, self.config.vogel_k)
