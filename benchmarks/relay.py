"""A network between a client and a server that can be slow, be counted, and be cut.

:class:`Relay` listens on 127.0.0.1 and passes on what comes to a server (TCP or a unix socket) and back, in a thread.
The tests cut it (``tests/fixtures/proxy.py``), the benchmarks count with it. As a process of its own, so that it takes
no time from the client that is measured::

    python -m benchmarks.relay SERVER [--seconds 0.01]

prints its port, answers each line on its standard input with the counts since the one before as JSON, and ends with it.
``SERVER`` is ``host:port`` or the path of a unix socket; ``--seconds`` is the delay in each direction.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

Address = str | tuple[str, int]
"""The path of a unix socket, or a host and its port."""

_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Counts:
    """What went through. ``waits``: how many round trips came one after the other. What the client says depends on what
    it had been told by then, what the server says on what it had heard by then: the waits are the length of that chain.
    Where much is sent without waiting for answers, some delay keeps the count true: without any, answers meet questions
    that had not waited for them.
    """

    connections: int = 0
    waits: int = 0
    bytes_to_server: int = 0
    bytes_to_client: int = 0


class Relay:
    """Used in a ``with`` block; ``port`` is where it listens, on 127.0.0.1. All methods may be called at any time."""

    def __init__(self, server: Address, *, to_server: float = 0.0, to_client: float = 0.0) -> None:
        """``to_server`` and ``to_client`` are the seconds that each direction takes."""
        self.server = server
        self.seconds = {"server": to_server, "client": to_client}
        self.counts = Counts()
        self.port = 0
        self.is_held = False
        self.pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._listener: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        self._call(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def take_counts(self) -> Counts:
        """The counts since the last time."""

        async def take() -> Counts:
            taken, self.counts = replace(self.counts), Counts()
            return taken

        return asyncio.run_coroutine_threadsafe(take(), self._loop).result()

    def hold(self) -> None:
        """Go silent: nothing is passed on any more, in neither direction, and all connections stay open."""
        self._call(self._hold)

    def restore(self) -> None:
        """Pass everything on again, first what was held back."""
        self._call(self._restore)

    def reset(self) -> None:
        """Break all connections, on both sides, without a farewell; what was on its way is lost. New ones may come."""
        self._call(self._reset)

    # ------------------------------------------------------------------------------------------- in the thread

    def _call(self, function: Callable[[], Any]) -> None:
        async def call() -> None:
            result = function()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    async def _listen(self) -> None:
        self._listener = await self._loop.create_server(lambda: _End(_Pair(self)), "127.0.0.1", 0, backlog=200)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._listener is not None
        self._listener.close()
        self._reset()
        await asyncio.sleep(0)

    def _hold(self) -> None:
        self.is_held = True

    def _restore(self) -> None:
        self.is_held = False
        for pair in tuple(self.pairs):
            for line in pair.lines.values():
                line.pump()

    def _reset(self) -> None:
        for pair in tuple(self.pairs):
            pair.reset()


class _Pair:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.ends: dict[str, asyncio.Transport] = {}
        self.lines = {"server": _Line(self, "server"), "client": _Line(self, "client")}
        self.told = 0
        self.heard = 0
        self._reaching: asyncio.Task[None] | None = None

    def client_came(self) -> None:
        self.relay.pairs.add(self)
        self.relay.counts.connections += 1
        self._reaching = asyncio.ensure_future(self._reach_server())

    async def _reach_server(self) -> None:
        loop, server = asyncio.get_running_loop(), self.relay.server
        try:
            if isinstance(server, str):
                await loop.create_unix_connection(lambda: _End(self, "server"), server)
            else:
                await loop.create_connection(lambda: _End(self, "server"), *server)
        except OSError:
            self.reset()
        else:
            self.lines["server"].pump()

    def length(self, receiver: str) -> int:
        """The length of the chain that ends in what is being said now."""
        return self.told if receiver == "server" else self.heard + 1

    def delivered(self, receiver: str, length: int, size: int) -> None:
        counts = self.relay.counts
        if receiver == "server":
            counts.bytes_to_server += size
            self.heard = max(self.heard, length)
        else:
            counts.bytes_to_client += size
            counts.waits += max(length - self.told, 0)
            self.told = max(self.told, length)

    def reset(self) -> None:
        self.relay.pairs.discard(self)
        for transport in self.ends.values():
            plug = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()


class _Line:
    """One direction: bytes in their order, each chunk due some time after it came; None stands for the end."""

    def __init__(self, pair: _Pair, receiver: str) -> None:
        self._pair = pair
        self._receiver = receiver
        self._chunks: deque[tuple[float, int, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: bytes | None) -> None:
        now = asyncio.get_running_loop().time()
        due = now + self._pair.relay.seconds[self._receiver]
        self._chunks.append((due, self._pair.length(self._receiver), data))
        self.pump()

    def pump(self) -> None:
        """Pass on what is due, and come again when the next chunk is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        out = self._pair.ends.get(self._receiver)
        if self._pair.relay.is_held or out is None:
            return
        loop = asyncio.get_running_loop()
        while self._chunks:
            due, length, data = self._chunks[0]
            if due > loop.time():
                self._timer = loop.call_at(due, self.pump)
                return
            self._chunks.popleft()
            if data is None:
                out.close()
                return
            self._pair.delivered(self._receiver, length, len(data))
            out.write(data)


class _End(asyncio.Protocol):
    """One connection of a pair: ``side`` says whose it is."""

    def __init__(self, pair: _Pair, side: str = "client") -> None:
        self._pair = pair
        self._side = side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        plug = transport.get_extra_info("socket")
        if plug.family != socket.AF_UNIX:
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pair.ends[self._side] = transport
        if self._side == "client":
            self._pair.client_came()

    def data_received(self, data: bytes) -> None:
        self._other_line().put(data)

    def eof_received(self) -> bool:
        self._other_line().put(None)
        return True  # the other side may have something to say yet

    def connection_lost(self, _error: Exception | None) -> None:
        self._pair.ends.pop(self._side, None)
        self._other_line().put(None)
        if not self._pair.ends:
            self._pair.relay.pairs.discard(self._pair)

    def _other_line(self) -> _Line:
        return self._pair.lines["client" if self._side == "server" else "server"]


def _main() -> None:
    parser = argparse.ArgumentParser(description="A relay to a server, for counting and for latency.")
    parser.add_argument("server", help="host:port, or the path of a unix socket")
    parser.add_argument("--seconds", type=float, default=0.0, help="the delay in each direction")
    given = parser.parse_args()
    host, _, port = given.server.rpartition(":")
    server: Address = (host, int(port)) if host and port.isdigit() else given.server
    with Relay(server, to_server=given.seconds, to_client=given.seconds) as relay:
        sys.stdout.write(f"{relay.port}\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(asdict(relay.take_counts())) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _main()
