#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between rtfx and a registry on loopback, and does what networks and registries do on bad days.

Every request is numbered, and has a name that is the same in every run: method, path without the identifiers of uploads,
and how often that came before. A rule says at which request one fault happens, once or for ever.

The client may always publish at the same place and the registry have it elsewhere: what is signed names the place, so
that only publications at the same place are the same.

usage: proxy.py PORT [FAULT once|ever|from NUMBER]     prints "listening PORT", then a line per request
"""

import re
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from http1 import Closed, Message, Stream, has_body, read_answer, read_body

# What happens instead of passing the request on: the registry knows nothing of it.
BEFORE = ("refuse", "reset", "stall", "cut-request", "401", "429", "500", "503", "kill-before")
# What happens to the answer: the registry has done what it was asked to.
AFTER = ("lost", "lost-reset", "lost-stall", "lost-503", "cut-head", "cut-answer", "slow", "wrong-digest", "wrong-bytes",
         "length-long", "length-short", "kill-after")
KINDS = BEFORE + AFTER
REASONS = {"401": "Unauthorized", "429": "Too Many Requests", "500": "Internal Server Error", "503": "Service Unavailable"}
SLOW_SECONDS = 1.2


@dataclass(frozen=True)
class Rule:
    """At the `occurrence`th request (from 0) with this key: `fault`. `mode`: "once"; "ever", with every repetition of
    it; "from", with every request from then on."""

    fault: str
    mode: str
    key: str
    occurrence: int


@dataclass
class Entry:
    """One request, as it went."""

    number: int
    key: str
    occurrence: int
    sends: int  # bytes of its body
    status: int = 0
    receives: int = 0  # bytes of the answer's body
    digest: bool = False  # the answer tells a digest
    fault: str = ""


def key_of(method: str, target: str) -> str:
    """The name of a request that another run of the same publish uses, too."""
    path, _, query = target.partition("?")
    path = re.sub(r"(/blobs/uploads/).+", r"\1*", path)
    kept = [part for part in query.split("&") if part.startswith(("digest=", "mount="))]
    return f"{method} {path}" + ("?" + "&".join(kept).replace("%3A", ":") if kept else "")


class Proxy:
    """Listens on a port of loopback until it is stopped. `kill` is called by the faults that end the publisher."""

    def __init__(self, registry: int):
        self.registry = registry
        self.places = ("", "")  # the client's and the registry's name for a prefix
        self.rule: Rule | None = None
        self.kill: Callable[[], None] = lambda: None
        self.log: list[Entry] = []
        self.hits = 0
        self._seen: dict[str, int] = {}
        self._everything = False
        self._under_way = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        return listener

    def arm(self, rule: Rule | None, places: tuple[str, str] = ("", "")) -> None:
        """Forgets all requests so far; the rule holds for those that come now. Listens again if it had gone down."""
        self._hang_up()
        with self._lock:
            self.rule, self.log, self.hits, self._seen, self._everything = rule, [], 0, {}, False
            self.places = places
            if self._listener.fileno() < 0:
                self._listener = self._listen(self.port)
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        self._go_down()

    def wait_until_idle(self) -> None:
        """Until the registry has answered everything that was passed on."""
        end = time.monotonic() + 30
        while self._under_way > 0:
            if time.monotonic() > end:
                raise TimeoutError("the registry does not answer")
            time.sleep(0.002)

    def _go_down(self) -> None:
        """From now on connections are refused."""
        with self._lock:
            if self._listener.fileno() >= 0:
                # Wakes the thread that waits in accept; closing alone would leave the port open.
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
        client, upstream = Stream(connection), Upstream(self.registry)
        try:
            while True:
                self._exchange(client, upstream)
        except Closed:
            pass
        finally:
            upstream.close()
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _enter(self, request: Message) -> tuple[Entry, str]:
        """Writes the request into the log; the fault that is due, or nothing."""
        key = key_of(request.method, request.target)
        with self._lock:
            occurrence = self._seen.get(key, 0)
            self._seen[key] = occurrence + 1
            entry = Entry(len(self.log), key, occurrence, int(request.get("Content-Length") or 0))
            self.log.append(entry)
            rule = self.rule
            if rule is None:
                return entry, ""
            here = key == rule.key and occurrence >= rule.occurrence
            if rule.mode == "once":
                here = here and self.hits == 0
            elif rule.mode == "from":
                self._everything = here = here or self._everything
            if here:
                self.hits += 1
                entry.fault = rule.fault
            return entry, entry.fault

    def _exchange(self, client: Stream, upstream: "Upstream") -> None:
        request = client.head()
        with self._lock:
            self._under_way += 1
        try:
            self._answer(client, upstream, request)
        finally:
            with self._lock:
                self._under_way -= 1

    def _answer(self, client: Stream, upstream: "Upstream", request: Message) -> None:
        entry, fault = self._enter(request)
        if fault in BEFORE:
            self._before(fault, client, upstream, request, entry)
            return
        if request.get("Expect"):
            request.drop("Expect")
            client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        read_body(client, request)
        answer = upstream.exchange(self._elsewhere(request))
        if location := answer.get("Location"):
            answer.set("Location", location.replace(f"/v2/{self.places[1]}/", f"/v2/{self.places[0]}/", 1))
        entry.sends, entry.receives = len(request.body), len(answer.body)
        entry.status, entry.digest = answer.status, answer.get("Docker-Content-Digest") is not None
        if fault:
            self._after(fault, client, request, answer)
        else:
            client.send(answer.head() + answer.body)

    def _elsewhere(self, request: Message) -> Message:
        """The request as the registry is to see it."""
        here, there = self.places
        if not here:
            return request
        target = request.target.replace(f"/v2/{here}/", f"/v2/{there}/", 1)
        target = re.sub(rf"\bfrom={re.escape(here)}(/|%2F)", rf"from={there}\1", target)
        return Message(f"{request.method} {target} HTTP/1.1", list(request.headers), request.body)

    def _before(self, fault: str, client: Stream, upstream: "Upstream", request: Message, entry: Entry) -> None:
        if fault == "kill-before":
            self.kill()
        elif fault == "refuse":
            if self.rule is not None and self.rule.mode == "from":
                self._go_down()
        elif fault == "reset":
            reset(client)
        elif fault == "stall":
            hold(client)
        elif fault == "cut-request":
            # The registry sees the half of the body, and then the end.
            upstream.send(self._elsewhere(request).head() + client.exactly(int(request.get("Content-Length") or 0) // 2))
            upstream.close()
            reset(client)
        else:
            read_body(client, request)
            entry.status = int(fault)
            refusal(client, fault)
            return
        raise Closed

    def _after(self, fault: str, client: Stream, request: Message, answer: Message) -> None:
        whole = answer.head() + answer.body
        if fault == "kill-after":
            self.kill()
        elif fault == "lost-reset":
            reset(client)
        elif fault == "lost-stall":
            hold(client)
        elif fault == "lost-503":
            refusal(client, "503")
            return
        elif fault == "cut-head":
            client.send(whole[:20])
        elif fault == "cut-answer":
            client.send(answer.head() + answer.body[: len(answer.body) // 2])
        elif fault == "slow":
            step = max(1, len(whole) // 24)
            for start in range(0, len(whole), step):
                client.send(whole[start : start + step])
                time.sleep(SLOW_SECONDS / 24)
            return
        elif fault == "wrong-digest":
            answer.set("Docker-Content-Digest", "sha256:" + "5" * 64)
            client.send(answer.head() + answer.body)
            return
        elif fault == "wrong-bytes":
            middle = len(answer.body) // 2
            changed = bytes([answer.body[middle] ^ 1])
            client.send(answer.head() + answer.body[:middle] + changed + answer.body[middle + 1 :])
            return
        elif fault == "length-long":
            answer.set("Content-Length", str(int(answer.get("Content-Length") or 0) + 7))
            client.send(answer.head() + answer.body)
            if request.method == "HEAD":
                return
        elif fault == "length-short":
            answer.set("Content-Length", str(max(0, int(answer.get("Content-Length") or 0) - 7)))
            client.send(answer.head() + answer.body)
            return
        raise Closed


class Upstream:
    """The way to the registry that belongs to one connection of a client."""

    def __init__(self, port: int):
        self.port = port
        self.stream: Stream | None = None

    def send(self, data: bytes) -> None:
        if self.stream is None:
            try:
                self.stream = Stream(socket.create_connection(("127.0.0.1", self.port)))
            except OSError as error:
                raise Closed from error
        self.stream.send(data)

    def exchange(self, request: Message) -> Message:
        self.send(request.head() + request.body)
        assert self.stream is not None
        answer = read_answer(self.stream, request.method)
        if (answer.get("Connection") or "").lower() == "close":
            self.close()
            answer.drop("Connection")
        return answer

    def close(self) -> None:
        if self.stream is not None:
            self.stream.connection.close()
            self.stream = None


def reset(client: Stream) -> None:
    """Ends the connection with RST: what was sent and not yet read is lost, too."""
    client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.connection.close()


def hold(client: Stream) -> None:
    """Says nothing until the client has had enough."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        readable, _, _ = select.select([client.connection], [], [], 1)
        try:
            if readable and not client.connection.recv(65536):
                return
        except OSError:
            return


def refusal(client: Stream, status: str) -> None:
    answer = Message(f"HTTP/1.1 {status} {REASONS[status]}", [("Content-Type", "application/json")])
    answer.body = b'{"errors":[{"code":"UNKNOWN","message":"as the test wants it"}]}'
    if status == "401":
        answer.set("WWW-Authenticate", 'Basic realm="test"')
    if status == "429":
        answer.set("Retry-After", "0")
    answer.set("Content-Length", str(len(answer.body)))
    client.send(answer.head() + answer.body)


def applies(fault: str, entry: Entry) -> bool:
    """Whether the fault can happen to that request at all, which went well in another run."""
    if fault == "cut-request":
        return entry.sends > 1
    if fault in ("cut-answer", "wrong-bytes"):
        return entry.receives > 1 and not entry.key.startswith("HEAD ")
    if fault == "wrong-digest":
        return entry.digest
    if fault == "length-short":
        return entry.receives > 7 or entry.key.startswith("HEAD ") and entry.status == 200
    return True


def main() -> None:
    proxy = Proxy(int(sys.argv[1]))
    if len(sys.argv) > 2:
        # By number: whatever comes then.
        fault, mode, number = sys.argv[2:]
        assert fault in KINDS and mode in ("once", "ever", "from"), __doc__

        def arm_then(request: Message, enter: Callable[[Message], tuple[Entry, str]] = proxy._enter) -> tuple[Entry, str]:
            if proxy.rule is None and len(proxy.log) == int(number):
                key = key_of(request.method, request.target)
                proxy.rule = Rule(fault, mode, key, 0)
            return enter(request)

        proxy._enter = arm_then  # type: ignore[method-assign]
    print("listening", proxy.port, flush=True)
    told = 0
    while True:
        time.sleep(0.05)
        while told < len(proxy.log) and (proxy.log[told].status or proxy.log[told].fault):
            entry = proxy.log[told]
            print(entry.number, entry.key, entry.status, entry.fault, flush=True)
            told += 1


if __name__ == "__main__":
    main()
