# SPDX-License-Identifier: Apache-2.0
"""One publish through the proxy: what is published, how it is started and ended, and what must be true after it."""

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import state
from proxy import Entry, Proxy, Rule

HERE = "rel"  # the prefix that the publisher sees, whatever the registry's is
LIMIT = 120  # seconds after which a publish hangs

# rtfx tries these again, so that one of them alone makes nothing fail.
RETRIED = ("refuse", "reset", "stall", "cut-request", "429", "500", "503", "lost", "lost-reset", "lost-stall", "lost-503",
           "cut-head", "slow")


# After these nothing comes any more, although the connection is there.
STALLING = ("stall", "lost-stall", "length-long")


@dataclass(frozen=True)
class Point:
    """A fault at a request, or ("sync", "torn") the end at the nth time that something is brought to the disk."""

    scenario: str  # "new": nothing is there; "over": over an older release; "rollback": the same, then rolled back
    fault: str
    mode: str
    key: str = ""
    occurrence: int = 0

    def __str__(self) -> str:
        place = f"{self.key} ({self.occurrence + 1})" if self.key else str(self.occurrence)
        return f"{self.scenario}: {self.fault} {self.mode} at {place}"


class Publisher:
    """A worker: its own proxy, one registry for all. `template` has the releases "old" and "new": folders with project/,
    cache/ and the file id."""

    def __init__(self, rtfx: str, template: Path, scratch: Path, data: Path, port: int, number: int):
        self.rtfx, self.template, self.scratch, self.data, self.number = rtfx, template, scratch, data, number
        self.proxy = Proxy(port)
        flags = subprocess.run([rtfx, "release", "publish", "--help"], capture_output=True, text=True, check=True).stdout
        self.signing = ["--key", str(template / "key.pem")] if "--key" in flags else []
        self.runs = 0
        self.last_output = ""
        self.entries: dict[str, list[Entry]] = {}
        self.digests: dict[str, dict[str, str]] = {}  # by scenario: of what has that role here
        self.new: dict[str, dict[str, str]] = {}
        self.old: dict[str, dict[str, str]] = {"new": {}}
        self.old_place = f"w{number}-old"
        self._undisturbed()

    def _undisturbed(self) -> None:
        """What there is when nothing goes wrong; and that doing it again writes nothing."""
        self._publish_whole("old", self.old_place)
        self.old["over"] = self.old["rollback"] = self._shown(self.old_place)
        for scenario, place in (("new", f"w{self.number}-new"), ("over", f"w{self.number}-over")):
            if scenario == "over":
                self._copy_old(place)
            self.entries[scenario] = self._publish_whole("new", place)
            self.new[scenario] = self._shown(place)
            roles = state.roles(state.read_state(self.data, place))
            self.digests[scenario] = {role: digest for digest, role in roles.items()}
            for entry in self.entries[scenario]:
                entry.key = re.sub(r"sha256:[0-9a-f]{64}",
                                   lambda digest: f"[{roles[digest[0]]}]" if digest[0] in roles else digest[0], entry.key)
        for parts in (self.new, self.entries, self.digests):
            parts["rollback"] = parts["over"]  # type: ignore[index]

    def _publish_whole(self, release: str, place: str) -> list[Entry]:
        folder = self._folder(release)
        self.proxy.arm(None, (HERE, place))
        self._expect(0, self._run(folder, self._publish(folder)), f"publishing {release} undisturbed")
        entries = self.proxy.log
        now = state.read_state(self.data, place)
        if missing := state.incomplete(now):
            raise AssertionError(f"{release} undisturbed: {missing}")
        before = state.comparable(now)
        self.proxy.arm(None, (HERE, place))
        again = self._folder(release)
        self._expect(0, self._run(again, self._publish(again)), f"publishing {release} again")
        writes = [entry.key for entry in self.proxy.log if not entry.key.startswith(("GET ", "HEAD "))]
        if writes or self._shown(place) != before:
            raise AssertionError(f"publishing {release} again wrote: {writes}")
        shutil.rmtree(folder)
        shutil.rmtree(again)
        return entries

    def _expect(self, wanted: int, got: int, what: str) -> None:
        if got != wanted:
            raise AssertionError(f"{what}: exit {got} instead of {wanted}\n{self.last_output}")

    def _folder(self, release: str) -> Path:
        self.runs += 1
        folder = self.scratch / f"w{self.number}-{self.runs}"
        # What was carried is only read; publishing looks at no history.
        shutil.copytree(self.template / release, folder, ignore=shutil.ignore_patterns(".git", "_out"))
        (folder / "project/_out").symlink_to(self.template / release / "project/_out")
        return folder

    def _copy_old(self, place: str) -> None:
        repositories = self.data / "docker/registry/v2/repositories"
        shutil.copytree(repositories / self.old_place, repositories / place)

    def _shown(self, place: str) -> dict[str, str]:
        return state.comparable(state.read_state(self.data, place))

    def _publish(self, folder: Path) -> list[str]:
        return [self.rtfx, "release", "publish", (folder / "id").read_text().strip(), "--release", "stable", *self.signing, "--to",
                f"127.0.0.1:{self.proxy.port}/{HERE}"]

    def _run(self, folder: Path, command: list[str], patience: int = 30) -> int:
        """The exit code, or -9; -1 when it hung. `patience`: seconds of silence that it endures."""
        env = dict(os.environ, RTFX_CACHE=str(folder / "cache"), RTFX_RETRY_PAUSE_MS="1", RTFX_STALL_SECONDS=str(patience))
        process = subprocess.Popen(command, cwd=folder / "project", env=env, stdin=subprocess.DEVNULL, text=True,
                                   errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.proxy.kill = lambda: os.kill(process.pid, signal.SIGKILL)
        try:
            self.last_output, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            self.last_output, _ = process.communicate()
            return -1
        finally:
            self.proxy.kill = lambda: None
        return process.returncode

    def sweep(self, point: Point) -> tuple[str, list[str]]:
        """("hit" or "missed", what is wrong)."""
        folder = self._folder("new")
        place = f"w{self.number}-run{self.runs}"
        if point.scenario != "new":
            self._copy_old(place)
        # Its digests are those that this worker's place makes.
        digests = self.digests[point.scenario]
        key = re.sub(r"\[([^]]+)\]", lambda role: digests.get(role[1], role[0]), point.key)
        rule = Rule(point.fault, point.mode, key, point.occurrence) if point.key else None
        self.proxy.arm(rule, (HERE, place))
        command = self._publish(folder)
        if point.fault in ("sync", "torn"):
            command = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
                       "-e", f"inject=fsync,fdatasync:signal=SIGKILL:when={point.occurrence}", *command]
        # Lengths that are lies make it wait for what never comes, too.
        code = self._run(folder, command, 2 if point.fault in STALLING else 30)
        self.proxy.wait_until_idle()
        hit = self.proxy.hits > 0 or not point.key and code != 0
        wrong = self._wrong_exit(point, code) + self._wrong_state(point, place, code)
        if point.fault == "torn":
            tear(folder / "project")
        self.proxy.arm(None, (HERE, place))
        wrong += self._roll_back(folder, place) if point.scenario == "rollback" else self._finish(point, folder, place)
        if not wrong:
            shutil.rmtree(folder)
            shutil.rmtree(self.data / "docker/registry/v2/repositories" / place, ignore_errors=True)
        return "hit" if hit else "missed", wrong

    def _wrong_exit(self, point: Point, code: int) -> list[str]:
        if point.fault in ("kill-before", "kill-after") and self.proxy.hits:
            allowed = (-9,)
        elif point.fault in ("sync", "torn"):
            allowed = (-9, 137, 0)
        elif point.fault == "slow" or point.fault in RETRIED and point.mode == "once":
            allowed = (0,)
        else:
            allowed = (0, 1, 3)
        return [] if code in allowed else [f"exit {code}\n{self.last_output}"]

    def _wrong_state(self, point: Point, place: str, code: int) -> list[str]:
        now = state.read_state(self.data, place)
        new = self.new[point.scenario]
        wrong = state.incomplete(now)
        try:
            wrong += state.out_of_order(now, self.old[point.scenario], new)
            if code == 0:
                wrong += [f"exit 0, but {what}" for what in state.differences(state.comparable(now), new)]
        except (OSError, ValueError) as error:
            wrong.append(str(error))
        return wrong

    def _finish(self, point: Point, folder: Path, place: str) -> list[str]:
        code = self._run(folder, self._publish(folder))
        if code != 0:
            return [f"the rerun: exit {code}\n{self.last_output}"]
        now = state.read_state(self.data, place)
        differences = state.differences(state.comparable(now), self.new[point.scenario])
        return [f"after the rerun: {what}" for what in state.incomplete(now) + differences]

    def _roll_back(self, folder: Path, place: str) -> list[str]:
        """Every tag that was there is what it was. Those that were not there may stay: Debian's registry deletes no tags."""
        release = (folder / "id").read_text().strip()
        before = self._shown(place)
        code = self._run(folder, [self.rtfx, "release", "rollback", release])
        begun = any(self.old["rollback"].get(name) != digest for name, digest in before.items() if state.rank(name) > 0)
        kept = [line for line in self.last_output.splitlines() if "NOT as before" in line]
        if code != 0 and (code != 1 or begun and not all("does not delete tags" in line for line in kept or [""])):
            return [f"the rollback: exit {code}\n{self.last_output}"]
        now = state.read_state(self.data, place)
        shown = state.comparable(now)
        old = {name: digest for name, digest in self.old["rollback"].items() if state.rank(name) > 0}
        there = {name: shown.get(name, "absent") for name in old}
        return [f"after the rollback: {what}" for what in state.incomplete(now) + state.differences(there, old)]


def tear(project: Path) -> None:
    """Takes the half of the journal's last line away, as if the power had failed."""
    for journal in project.glob("_release/*/journal.jsonl"):
        content = journal.read_bytes()
        start = content.rstrip(b"\n").rfind(b"\n") + 1
        if content and start > 0:
            journal.write_bytes(content[: start + (len(content) - start) // 2])
