# SPDX-License-Identifier: Apache-2.0
"""Root file systems in tars, and how two of them differ."""

import hashlib
import json
import posixpath
import re
import tarfile

import yaml

from stand_ins import full

Entry = __import__("collections").namedtuple("Entry", "kind mode uid gid link data location")


def read(path):
    """{path: Entry} as unpacking the tar gives it; parents that it does not name are plain directories."""
    tree = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name = posixpath.normpath(member.name.strip("/"))
            if name == ".":
                continue
            location = member.pax_headers.get("LINUXKIT.location", "")
            if member.islnk():
                target = tree[member.linkname.strip("/")]
                tree[name] = target._replace(location=location)
                continue
            kind = {b"0": "file", b"2": "link", b"3": "char", b"4": "block", b"5": "dir", b"6": "fifo"}[member.type]
            data = archive.extractfile(member).read() if kind == "file" else b""
            mode = 0 if kind == "link" else member.mode  # a link has none
            device = ("%d:%d" % (member.devmajor, member.devminor)) if kind in ("char", "block") else member.linkname
            tree[name] = Entry(kind, mode, member.uid, member.gid, device, data, location)
    for name in list(tree):
        parent = name.rpartition("/")[0]
        while parent and parent not in tree:
            tree[parent] = Entry("dir", 0o755, 0, 0, "", b"", "")
            parent = parent.rpartition("/")[0]
    return tree


def plain(value):
    """Without what says nothing: linuxkit writes fields that were not set."""
    if isinstance(value, dict):
        value = {str(key): plain(item) for key, item in value.items()}
        return {key: item for key, item in value.items() if item not in (None, [], {}, False, "")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, path + "." + key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, "%s[%d]" % (path, number))
    else:
        yield path, value


LOST = re.compile(
    r"^\.mounts.*[ug]idMappings|^\.linux\.(resources\..*(kernelTCP|disableOOMKiller|realtimeRuntime|realtimePeriod|"
    r"hugepageLimits|leafWeight|weightDevice|throttle\w*|classID)|[ug]idMappings.*(hostID|containerID))")


def of_config(theirs, ours):
    """Why two config.json are different: the reason of docs/images.md, or the fields."""
    before, after = dict(leaves(theirs)), dict(leaves(ours))
    changed = sorted(key for key in set(before) | set(after) if before.get(key) != after.get(key))
    mounts = [key for key in changed if str(after.get(key)).startswith("/containers/volumes/")]
    if changed and changed == mounts:
        return "a volume's name in mounts", ""
    unknown = [key for key in changed if not LOST.match(key)]
    if changed and not unknown:
        return "fields that linuxkit loses", ""
    return "", ", ".join("%s: %r, %r" % (key, before.get(key), after.get(key)) for key in unknown[:5])


def same_text(name, metadata, theirs, ours):
    """As values where the text is free."""
    if name == "sbom.spdx.json":
        before, after = json.loads(theirs), json.loads(ours)
        for document in (before, after):  # a random name, who made it, and rtfx's note about the parts
            for key in ("documentNamespace", "creationInfo", "comment"):
                document.pop(key, None)
        return before == after
    if name in metadata:
        load = json.loads if metadata[name] == "json" else yaml.safe_load
        before, after = plain(load(theirs)), plain(load(ours))
        for volume in before.get("volumes", []):  # linuxkit leaves these as they were written
            if volume.get("image"):
                volume["image"] = full(volume["image"])
        return before == after
    if name.endswith((".json", "oci-layout")):
        try:
            return json.loads(theirs) == json.loads(ours)
        except ValueError:
            return False
    return False


def known_difference(name, theirs, ours):
    """What docs/images.md says about it; "" for nothing."""
    base = name.rpartition("/lower/")[2] if "/lower/" in name else name.rpartition("/rootfs/")[2]
    base = base or name
    if theirs and ours and theirs.location.startswith("files") and theirs.kind == ours.kind == "dir":
        return "files: leaves directories that exist alone"
    if theirs and ours and base in ("dev", "etc", "proc", "sys", "etc/mtab") and theirs.kind == ours.kind:
        return "the image's own /dev, /etc, /proc, /sys, /etc/mtab stay"
    return ""


def differences(theirs, ours, document, counts):
    metadata = {item.get("path", "").strip("/"): item["metadata"]
                for item in document.get("files") or [] if item.get("metadata")}
    for name in sorted(set(theirs) | set(ours)):
        before, after = theirs.get(name), ours.get(name)
        if before and after and before[:6] == after[:6]:
            continue
        reason = known_difference(name, before, after)
        if reason:
            counts["known: " + reason] += 1
            continue
        if not before or not after:
            yield "%s is only in that of %s" % (name, "rtfx" if before is None else "linuxkit")
            continue
        if before[:5] != after[:5]:
            yield "%s: %s, %s" % (name, "%s %o %d:%d %s" % before[:5], "%s %o %d:%d %s" % after[:5])
        if before.data != after.data and not same_text(name, metadata, before.data, after.data):
            why = ""
            if name.endswith("/config.json") and name.startswith("containers/"):
                reason, why = of_config(json.loads(before.data), json.loads(after.data))
                if reason:
                    counts["known: " + reason] += 1
                    continue
            yield "%s has other contents%s" % (name, ": " + why if why else
                                               " (%s, %s)" % tuple(hashlib.sha256(x).hexdigest()[:8]
                                                                   for x in (before.data, after.data)))
