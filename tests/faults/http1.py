# SPDX-License-Identifier: Apache-2.0
"""As much of HTTP/1.1 as a proxy between a client and a registry needs: heads, and bodies by length or in chunks."""

import socket
from dataclasses import dataclass, field


class Closed(Exception):
    """The other end is gone, between messages or within one."""


@dataclass
class Message:
    """A request or an answer. `start` is the first line; header names keep their spelling."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def set(self, name: str, value: str) -> None:
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name.lower()]

    def head(self) -> bytes:
        lines = [self.start] + [f"{key}: {value}" for key, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])


class Stream:
    """A socket that is read by lines and by counts."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.buffer = b""

    def _more(self) -> None:
        try:
            piece = self.connection.recv(65536)
        except OSError as error:
            raise Closed from error
        if not piece:
            raise Closed
        self.buffer += piece

    def line(self) -> str:
        while b"\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def head(self) -> Message:
        message = Message(self.line())
        while line := self.line():
            key, _, value = line.partition(":")
            message.headers.append((key, value.strip()))
        return message

    def send(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Closed from error


def has_body(message: Message) -> bool:
    return message.get("Transfer-Encoding") is not None or message.get("Content-Length") not in (None, "0")


def read_body(stream: Stream, message: Message) -> None:
    """Reads the body that the head announces. One in chunks becomes one with a length."""
    if (message.get("Transfer-Encoding") or "").lower() != "chunked":
        message.body = stream.exactly(int(message.get("Content-Length") or 0))
        return
    while size := int(stream.line().split(";")[0], 16):
        message.body += stream.exactly(size)
        stream.line()
    while stream.line():
        pass
    message.drop("Transfer-Encoding")
    message.set("Content-Length", str(len(message.body)))


def read_answer(stream: Stream, method: str) -> Message:
    """The next answer that is not merely an interim one."""
    while True:
        answer = stream.head()
        if answer.status >= 200:
            break
    if method != "HEAD" and answer.status not in (204, 304):
        read_body(stream, answer)
    return answer
