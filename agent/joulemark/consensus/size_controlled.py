"""How many times the energy a general-purpose model of the same size uses: a regression with clustered intervals.

    log energy = effect of the group + size_exponent x log parameters + log factor x general-purpose + error

A group is what may be compared directly (a task and data set, under equal conditions). Errors of one cluster may be
related in any way: in a study its models are the clusters, on a platform its contributors. The interval is that of
Bell and McCaffrey, as Pustejovsky and Tipton give it (2018, doi:10.1080/07350015.2016.1247004): the bias-reduced
sandwich CR2 with Satterthwaite's degrees of freedom under equal, unrelated errors. It holds for few and uneven
clusters, where the plain sandwich (CR0, CR1 with G - 1 degrees) is too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.interval import MOST_LOG, tells_something
from joulemark.consensus.student_t import t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NOTHING = 1e-8
"""A direction of a cluster whose residuals are below this share of it has none: its effect is fitted exactly."""


@dataclass(frozen=True, kw_only=True)
class Sized:
    """One energy of one model, in any unit; `group`: with what it may be compared; `parameters`: how many weights."""

    group: Hashable
    energy: float
    parameters: float
    general_purpose: bool


@dataclass(frozen=True, kw_only=True)
class FactorEstimate:
    """A value with its 95 % interval and the degrees of freedom that it rests on."""

    value: float
    low: float
    high: float
    degrees: float


@dataclass(frozen=True, kw_only=True)
class SizeControlled:
    """`factor`: energy of a general-purpose over a task-specific model of the same size, in the same group.

    `size_exponent`: energy grows as parameters to this power. `residual_spread`: one standard deviation of what the
    model leaves unexplained, on the log scale.
    """

    factor: FactorEstimate
    size_exponent: FactorEstimate
    residual_spread: float
    n_observations: int
    n_groups: int
    n_clusters: int


def size_controlled(observations: Sequence[Sized], cluster: Sequence[Hashable]) -> SizeControlled | None:
    """Fit it; `cluster` names the cluster of each observation.

    None where the data cannot tell: size or kind does not vary within the groups, the two vary together, or the
    clusters leave no residuals to judge by, or so few that the interval would tell nothing. Raises ImpossibleValue for
    an energy or a count of parameters that is not positive and finite, or where observations and clusters differ in
    number.
    """
    if len(observations) != len(cluster):
        raise ImpossibleValue("Every observation needs its cluster.")
    energies = _logs([observation.energy for observation in observations])
    sizes = _logs([observation.parameters for observation in observations])
    groups = _numbered([observation.group for observation in observations])
    members = _numbered(cluster)
    kinds = np.array([float(observation.general_purpose) for observation in observations])
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    if len(energies) <= n_groups + 2:
        return None
    design = np.column_stack([_within(kinds, groups), _within(sizes, groups)])
    if np.linalg.matrix_rank(design, tol=1e-9 * max(1.0, float(np.linalg.norm(design)))) < 2:
        return None
    full = np.column_stack([design, np.eye(n_groups)[groups]])
    fit = _Fit(full, energies, members)
    kind, size = fit.estimate(0), fit.estimate(1)
    if kind is None or size is None:
        return None
    return SizeControlled(
        factor=FactorEstimate(
            value=float(np.exp(kind.value)),
            low=float(np.exp(kind.low)),
            high=float(np.exp(kind.high)),
            degrees=kind.degrees,
        ),
        size_exponent=size,
        residual_spread=float(np.sqrt(fit.residuals @ fit.residuals / (len(energies) - full.shape[1]))),
        n_observations=len(energies),
        n_groups=n_groups,
        n_clusters=int(members.max()) + 1,
    )


class _Fit:
    """Ordinary least squares with what CR2 needs of each cluster.

    Nothing here is as large as observations x observations: (I - H)^(-1/2) of a cluster differs from the identity
    only in the space that its own rows of the design span, which a thin decomposition gives.
    """

    def __init__(self, design: Array, energies: Array, members: NDArray[np.intp]) -> None:
        self.bread = np.linalg.inv(design.T @ design)
        self.coefficients = self.bread @ (design.T @ energies)
        self.residuals = energies - design @ self.coefficients
        root = np.linalg.cholesky(self.bread)
        ends = np.cumsum(np.bincount(members))[:-1]
        rows_of = np.split(np.argsort(members, kind="stable"), ends)
        self.clusters = [
            (design[rows], _adjusted(design[rows], root), self.residuals[rows]) for rows in rows_of
        ]

    def estimate(self, column: int) -> FactorEstimate | None:
        """A coefficient with its interval; None where no residuals bear on it, or the interval would tell nothing."""
        contrast = self.bread[:, column]
        weights = [adjusted @ contrast for _, adjusted, _ in self.clusters]
        variance = sum(
            float(weight @ residuals) ** 2
            for weight, (_, _, residuals) in zip(weights, self.clusters, strict=True)
        )
        loads = np.column_stack(
            [rows.T @ weight for weight, (rows, _, _) in zip(weights, self.clusters, strict=True)]
        )
        spread = np.diag([float(weight @ weight) for weight in weights]) - loads.T @ self.bread @ loads
        trace = float(np.trace(spread))
        if trace <= NOTHING * float(self.bread[column, column]):
            return None
        degrees = trace**2 / float(np.sum(spread**2))
        half = t_quantile_95(degrees) * sqrt(variance)
        value = float(self.coefficients[column])
        if not (tells_something(half, half) and abs(value) <= MOST_LOG - half):
            return None
        return FactorEstimate(value=value, low=value - half, high=value + half, degrees=degrees)


def _adjusted(rows: Array, root: Array) -> Array:
    """(I - H)^(-1/2) times a cluster's rows; directions without residuals are left out (Moore and Penrose)."""
    left, leverage, _ = np.linalg.svd(rows @ root, full_matrices=False)
    rest = 1 - leverage**2
    grows = np.where(rest > NOTHING, 1 / np.sqrt(np.maximum(rest, NOTHING)), 0.0)
    return rows + left @ ((grows - 1)[:, None] * (left.T @ rows))


def _logs(values: Sequence[float]) -> Array:
    listed = np.array(values, dtype=float)
    if not np.all(np.isfinite(listed) & (listed > 0)):
        raise ImpossibleValue("Energies and counts of parameters must be positive and finite.")
    logs: Array = np.log(listed)
    return logs


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    """Each label as a number, in the order in which they come first."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)


def _within(values: Array, groups: NDArray[np.intp]) -> Array:
    """Each value less the mean of its group."""
    sums = np.bincount(groups, weights=values)
    means: Array = sums / np.bincount(groups)
    return values - means[groups]
