#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the faults are what their names say, and that what a publish must not leave behind is found. Needs no registry."""

import hashlib
import http.client
import http.server
import json
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import state  # noqa: E402
from proxy import Proxy, Rule, key_of  # noqa: E402
from publisher import tear  # noqa: E402

BODY = b"0123456789" * 20


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers everything with BODY and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, int]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        got = len(self.rfile.read(length))
        self.seen.append((self.command, self.path, got))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(BODY).hexdigest())
        self.send_header("Location", f"http://{self.headers['Host']}{self.path}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_GET = do_PUT = do_HEAD = _answer

    def log_message(self, *arguments: object) -> None:
        pass


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        Registry.seen = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.proxy = Proxy(self.server.server_port)

    def tearDown(self) -> None:
        self.proxy.stop()
        self.server.shutdown()
        self.server.server_close()

    def ask(self, method: str = "GET", path: str = "/v2/a/manifests/x", body: bytes | None = None,
            timeout: float = 10) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=timeout)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def arm(self, fault: str, mode: str = "once", method: str = "GET", occurrence: int = 0) -> None:
        self.proxy.arm(Rule(fault, mode, f"{method} /v2/a/manifests/x", occurrence))

    def test_passes_on_what_is_no_fault(self) -> None:
        answer, body = self.ask("PUT", body=b"abc")
        self.assertEqual((answer.status, body, Registry.seen), (200, BODY, [("PUT", "/v2/a/manifests/x", 3)]))
        self.assertEqual([(entry.key, entry.sends, entry.receives) for entry in self.proxy.log],
                         [("PUT /v2/a/manifests/x", 3, 200)])

    def test_answers_with_refusals_that_the_registry_does_not_see(self) -> None:
        for status in ("401", "429", "500", "503"):
            self.arm(status)
            self.assertEqual(self.ask()[0].status, int(status))
        self.assertEqual(Registry.seen, [])

    def test_ends_connections_before_anything_was_done(self) -> None:
        for fault in ("refuse", "reset"):
            self.arm(fault)
            with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
                self.ask()
        self.arm("reset")
        with self.assertRaises(ConnectionResetError):
            self.ask()
        self.assertEqual(Registry.seen, [])

    def test_loses_answers_to_what_was_done(self) -> None:
        for fault in ("lost", "lost-reset"):
            self.arm(fault)
            with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
                self.ask()
        self.arm("cut-head")
        self.assertEqual(self.ask()[0].getheaders(), [])
        self.arm("lost-503")
        self.assertEqual(self.ask()[0].status, 503)
        self.assertEqual(len(Registry.seen), 4)

    def test_stalls(self) -> None:
        for fault, reached in (("stall", 0), ("lost-stall", 1)):
            self.arm(fault)
            with self.assertRaises(TimeoutError):
                self.ask(timeout=0.3)
            self.proxy.wait_until_idle()
            self.assertEqual(len(Registry.seen), reached)

    def test_cuts_answers_and_requests(self) -> None:
        self.arm("cut-answer")
        with self.assertRaises(http.client.IncompleteRead) as cut:
            self.ask()
        self.assertEqual(len(cut.exception.partial), 100)
        Registry.seen = []
        self.arm("cut-request", method="PUT")
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.ask("PUT", body=b"x" * 1000)
        for _ in range(200):
            if Registry.seen:
                break
            time.sleep(0.02)
        self.assertEqual(Registry.seen, [("PUT", "/v2/a/manifests/x", 500)])

    def test_lies(self) -> None:
        self.arm("wrong-bytes")
        body = self.ask()[1]
        self.assertEqual((len(body), sum(one != other for one, other in zip(body, BODY))), (200, 1))
        self.arm("wrong-digest")
        self.assertEqual(self.ask()[0].headers["Docker-Content-Digest"], "sha256:" + "5" * 64)
        self.arm("length-short")
        self.assertEqual(self.ask()[1], BODY[:193])
        self.arm("length-long")
        with self.assertRaises(http.client.IncompleteRead):
            self.ask()

    def test_is_slow_and_right(self) -> None:
        self.arm("slow")
        started = time.monotonic()
        self.assertEqual(self.ask()[1], BODY)
        self.assertGreater(time.monotonic() - started, 1)

    def test_kills_before_and_after(self) -> None:
        for fault, reached in (("kill-before", 0), ("kill-after", 1)):
            killed: list[int] = []
            self.proxy.kill = lambda: killed.append(len(Registry.seen))
            self.arm(fault)
            with self.assertRaises(http.client.RemoteDisconnected):
                self.ask()
            self.assertEqual(killed, [reached])

    def test_counts_once_ever_and_from(self) -> None:
        def statuses() -> list[int]:
            paths = ("/v2/a/manifests/x", "/v2/a/manifests/x", "/v2/a/manifests/y", "/v2/a/manifests/x")
            return [self.ask(path=path)[0].status for path in paths]

        for mode, wanted in (("once", [200, 503, 200, 200]), ("ever", [200, 503, 200, 503]), ("from", [200, 503, 503, 503])):
            self.arm("503", mode, occurrence=1)
            self.assertEqual(statuses(), wanted)

    def test_refuses_connections_from_then_on_and_comes_back(self) -> None:
        self.arm("refuse", "from")
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.ask()
        with self.assertRaises(ConnectionRefusedError):
            self.ask()
        self.proxy.arm(None)
        self.assertEqual(self.ask()[0].status, 200)

    def test_publishes_elsewhere(self) -> None:
        self.proxy.arm(None, ("rel", "run1"))
        answer, _ = self.ask("PUT", "/v2/rel/a/blobs/uploads/?mount=m&from=rel%2Fb", b"")
        self.assertEqual(Registry.seen[0][1], "/v2/run1/a/blobs/uploads/?mount=m&from=run1%2Fb")
        self.assertIn("/v2/rel/a/", answer.headers["Location"])

    def test_names_requests_without_identifiers_of_uploads(self) -> None:
        self.assertEqual(key_of("PUT", "/v2/a/blobs/uploads/1-2?_state=q&digest=sha256%3Aab"),
                         "PUT /v2/a/blobs/uploads/*?digest=sha256:ab")


class States(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.top = Path(self.folder.name)

    def tearDown(self) -> None:
        self.folder.cleanup()

    def link(self, path: str, digest: str) -> None:
        link = self.top / "docker/registry/v2/repositories/p/demo/one" / path / "link"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.write_text(digest)

    def put(self, content: bytes, kind: str) -> str:
        name = hashlib.sha256(content).hexdigest()
        data = self.top / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_bytes(content)
        self.link(f"{kind}/sha256/{name}", "sha256:" + name)
        return "sha256:" + name

    def index(self) -> tuple[str, str, str]:
        layer = self.put(b"layer", "_layers")
        manifest = self.put(json.dumps({"config": {"digest": layer, "size": 5}, "layers": []}).encode(), "_manifests/revisions")
        index = self.put(json.dumps({"manifests": [{"digest": manifest}]}).encode(), "_manifests/revisions")
        self.link("_manifests/tags/v1/current", index)
        return layer, manifest, index

    def remove(self, kind: str, digest: str) -> None:
        (self.top / "docker/registry/v2/repositories/p/demo/one" / kind / "sha256" / digest[7:] / "link").unlink()

    def incomplete(self) -> list[str]:
        return state.incomplete(state.read_state(self.top, "p"))

    def test_a_whole_index_is_complete(self) -> None:
        _, _, index = self.index()
        self.assertEqual(self.incomplete(), [])
        self.assertEqual(state.comparable(state.read_state(self.top, "p")), {"demo/one:v1": index})

    def test_a_missing_child_blob_or_byte_is_found(self) -> None:
        layer, manifest, _ = self.index()
        self.remove("_layers", layer)
        self.assertIn(f"no blob {layer}", self.incomplete()[0])
        self.put(b"layer", "_layers")
        (self.top / "docker/registry/v2/blobs/sha256" / layer[7:9] / layer[7:] / "data").write_bytes(b"LAYER")
        self.assertIn("other bytes", self.incomplete()[0])
        self.put(b"layer", "_layers")
        self.remove("_manifests/revisions", manifest)
        self.assertIn(f"no manifest {manifest}", self.incomplete()[0])

    def test_a_tag_ahead_of_an_earlier_step_is_found(self) -> None:
        tag = "a" * 40
        new = {f"d/one:{tag}-amd64": "1", f"d/two:{tag}-amd64": "2", f"d/one:{tag}": "3", "d/one:stable": "4",
               "d/releases:r-0123456789ab": "5", "d/releases:latest": "5", "d/one:sha256-" + "b" * 64 + ".sig": "6"}
        old = {"d/releases:latest": "0"}

        def wrong(shown: dict[str, str]) -> list[str]:
            now = state.State(self.top)
            for name, digest in shown.items():
                repository, name = name.split(":")
                now.repositories.setdefault(repository, state.Repository()).tags[name] = digest
            return state.out_of_order(now, old, new)

        order = sorted(new, key=state.rank)
        for count in range(len(order) + 1):
            self.assertEqual(wrong({**old, **{name: new[name] for name in order[:count]}}), [])
        for ahead in order[1:]:
            if state.rank(ahead) > 1:
                self.assertEqual(len(wrong({**old, ahead: new[ahead]})), 1, ahead)
        self.assertEqual(wrong({}), ["d/releases:latest is gone"])
        self.assertEqual(wrong({"d/releases:latest": "9"}), ["d/releases:latest: neither as before nor as it will be"])

    def test_a_journal_is_torn_within_its_last_line(self) -> None:
        journal = self.top / "_release/id/journal.jsonl"
        journal.parent.mkdir(parents=True)
        journal.write_bytes(b'{"event":"begin"}\n{"event":"moving"}\n')
        tear(self.top)
        self.assertEqual(journal.read_bytes(), b'{"event":"begin"}\n{"event":')


if __name__ == "__main__":
    unittest.main(verbosity=1)
