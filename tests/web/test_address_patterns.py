"""No address takes a parameter with a line break at its end."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from joulemark_simulation.addresses import routes

FITTING = {
    "cell_id": "1~2~3~4~measured~gpu+cpu+dram~float16.b1.power-default",
    "code": "JM-ABSENT",
    "form": "svg",
    "leaf_index": "7",
    "number": "1",
    "series": "demo-1-estimated",
    "task": "t",
    "release_path": "2026-05-05/manifest.json",
    "result_id": "a" * 64,
    "group": "log",
    "schema_group": "log",
    "short_id": "a" * 16,
    "part": "pages",
    "path": "0/000.p/1",
    "digest": "a" * 64,
    "pseudonym": "v-0a1b2c3d4e5f",
    "tag": "a" * 16,
    "model": "owner/model",
    "hardware": "gpu-0f3a91c2d4e5",
    "export_form": "boamps",
    "dataset": "d",
    "suite": "demo-1",
}


@pytest.mark.laws
def test_no_parameter_of_an_address_takes_a_line_break() -> None:
    tried = 0
    for route in routes():
        for name in route.parameters:
            if name == "path":
                continue  # any text: the log's own parser of paths decides
            for ending in ("\n", "\r\n", "\x00", "\u2028"):
                values = {**FITTING, name: FITTING[name] + ending}
                with pytest.raises(Resolver404):
                    resolve(route.address(values))
                tried += 1
            resolve(route.address(FITTING))  # raises where nothing matches
    assert tried > 50


@pytest.mark.django_db
def test_a_tile_with_a_line_break_is_not_there(client: Client) -> None:
    assert client.get("/log/tile/0/000.p/1%0A").status_code in {400, 404}
    assert client.get("/log/checkpoint%0A").status_code in {400, 404}
