"""Reading result files: what verifies, what does not, and that `show` leaves nothing out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from joulemark.record import bundle as bundles
from joulemark.record import keys
from joulemark.record.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent


@pytest.fixture
def file(agent: Agent) -> Path:
    """One result, never sent."""
    assert agent("run", "--offline", "--meter", "estimate", "--only", "writing/*") == 0
    (kept,) = agent.outbox.results()
    return kept.path


def test_an_untouched_file_verifies_and_says_what_that_proves(agent: Agent, file: Path) -> None:
    answer = agent.json("verify", str(file))
    assert agent.code == 0
    assert answer["result_id"] == file.name.split(".")[0]
    assert answer["proved"] == ["proved: signed by this key; statement and trace are unchanged since"]
    assert any("not that they are right" in sentence for sentence in answer["not_proved"])
    assert any("whose key it is" in sentence for sentence in answer["not_proved"])


def test_the_right_key_proves_who(agent: Agent, file: Path) -> None:
    public = agent.json("verify", str(file))["public_key"]
    answer = agent.json("verify", str(file), "--key", public.upper())
    assert agent.code == 0
    assert not any("whose key it is" in sentence for sentence in answer["not_proved"])


def test_another_key_does_not_fit(agent: Agent, file: Path) -> None:
    other = keys.public_hex(keys.generate())
    answer = agent.json("verify", str(file), "--key", other)
    assert agent.code == 3
    assert answer["error"]["code"] == "JM-SIGNATURE"


@pytest.mark.parametrize("key", ["", "abc", "zz" * 32, "ab" * 33])
def test_what_is_no_key_is_a_usage_error(agent: Agent, file: Path, key: str) -> None:
    assert agent("verify", str(file), "--key", key) == 2


def test_a_flip_of_any_byte_fails(file: Path) -> None:
    """Every position of the file, the lowest bit of each."""
    data = bytearray(file.read_bytes())
    for position in range(len(data)):
        data[position] ^= 1
        try:
            bundles.verified_statement(bundles.parse(bytes(data)))
        except RecordError:
            pass
        else:
            pytest.fail(f"byte {position} of {len(data)} can be flipped")
        data[position] ^= 1


def test_the_command_refuses_a_flipped_byte_a_cut_and_an_addition(agent: Agent, file: Path) -> None:
    data = file.read_bytes()
    for broken in (data[:-10], data + b"\n", data.replace(b'"sig":"', b'"sig":"A', 1), b"", b"\xff"):
        file.write_bytes(broken)
        answer = agent.json("verify", str(file))
        assert agent.code == 3
        assert answer["error"]["code"].startswith("JM-")


def test_a_missing_file_is_a_usage_error(agent: Agent) -> None:
    assert agent("verify", "nowhere.joulemark.json") == 2
    assert agent("show", "nowhere.joulemark.json") == 2


def test_show_prints_the_whole_statement(agent: Agent, file: Path) -> None:
    payload = json.loads(bundles.parse(file.read_bytes()).envelope.payload)
    answer = agent.json("show", str(file))
    assert answer["statement"] == payload
    assert answer["sizes_bytes"]["sent"] == file.stat().st_size
    kinds = [span["kind"] for span in answer["trace"]["spans"]]
    assert kinds[0] == "warm-up"
    agent("show", str(file))
    printed, end = json.JSONDecoder().raw_decode(agent.out)
    assert printed == payload
    assert "Trace: stream process-cpu (cpu, cpu-us)" in agent.out[end:]


def test_show_by_the_beginning_of_an_id(agent: Agent, file: Path) -> None:
    assert agent.json("show", file.name[:10])["result_id"] == file.name.split(".")[0]
    assert agent("show", "0000000000000000") == 6


def test_show_without_a_file_lists_what_is_kept(agent: Agent, file: Path) -> None:
    (row,) = agent.json("show")["results"]
    assert (row["state"], row["job"]) == ("waiting", "writing/letters/small")
    assert agent("show") == 0
    assert "waiting" in agent.out


def test_an_edited_file_in_the_outbox_is_listed_as_damaged_and_never_sent(agent: Agent, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])
    (row,) = agent.json("show")["results"]
    assert row["state"] == "damaged"
    assert list(agent.outbox.results()) == []


def test_an_empty_outbox_is_nothing_to_do(agent: Agent) -> None:
    assert agent("show") == 6
    assert agent("submit") == 6
