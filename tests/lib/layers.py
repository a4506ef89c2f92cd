# SPDX-License-Identifier: Apache-2.0
# Images of layers that no builder makes, written straight into a content store. Imported by the scripts layers-*.sh.
import gzip
import hashlib
import io
import json
import os
import tarfile

OCI = "application/vnd.oci.image"


class Store:
    """The content store below ./cache/rtfx/store; close() writes its index."""

    def __init__(self, directory="cache/rtfx/store"):
        self.directory = directory
        self.manifests = []
        os.makedirs(directory + "/blobs/sha256", exist_ok=True)
        with open(directory + "/oci-layout", "w") as out:
            out.write('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{self.directory}/blobs/sha256/{digest}", "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def image(self, name, *layers):
        """Layers are bytes: a tar, plain or compressed by gzip or zstd. Returns their descriptors."""
        described = []
        for layer in layers:
            kind = "tar+gzip" if layer[:2] == b"\x1f\x8b" else "tar+zstd" if layer[:4] == b"\x28\xb5\x2f\xfd" else "tar"
            described.append(self.blob(layer, f"{OCI}.layer.v1.{kind}"))
        config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/run"]},
                  "rootfs": {"type": "layers", "diff_ids": []}}
        manifest = {"schemaVersion": 2, "mediaType": OCI + ".manifest.v1+json",
                    "config": self.blob(json.dumps(config).encode(), OCI + ".config.v1+json"), "layers": described}
        descriptor = self.blob(json.dumps(manifest).encode(), OCI + ".manifest.v1+json")
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.manifests.append(descriptor)
        return described

    def close(self):
        with open(self.directory + "/index.json", "w") as out:
            json.dump({"schemaVersion": 2, "manifests": self.manifests}, out)


def tar(*members, format=tarfile.PAX_FORMAT):
    """Members are (name, type, contents or target) with optional attributes of TarInfo as a dict behind."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, kind, text, *more in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            data = None
            if kind == tarfile.REGTYPE:
                data = text if isinstance(text, bytes) else text.encode()
                info.size = len(data)
            elif text:
                info.linkname = text
            for key, value in (more[0] if more else {}).items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def file(name, text="", **more):
    return (name, tarfile.REGTYPE, text, more)


def directory(name, **more):
    return (name, tarfile.DIRTYPE, "", more)


def symlink(name, target):
    return (name, tarfile.SYMTYPE, target)


def hardlink(name, target):
    return (name, tarfile.LNKTYPE, target)


def packed(data):
    return gzip.compress(data, mtime=0)
