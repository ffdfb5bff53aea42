"""Agreement: twice what sensors and devices explain, no advantage from claiming to know little, and tiers."""

from __future__ import annotations

import random
from math import exp

import pytest

from joulemark.consensus.agreement import ContributorReport, compare, tier
from joulemark.consensus.cell import LEAST_U, ResultReading, cell_value
from joulemark.consensus.centre import USUAL_SPREAD


def says(who: str, joules: float, *, device: str = "", u: float | None = LEAST_U) -> ContributorReport:
    return ContributorReport(
        contributor=who, device=device or f"gpu of {who}", energy_per_query_j=joules, relative_u=u
    )


def test_nobody_agrees_with_oneself_or_with_one_device() -> None:
    assert compare(says("a", 1.0), [says("a", 1.0), says("a", 1.0, device="other")]) is None
    assert compare(says("a", 1.0, device="same"), [says("b", 1.0, device="same")]) is None
    assert tier([says("a", 1.0), says("a", 1.0, device="other")]) == "single source"
    assert tier([says("a", 1.0, device="same"), says("b", 1.0, device="same")]) == "single source"


def test_close_reports_agree_and_far_ones_do_not() -> None:
    near = compare(says("a", 1.05), [says("b", 1.0)])
    assert near is not None
    assert (near.agrees, near.n_others) == (True, 1)
    assert near.relative == pytest.approx(0.05)
    assert near.tolerance == pytest.approx(2 * (2 * LEAST_U**2 + 2 * USUAL_SPREAD**2) ** 0.5)
    far = compare(says("a", 1.5), [says("b", 1.0), says("c", 1.01)])
    assert far is not None
    assert (far.agrees, far.n_others) == (False, 2)


def test_of_two_that_differ_nobody_knows_who_is_right() -> None:
    one = compare(says("a", 1.5), [says("b", 1.0)])
    assert one is not None
    assert one.agrees is None
    assert tier([says("a", 1.5), says("b", 1.0)]) == "several sources"


def test_a_large_stated_uncertainty_buys_no_agreement() -> None:
    for stated in (None, 0.5, 1e300):
        found = compare(says("liar", 1.4, u=stated), [says("b", 1.0), says("c", 1.0)])
        assert found is not None
        assert found.agrees is False
        assert found.tolerance < 0.15


def test_a_tiny_stated_uncertainty_disagrees_with_nobody_honest() -> None:
    found = compare(says("a", 1.06, u=1e-9), [says("b", 1.0, u=1e-9), says("c", 1.0, u=1e-9)])
    assert found is not None
    assert found.agrees is True


def test_honest_devices_agree_about_as_often_as_k_2_says() -> None:
    draw = random.Random(5)  # noqa: S311 - a simulation
    agreed = 0
    for _ in range(2000):
        joules = [exp(draw.gauss(0, (LEAST_U**2 + USUAL_SPREAD**2) ** 0.5)) for _ in range(4)]
        mine, *others = [says(str(number), value) for number, value in enumerate(joules)]
        found = compare(mine, others)
        assert found is not None
        agreed += bool(found.agrees)
    assert 0.90 <= agreed / 2000 <= 0.99


def test_a_cell_rises_through_its_tiers() -> None:
    assert tier([says("a", 1.0), says("b", 1.02)]) == "replicated"
    assert tier([says("a", 1.0), says("b", 1.02), says("c", 0.99)]) == "established"
    assert tier([says("a", 1.0), says("b", 1.2), says("c", 1.45)]) == "several sources"
    wide = [says("a", 1.0), says("b", 1.05), says("c", 1.12)]
    value = cell_value(
        ResultReading(
            contributor=one.contributor, device=one.device, energy_per_query_j=one.energy_per_query_j
        )
        for one in wide
    )
    assert (value.between_u or 0) > 0.10
    assert tier(wide) == "replicated"


def test_what_nobody_announced_lifts_no_tier_and_agrees_with_nobody() -> None:
    known = says("a", 1.0)
    quiet = ContributorReport(
        contributor="b", device="gpu of b", energy_per_query_j=1.0, relative_u=0.03, announced=False
    )
    assert compare(quiet, [known]) is None
    assert compare(known, [quiet]) is None
    assert tier([known, quiet]) == "several sources"
    assert tier([known, says("c", 1.01), quiet]) == "replicated"


def test_fifty_keys_on_one_device_establish_nothing() -> None:
    assert tier([says(f"key {n}", 1.0, device="one") for n in range(50)]) == "single source"


def test_a_cell_needs_a_report() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tier([])


def test_keys_on_one_device_speak_once_against_others() -> None:
    honest = [
        ContributorReport(contributor=n, device=f"d{n}", energy_per_query_j=1.0 + n / 200, relative_u=0.025)
        for n in range(4)
    ]
    socks = [
        ContributorReport(contributor=f"sock {n}", device="x", energy_per_query_j=0.7, relative_u=0.025)
        for n in range(5)
    ]
    assert tier(honest) == tier([*honest, *socks], between_u=0.05) == "established"
    for one in honest:
        found = compare(one, [*honest, *socks])
        assert found is not None
        assert (found.agrees, found.n_others) == (True, 4)
        assert abs(found.relative) < 0.02
    sock = compare(socks[0], [*honest, *socks])
    assert sock is not None
    assert (sock.agrees, sock.n_others) == (False, 4)
    assert tier([honest[0], *socks]) == "several sources"
