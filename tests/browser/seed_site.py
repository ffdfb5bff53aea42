"""Fills the database of a served platform, and prints where its pages are: `manage.py shell -c`."""

from __future__ import annotations

import json

from django.conf import settings

from joulemark.record import keys
from joulemark_simulation.result_rows import private_key
from tests.browser.served_site import MARK
from tests.every_page import english_pages, with_every_state
from tests.web.hostile_site import plant
from tests.web.populated import populate
from tests.web.task_rows import populate_summarizers


def give_key() -> None:
    """The platform's key is the one that signs what is simulated."""
    settings.PLATFORM_KEY_FILE.write_bytes(keys.to_pem(private_key("platform")))


def seed(*, hostile: bool = False) -> None:
    """Results in every state, a table of summarizers, the study; `hostile`: with a stranger's worst words in them."""
    values = with_every_state(populate())
    populate_summarizers()  # rows without results, which the first sweep would take away
    if hostile:
        plant()
    print(MARK + json.dumps(english_pages(values)))
