"""Links of TCP between two processes that can be cut, frozen or dripping: `python links.py NAME:FROM:TO …`.

A process of its own, so that what passes through shares no interpreter with the clients. Each line of its input is
`NAME MODE`; it answers each with the same line once it is so. `cut` ends every connection from time to time, `frozen`
takes what is sent and passes nothing on, `dripping` passes some bytes at a time, `passing` all.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["passing", "cut", "frozen", "dripping"]
CHUNK = 65536
DRIP_BYTES, DRIP_S = 256, 0.01
CUT_EVERY_S = 0.7


@dataclass
class Link:
    """One listening port, and the connections through it."""

    listens: int
    leads_to: int
    mode: Mode = "passing"
    passes: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def turn(self, mode: Mode) -> None:
        """Be in another mode from now on."""
        self.mode = mode
        if mode == "frozen":
            self.passes.clear()
        else:
            self.passes.set()
        while self.mode == "cut":
            for writer in list(self.writers):
                writer.transport.abort()
            await asyncio.sleep(CUT_EVERY_S)

    async def serve(self) -> None:
        """Listen."""
        self.passes.set()
        await asyncio.start_server(self._connect, "127.0.0.1", self.listens)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            await self.passes.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.leads_to)
        except OSError:
            writer.transport.abort()
            self.writers.discard(writer)
            return
        self.writers.add(far_writer)
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self.writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self.passes.wait()
                await self._write(writer, chunk)
        with suppress(OSError, RuntimeError):
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        while self.mode == "dripping" and chunk:
            writer.write(chunk[:DRIP_BYTES])
            await writer.drain()
            chunk = chunk[DRIP_BYTES:]
            await asyncio.sleep(DRIP_S)
        if chunk:
            writer.write(chunk)
            await writer.drain()


async def serve(links: dict[str, Link]) -> None:
    """Pass on, and do what each line of the input says."""
    for link in links.values():
        await link.serve()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    turning: dict[str, asyncio.Task[None]] = {}
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, mode = line.split()
        turning[name] = asyncio.create_task(links[name].turn(mode))
        await asyncio.sleep(0)
        print(line, end="", flush=True)


class Links:
    """The process, and a way to tell it."""

    def __init__(self, **ports: tuple[int, int]) -> None:
        """`ports`: for each link the port that it listens on and the one that it leads to."""
        words = [f"{name}:{listens}:{leads_to}" for name, (listens, leads_to) in ports.items()]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def turn(self, name: str, mode: Mode) -> None:
        """Return once the link is in this mode."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = f"{name} {mode}\n"
        self._process.stdin.write(line)
        self._process.stdin.flush()
        assert self._process.stdout.readline() == line

    def close(self) -> None:
        """End it and every connection."""
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Read the links from the command line."""
    links = {}
    for word in sys.argv[1:]:
        name, listens, leads_to = word.split(":")
        links[name] = Link(int(listens), int(leads_to))
    asyncio.run(serve(links))


if __name__ == "__main__":
    main()
