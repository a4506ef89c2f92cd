# SPDX-License-Identifier: Apache-2.0
"""Image YAMLs by chance, for the fields of containers."""

import json

CAPABILITIES = ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_SETUID", "CAP_NET_RAW", "CAP_SYSLOG"]
PATHS = ["/run", "/var/lib/x", "/etc/a", "/dev/b", "/tmp/c", "/opt"]
WORDS = ["a", "b c", "/bin/sh", "-c", "x=y", "100%", "", "ü"]


def some(source, values, most=3):
    return [source.choice(values) for _ in range(source.randint(0, most))]


def ident(source):
    return source.choice([0, 1, 1000, 65534, "root", ""])


def mount(source):
    return source.choice([
        {"type": "bind", "source": "/a", "destination": source.choice(PATHS), "options": ["rw", "bind"]},
        {"type": "cgroup", "options": ["rw", "nosuid"]},
        {"source": "proc"}, {"type": "mqueue"}, {"destination": "/dev", "options": ["mode=700"]},
        {"type": "tmpfs", "destination": source.choice(PATHS)},
        {"type": "tmpfs", "destination": "/opt/m", "uidmappings": [{"hostID": 5, "containerID": 0, "size": 2}]},
        {"type": "sysfs", "destination": "/x/sys", "source": "s", "options": []}])


def resources(source):
    return source.choice([
        {}, {"memory": {"limit": 1 << 30, "swap": -1, "swappiness": 10}},
        {"memory": {"reservation": 5, "kernel": 6, "kernelTCP": 7, "disableOOMKiller": True}},
        {"cpu": {"shares": 2, "quota": 100, "period": 200, "cpus": "0-1", "mems": "0"}},
        {"cpu": {"realtimeRuntime": 5, "realtimePeriod": 6}}, {"pids": {"limit": 50}},
        {"blockio": {"weight": 10, "leafWeight": 5}}, {"network": {"priorities": [{"name": "eth0", "priority": 5}]}},
        {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "r"}]}])


def runtime(source):
    return source.choice([
        {}, {"mkdir": some(source, PATHS)}, {"cgroups": ["a", "b"]}, {"namespace": "other"},
        {"mounts": [{"type": "bind", "source": "/v", "destination": "/v", "options": ["rw"]}, {"type": "tmpfs"}]},
        {"interfaces": [{"name": "wg0", "add": "wireguard", "createInRoot": True}, {"name": "eth1", "peer": "p"}]},
        {"bindNS": {"net": "/run/netns/x", "mnt": "/run/y"}}, {"mkdir": [], "mounts": [], "interfaces": []}])


FIELDS = {
    "capabilities": lambda s: s.choice([["all"], ["none"], [], some(s, CAPABILITIES), ["ALL"]]),
    "ambient": lambda s: s.choice([["all"], ["none"], some(s, CAPABILITIES)]),
    "mounts": lambda s: [mount(s) for _ in range(s.randint(0, 2))],
    "binds": lambda s: some(s, ["/a:/b", "/c:/d:ro", "/e:/f:rw,rslave", "/dev:/dev"]),
    "tmpfs": lambda s: some(s, ["/tmp", "/run:size=5m,mode=755", "/proc"]),
    "devices": lambda s: s.choice([[], [{"path": "all", "type": "b"}],
                                   [{"path": "/dev/x", "type": "c", "major": 5, "minor": 1, "mode": "0666"}],
                                   [{"path": "/dev/y", "type": "b", "major": 8, "mode": "600"}, {"path": "all", "type": "c"}]]),
    "command": lambda s: ["/bin/x"] + some(s, WORDS),
    "env": lambda s: some(s, ["A=b", "C=", "PATH=/x:/y"]),
    "cwd": lambda s: s.choice(["/", "/var/x", ""]),
    "net": lambda s: s.choice(["host", "root", "new", "none", "/run/netns/x", ""]),
    "pid": lambda s: s.choice(["host", "root", "new", "/proc/1/ns/pid", ""]),
    "ipc": lambda s: s.choice(["host", "root", "new", "none", ""]),
    "uts": lambda s: s.choice(["host", "new", "none", ""]),
    "userns": lambda s: s.choice(["host", "new", "/x", ""]),
    "hostname": lambda s: s.choice(["h", ""]),
    "readonly": lambda s: s.random() < 0.5,
    "maskedPaths": lambda s: some(s, PATHS),
    "readonlyPaths": lambda s: some(s, PATHS),
    "uid": ident, "gid": ident,
    "additionalGids": lambda s: [ident(s) for _ in range(s.randint(0, 3))],
    "noNewPrivileges": lambda s: s.random() < 0.5,
    "oomScoreAdj": lambda s: s.choice([-1000, 0, 7]),
    "rootfsPropagation": lambda s: s.choice(["shared", ""]),
    "cgroupsPath": lambda s: s.choice(["systemreserved/x", ""]),
    "sysctl": lambda s: s.choice([{}, {"net.ipv4.ip_forward": "1"}, {"a.b": "x", "c.d": "y"}]),
    "rlimits": lambda s: some(s, ["nofile,100,200", "RLIMIT_CORE, 0 ,unlimited", "nproc,UNLIMITED,unlimited"]),
    "annotations": lambda s: s.choice([{}, {"k": "v"}, {"a.b/c": "", "d": "e"}]),
    "uidMappings": lambda s: s.choice([[], [{"containerID": 0, "hostID": 100000, "size": 10}]]),
    "gidMappings": lambda s: s.choice([[], [{"containerID": 0, "hostID": 5, "size": 1}]]),
    "resources": resources, "runtime": runtime,
}


def fields(source, chance):
    return {key: make(source) for key, make in FIELDS.items() if source.random() < chance}


def _labels():
    source = __import__("random").Random(7)
    labels = {}
    for number in range(8):
        labels["made-up/labelled:%d" % number] = json.dumps(fields(source, 0.3))
    return labels


LABELS = _labels()
IMAGES = sorted(LABELS) + ["made-up/plain:%d" % number for number in range(4)]


def container(source, name):
    result = {"name": name, "image": source.choice(IMAGES)}
    result.update(fields(source, source.choice([0.05, 0.3, 0.8])))
    if source.random() < 0.2 and "capabilities" not in result:
        result["capabilities.add"] = some(source, CAPABILITIES)
    if source.random() < 0.2 and "binds" not in result:
        result["binds.add"] = some(source, ["/g:/h", "/i:/j:ro"])
    return result


def document(source):
    """Containers of all sections; names of some stand for ids."""
    result = {"init": some(source, ["made-up/init:1", "made-up/init:2"], 2)}
    for section in ("onboot", "onshutdown", "services"):
        result[section] = [container(source, "%s%d" % (section, i)) for i in range(source.randint(0, 4))]
    names = [item["name"] for section in ("onboot", "onshutdown", "services") for item in result[section]]
    for section in ("onboot", "services"):
        for item in result[section]:
            if names and source.random() < 0.2:
                item["uid"] = source.choice(names)
    return result
