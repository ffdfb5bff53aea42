"""The table in docs/trust.md is the one that these tests make."""

from __future__ import annotations

from tests.contract.attacks.table import PAGE, page, table


def test_the_page_has_the_table_of_these_attacks() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, table()) == text, "run `make attacks-docs`"
