# SPDX-License-Identifier: Apache-2.0
"""Small images in place of those that YAMLs name: an OCI archive that linuxkit and rtfx import."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

import yaml

OCI = "application/vnd.oci.image."


def names_in(paths, rtfx):
    """Every reference, and as what it is used: {"linuxkit/init:x": {"init"}}."""
    names = {}
    for path in paths:
        text = subprocess.run([rtfx, "build", "--dry-run", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if text.returncode != 0:
            print("%s: rtfx: %s" % (path, text.stderr.decode().strip().splitlines()[0]), file=sys.stderr)
            continue
        document = yaml.safe_load(text.stdout)
        uses = [(document.get("kernel", {}).get("image"), "kernel")] + [(ref, "init") for ref in document["init"]]
        for section in ("onboot", "onshutdown", "services", "volumes"):
            uses += [(item.get("image"), section) for item in document[section]]
        for ref, use in uses:
            if ref:
                names.setdefault(ref, set()).add(use)
    return names


def full(ref):
    first, _, rest = ref.partition("/")
    if not rest:
        return "docker.io/library/" + ref
    return ref if re.search(r"[.:]", first) or first == "localhost" or "/" in rest else "docker.io/" + ref


def labels_of(tree, names, made_up):
    """{reference: text of the label}, from pkg/*/build.yml of linuxkit's tree."""
    known = {}
    if tree:
        for package in sorted(os.listdir(os.path.join(tree, "pkg"))):
            path = os.path.join(tree, "pkg", package, "build.yml")
            if os.path.exists(path):
                with open(path) as file:
                    description = yaml.safe_load(file)
                for device in ((description or {}).get("config") or {}).get("devices", []):
                    if isinstance(device.get("mode"), int):
                        device["mode"] = "%04o" % device["mode"]  # what Go reads into a string
                if description and description.get("config"):
                    known[description["image"]] = json.dumps(description["config"])
    labels = {ref: made_up[ref] for ref in names if ref in made_up}
    for ref in names:
        short = ref.split("/")[-1].split(":")[0].split("@")[0]
        if ref not in labels and short in known:
            labels[ref] = known[short]
    return labels


class Layer:
    """A tar whose bytes depend on what is put into it alone."""

    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def put(self, name, text=None, kind=tarfile.REGTYPE, mode=0o644, uid=0, link="", xattrs=None):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid, entry.mtime, entry.linkname = kind, mode, uid, uid, 1600000000, link
        data = (text or "").encode()
        entry.size = len(data)
        if xattrs:
            entry.pax_headers = {"SCHILY.xattr." + key: value for key, value in xattrs.items()}
        self.tar.addfile(entry, io.BytesIO(data))

    def folder(self, name, mode=0o755, uid=0):
        self.put(name, kind=tarfile.DIRTYPE, mode=mode, uid=uid)

    def close(self):
        self.tar.close()
        return self.bytes.getvalue()


def kernel_layer():
    layer, modules = Layer(), Layer()
    for path in ("lib", "lib/modules", "lib/modules/6.0.0"):
        modules.folder(path)
    modules.put("lib/modules/6.0.0/modules.dep", "x.ko:\n")
    modules.put("lib/modules/6.0.0/x.ko", "module")
    modules.put("lib/modules/6.0.0/build", kind=tarfile.SYMTYPE, link="/usr/src/linux", mode=0o777)
    layer.put("kernel", "kernel", mode=0o755)
    layer.put("bzImage", "another kernel")
    layer.put("intel-ucode.cpio", "ucode")
    layer.put("ucode.cpio", "ucode")
    layer.put("kernel.tar", modules.close().decode("latin-1"))
    layer.put("kernel-dev.tar", "left out")
    return [layer.close()]


def layers_of(ref, uses):
    if "kernel" in uses:
        return kernel_layer()
    short = re.sub(r"[^a-z0-9]", "", ref.split("/")[-1].split(":")[0])
    odd = int(hashlib.sha256(ref.encode()).hexdigest(), 16)
    lower, upper = Layer(), Layer()
    for path in ("bin", "etc", "usr", "usr/bin", "usr/lib", "var", "var/lib"):
        lower.folder(path)
    lower.put("bin/" + short, "#!/bin/sh\n" + ref, mode=0o755)
    lower.put("usr/bin/" + short, kind=tarfile.SYMTYPE, link="../../bin/" + short, mode=0o777)
    lower.put("usr/bin/%s-again" % short, kind=tarfile.LNKTYPE, link="bin/" + short, mode=0o755)
    lower.put("etc/%s.conf" % short, "lower", mode=0o640, uid=odd % 3 * 1000)
    lower.put("etc/gone", "gone")
    lower.folder("var/lib/" + short, mode=0o1777 if odd % 2 else 0o700, uid=1000)
    lower.put("var/lib/%s/state" % short, "x" * (odd % 5000), uid=1000, mode=0o4755)
    if odd % 3 == 0:
        lower.folder("etc/init.d")
        lower.put("etc/hosts", "its own\n")
        lower.put("etc/resolv.conf", "nameserver 192.0.2.1\n", mode=0o600)
        lower.put("etc/hostname", "its own\n")
        lower.put(".dockerenv", "")
        for path in ("dev", "dev/pts", "dev/shm", "proc", "sys"):
            lower.folder(path, mode=0o555)
    if odd % 4 == 0:
        lower.put("dev/null", kind=tarfile.CHRTYPE, mode=0o666)
        for path in ("lib", "lib/apk", "lib/apk/db"):
            lower.folder(path)
        lower.put("lib/apk/db/installed", "P:%s\n" % short)
    upper.folder("etc")
    upper.put("etc/.wh.gone", "")
    upper.put("etc/%s.conf" % short, "upper")
    upper.put("ünï-" + short, "name beyond ASCII")
    upper.folder("/".join(["a" * 60] * 3))
    upper.put("/".join(["a" * 60] * 3) + "/" + short, "long name")
    return [lower.close(), upper.close()]


def spdx_of(ref):
    """What BuildKit's scanner could have said; more for some than for others."""
    short = re.sub(r"[^a-z0-9]", "", ref.split("/")[-1].split(":")[0])
    odd = int(hashlib.sha256(ref.encode()).hexdigest(), 16)
    package = {"name": short, "SPDXID": "SPDXRef-Package-" + short, "downloadLocation": "NOASSERTION", "versionInfo": "1",
               "supplier": "Organization: " + short, "copyrightText": "NOASSERTION", "licenseConcluded": "GPL-2.0-only",
               "externalRefs": [{"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl",
                                 "referenceLocator": "pkg:apk/" + short}]}
    file = {"fileName": "/bin/" + short, "SPDXID": "SPDXRef-File-" + short, "copyrightText": "",
            "checksums": [{"algorithm": "SHA1", "checksumValue": "0" * 40}]}
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": ref,
                "documentNamespace": "https://example.org/" + short,
                "creationInfo": {"creators": ["Tool: made-up"], "created": "2020-01-01T00:00:00Z"},
                "packages": [package], "files": [file], "documentDescribes": [package["SPDXID"]]}
    if odd % 2:
        package.update(hasFiles=[file["SPDXID"]], packageFileName="lib/apk", filesAnalyzed=False)
        file["fileName"] = "etc/%s.conf" % short
    if odd % 3 == 0:
        document["hasExtractedLicensingInfos"] = [{"licenseId": "LicenseRef-1", "extractedText": "text", "name": "n"}]
        document["relationships"] = [{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": package["SPDXID"],
                                      "relationshipType": "DESCRIBES"}]
        document["annotations"] = [{"annotator": "Tool: x", "annotationDate": "2020-01-01T00:00:00Z",
                                    "annotationType": "OTHER", "comment": "c"}]
    return document


def attestation_of(ref, manifest, blob):
    """The entry of the index that tells about an image (BuildKit, "Image Attestation Storage")."""
    kind = "https://spdx.dev/Document"
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "subject": [],
                 "predicate": spdx_of(ref)}
    layer = blob("application/vnd.in-toto+json", json.dumps(statement).encode())
    layer["annotations"] = {"in-toto.io/predicate-type": kind}
    config = {"architecture": "unknown", "os": "unknown", "config": {},
              "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    document = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": blob(OCI + "config.v1+json", json.dumps(config).encode()), "layers": [layer]}
    return dict(blob(OCI + "manifest.v1+json", json.dumps(document).encode()),
                platform={"os": "unknown", "architecture": "unknown"},
                annotations={"vnd.docker.reference.type": "attestation-manifest",
                             "vnd.docker.reference.digest": manifest["digest"]})


def write(path, names, labels):
    with tarfile.open(path, "w") as archive:
        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))

        written = set()

        def blob(kind, data):
            digest = hashlib.sha256(data).hexdigest()
            if digest not in written:
                written.add(digest)
                add("blobs/sha256/" + digest, data)
            return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}

        roots = []
        for ref, uses in sorted(names.items()):
            manifests = []
            for arch in ("amd64", "arm64"):
                layers = layers_of(ref, uses)
                config = {"Cmd": ["/bin/sh", "-c", ref], "Env": ["PATH=/bin", "IMAGE=" + ref], "WorkingDir": "/var"}
                if ref in labels:
                    config["Labels"] = {"org.mobyproject.config": labels[ref]}
                config = {"architecture": arch, "os": "linux", "config": config, "rootfs": {
                    "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]}}
                manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                            "config": blob(OCI + "config.v1+json", json.dumps(config).encode()),
                            "layers": [blob(OCI + "layer.v1.tar", layer) for layer in layers]}
                entry = blob(OCI + "manifest.v1+json", json.dumps(manifest).encode())
                manifests.append(dict(entry, platform={"os": "linux", "architecture": arch}))
            if hashlib.sha256(ref.encode()).digest()[0] % 4:
                manifests.append(attestation_of(ref, manifests[0], blob))
            index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": manifests}
            root = blob(OCI + "index.v1+json", json.dumps(index).encode())
            roots.append(dict(root, annotations={"io.containerd.image.name": full(ref),
                                                 "org.opencontainers.image.ref.name": full(ref)}))
        add("index.json", json.dumps({"schemaVersion": 2, "manifests": roots}).encode())
        add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
