# SPDX-License-Identifier: Apache-2.0
"""What a registry has below a prefix, read from the files of docker-registry, and whether users may see it so.

Nothing here knows how rtfx does things: a tag, what it stands for, and what that refers to."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ARCHES = ("amd64", "arm64", "riscv64", "s390x")
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


@dataclass
class Repository:
    tags: dict[str, str] = field(default_factory=dict)  # tag -> digest
    manifests: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)


@dataclass
class State:
    data: Path  # of the registry
    repositories: dict[str, Repository] = field(default_factory=dict)

    def tags(self) -> dict[str, str]:
        """"repository:tag" -> digest."""
        return {f"{name}:{tag}": digest for name, repository in self.repositories.items()
                for tag, digest in repository.tags.items()}

    def bytes_of(self, digest: str) -> bytes:
        """Throws OSError when they are not there, ValueError when they are others."""
        name = digest.removeprefix("sha256:")
        content = (self.data / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data").read_bytes()
        if hashlib.sha256(content).hexdigest() != name:
            raise ValueError(f"{digest} has other bytes")
        return content


def read_state(data: Path, prefix: str) -> State:
    state = State(data)
    top = data / "docker/registry/v2/repositories" / prefix
    for folder in sorted(top.glob("**/_manifests")):
        repository = Repository()
        for link in folder.glob("tags/*/current/link"):
            repository.tags[link.parts[-3]] = link.read_text()
        repository.manifests = {link.read_text() for link in folder.glob("revisions/sha256/*/link")}
        repository.blobs = {link.read_text() for link in folder.parent.glob("_layers/sha256/*/link")}
        state.repositories[str(folder.parent.relative_to(top))] = repository
    return state


def incomplete(state: State) -> list[str]:
    """Every tag that stands for something of which a part cannot be had from its repository."""
    found: list[str] = []
    for name, repository in state.repositories.items():
        for tag, digest in repository.tags.items():
            found += [f"{name}:{tag}: {missing}" for missing in _missing(state, repository, digest)]
    return found


def _missing(state: State, repository: Repository, digest: str) -> list[str]:
    if digest not in repository.manifests:
        return [f"no manifest {digest}"]
    try:
        document = json.loads(state.bytes_of(digest))
    except (OSError, ValueError) as error:
        return [str(error)]
    found: list[str] = []
    for child in document.get("manifests", []):
        found += _missing(state, repository, child["digest"])
    for blob in ([document["config"]] if "config" in document else []) + document.get("layers", []):
        if blob["digest"] not in repository.blobs:
            found.append(f"no blob {blob['digest']} of {digest}")
            continue
        try:
            if len(state.bytes_of(blob["digest"])) != blob["size"]:
                found.append(f"blob {blob['digest']} of {digest} has another size")
        except (OSError, ValueError) as error:
            found.append(str(error))
    return found


def rank(name: str) -> int:
    """Of "repository:tag", in which step of a release it is moved: evidence, arch tags, index tags, names, the record,
    latest."""
    repository, tag = name.split(":")
    if tag.startswith("sha256-"):
        return 0
    if repository.endswith("/releases"):
        return 5 if tag == "latest" else 4
    if re.fullmatch(r"[0-9a-f]{40}.*-(" + "|".join(ARCHES) + ")", tag):
        return 1
    return 2 if re.match(r"[0-9a-f]{40}", tag) else 3


def comparable(state: State) -> dict[str, str]:
    """What it shows, so that two are equal when users see the same. The index of a fall-back tag lists its referrers in
    any order."""
    shown = {}
    for name, digest in state.tags().items():
        if re.fullmatch(r"sha256-[0-9a-f]{64}", name.split(":")[1]):
            entries = json.loads(state.bytes_of(digest)).get("manifests", [])
            digest = " ".join(sorted(json.dumps(entry, sort_keys=True) for entry in entries))
        shown[name] = digest
    return shown


def out_of_order(state: State, old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Of a publish that ended somewhere between `old` and `new` (as from comparable()): tags that stand for neither, and
    tags that were moved before all of an earlier step were. The evidence of the record may come at any time before it."""
    shown = comparable(state)
    found = [f"{name}: neither as before nor as it will be" for name, digest in shown.items()
             if digest not in (old.get(name), new.get(name)) and rank(name) > 0]
    found += [f"{name} is gone" for name in old if name not in shown]
    moving = [name for name in new if old.get(name) != new[name]]
    done = {name for name in moving if shown.get(name) == new[name]}
    for name in sorted(done):
        for before in moving:
            if rank(before) < rank(name) and before not in done:
                if rank(before) == 0 and before.split(":")[0].endswith("/releases") and rank(name) < 4:
                    continue
                found.append(f"{name} is there before {before}")
                break
    return found


def roles(state: State) -> dict[str, str]:
    """What each digest is, in words that hold for every publication of the same: signatures name the place where they are,
    so that their digests are others elsewhere."""
    found: dict[str, str] = {}

    def visit(digest: str, role: str) -> None:
        if digest in found:
            return
        found[digest] = role
        document = json.loads(state.bytes_of(digest))
        blobs = ([document["config"]] if "config" in document else []) + document.get("layers", [])
        for number, blob in enumerate(blobs):
            found.setdefault(blob["digest"], f"{role} blob {number}")
        children = document.get("manifests", [])
        for number, child in enumerate(sorted(children, key=lambda one: json.dumps({**one, "digest": ""}, sort_keys=True))):
            visit(child["digest"], f"{role} manifest {number}")

    for name, digest in sorted(state.tags().items()):
        visit(digest, name)
    return found


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [f"{name}: {one.get(name, 'absent')} and not {other.get(name, 'absent')}"
            for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
