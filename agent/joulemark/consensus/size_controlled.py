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
    return size_controlled_columns(
        energies=np.array([observation.energy for observation in observations], dtype=float),
        parameters=np.array([observation.parameters for observation in observations], dtype=float),
        general_purpose=np.array([observation.general_purpose for observation in observations], dtype=bool),
        groups=_numbered([observation.group for observation in observations]),
        clusters=_numbered(cluster),
    )


def size_controlled_columns(
    *,
    energies: Array,
    parameters: Array,
    general_purpose: NDArray[np.bool_],
    groups: NDArray[np.intp],
    clusters: NDArray[np.intp],
) -> SizeControlled | None:
    """The same of columns, one entry an observation; groups and clusters are whole numbers, in no order.

    It needs memory for each observation and each cluster, and for the groups of one cluster or of all squared.
    """
    energies, sizes = _logs(energies), _logs(parameters)
    if len(energies) == 0:
        return None
    groups, members = (_renumbered(labels) for labels in (groups, clusters))
    n_groups = int(groups.max()) + 1
    if len(energies) <= n_groups + 2:
        return None
    design = np.column_stack([_within(general_purpose.astype(float), groups), _within(sizes, groups)])
    if np.linalg.matrix_rank(design, tol=1e-9 * max(1.0, float(np.linalg.norm(design)))) < 2:
        return None
    fit = _Fit(design, energies, groups, members)
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
        residual_spread=float(np.sqrt(fit.residuals @ fit.residuals / (len(energies) - n_groups - 2))),
        n_observations=len(energies),
        n_groups=n_groups,
        n_clusters=int(members.max()) + 1,
    )


@dataclass(frozen=True, kw_only=True)
class _Cluster:
    """The observations of one cluster, by their places, and what of the design they span.

    H, the cluster's block of the hat matrix, is S S' with S = [group / sqrt(its size), design x root]. `own_groups` are
    the groups of the cluster, `in_own` the place of each observation's group among them, `scale` 1 / sqrt(size of it).
    """

    rows: NDArray[np.intp]
    own_groups: NDArray[np.intp]
    in_own: NDArray[np.intp]
    scale: Array
    slopes: Array
    adjusted: Array

    def span(self, weights: Array) -> Array:
        """S' weights: the groups of the cluster, then the two slopes."""
        return _spanned(weights, self.in_own, self.scale, self.slopes)


class _Fit:
    """Ordinary least squares with what CR2 needs of each cluster.

    The effects of groups are orthogonal to kind and size, from which their means are taken, so that no matrix has a
    column for each group. (I - H)^(-1/2) of a cluster differs from the identity only in the space that its own rows of
    the design span: as S f(S' S) S', with as many rows as the cluster has groups.
    """

    def __init__(
        self, design: Array, energies: Array, groups: NDArray[np.intp], members: NDArray[np.intp]
    ) -> None:
        self.bread = np.linalg.inv(design.T @ design)
        self.coefficients = self.bread @ (design.T @ energies)
        self.residuals = _within(energies, groups) - design @ self.coefficients
        slopes, scale = design @ np.linalg.cholesky(self.bread), 1 / np.sqrt(np.bincount(groups))
        self.n_columns = len(scale) + 2
        ends = np.cumsum(np.bincount(members))[:-1]
        self.clusters = [
            _cluster(rows, groups, scale, slopes, design @ self.bread)
            for rows in np.split(np.argsort(members, kind="stable"), ends)
        ]

    def estimate(self, column: int) -> FactorEstimate | None:
        """A coefficient with its interval; None where no residuals bear on it, or the interval would tell nothing."""
        weights = [cluster.adjusted[:, column] for cluster in self.clusters]
        variance = sum(
            float(weight @ self.residuals[cluster.rows]) ** 2
            for weight, cluster in zip(weights, self.clusters, strict=True)
        )
        squares = np.array([float(weight @ weight) for weight in weights])
        trace, sum_of_squares = self._spread(squares, weights)
        if trace <= NOTHING * float(self.bread[column, column]):
            return None
        degrees = trace**2 / sum_of_squares
        half = t_quantile_95(degrees) * sqrt(variance)
        value = float(self.coefficients[column])
        if not (tells_something(half, half) and abs(value) <= MOST_LOG - half):
            return None
        return FactorEstimate(value=value, low=value - half, high=value + half, degrees=degrees)

    def _spread(self, squares: Array, weights: list[Array]) -> tuple[float, float]:
        """The trace and the sum of squares of diag(`squares`) - L' L, L the clusters' weights in the design's span."""
        loads = [cluster.span(weight) for cluster, weight in zip(self.clusters, weights, strict=True)]
        places = [np.append(cluster.own_groups, [-2, -1]) for cluster in self.clusters]
        if len(loads) <= MANY_CLUSTERS:
            columns = np.zeros((self.n_columns, len(loads)))
            for number, (place, load) in enumerate(zip(places, loads, strict=True)):
                columns[place, number] = load
            spread = np.diag(squares) - columns.T @ columns
            return float(np.trace(spread)), float(np.sum(spread**2))
        outer = np.zeros((self.n_columns, self.n_columns))
        for place, load in zip(places, loads, strict=True):
            outer[np.ix_(place, place)] += np.outer(load, load)
        lengths = np.array([float(load @ load) for load in loads])
        rest = float(np.sum(squares * (squares - 2 * lengths)) + np.sum(outer**2))
        return float(np.sum(squares - lengths)), rest


MANY_CLUSTERS = 1000
"""Beyond it no matrix has a row and a column for each cluster; the sum of squares is then a difference of sums."""


def _cluster(
    rows: NDArray[np.intp], groups: NDArray[np.intp], scale: Array, slopes: Array, contrasts: Array
) -> _Cluster:
    """A cluster, (I - H)^(-1/2) times its `contrasts`; directions without residuals are left out (Moore, Penrose)."""
    own_groups, in_own = np.unique(groups[rows], return_inverse=True)
    own_scale, own_slopes, own = scale[own_groups], slopes[rows], contrasts[rows]
    cross = _spanned(own_slopes, in_own, own_scale, own_slopes)
    gram = np.zeros((len(cross), len(cross)))
    np.fill_diagonal(gram, np.append(np.bincount(in_own) * own_scale**2, [0.0, 0.0]))
    gram[:, -2:], gram[-2:, :] = cross, cross.T
    leverage, vectors = np.linalg.eigh(gram)
    spanned = (vectors * _growth(leverage)) @ (vectors.T @ _spanned(own, in_own, own_scale, own_slopes))
    adjusted = own + (own_scale[:, None] * spanned[:-2])[in_own] + own_slopes @ spanned[-2:]
    return _Cluster(
        rows=rows,
        own_groups=own_groups,
        in_own=in_own,
        scale=own_scale,
        slopes=own_slopes,
        adjusted=adjusted,
    )


def _spanned(weights: Array, in_own: NDArray[np.intp], scale: Array, slopes: Array) -> Array:
    """S' weights, of one column of weights or of several."""
    sums = np.zeros((len(scale), *weights.shape[1:]))
    np.add.at(sums, in_own, weights)
    by_group = (scale if weights.ndim == 1 else scale[:, None]) * sums
    spanned: Array = np.concatenate([by_group, slopes.T @ weights])
    return spanned


def _growth(leverage: Array) -> Array:
    """((1 - h)^(-1/2) - 1) / h of each h from 0 to 1, -1 / h where nothing is left of 1 - h; for h = 0 the limit."""
    rest = 1 - leverage
    few = np.maximum(leverage, 1e-12)
    grows = np.expm1(-0.5 * np.log(np.maximum(rest, NOTHING))) / few
    grows = np.where(rest > NOTHING, grows, -1 / few)
    growth: Array = np.where(leverage > 1e-12, grows, 0.5)
    return growth


def _logs(values: Array) -> Array:
    if not np.all(np.isfinite(values) & (values > 0)):
        raise ImpossibleValue("Energies and counts of parameters must be positive and finite.")
    logs: Array = np.log(values)
    return logs


def _renumbered(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Labels as numbers from 0 on, in the order in which they come first, so that a name changes no digit."""
    _, first, places = np.unique(labels, return_index=True, return_inverse=True)
    numbers: NDArray[np.intp] = np.argsort(np.argsort(first))[places]
    return numbers


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    """Each label as a number, in the order in which they come first."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)


def _within(values: Array, groups: NDArray[np.intp]) -> Array:
    """Each value less the mean of its group."""
    sums = np.bincount(groups, weights=values)
    means: Array = sums / np.bincount(groups)
    return values - means[groups]
