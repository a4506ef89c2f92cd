// SPDX-License-Identifier: Apache-2.0
#include "harness/image/oci_config.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "harness/image/image.hpp"

namespace rtfx::image {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// The first service of a YAML with the image's configuration.
ResolvedContainer resolve(const std::string& yaml, const oci::ImageConfig& image) {
  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "x.yml", yaml);
  Diagnostics diagnostics;
  const auto spec = load_image({directory.path() / "x.yml"}, nullptr, diagnostics);
  diagnostics.throw_if_any();
  return resolve_container(spec->services.at(0), image, *spec);
}

oci::ImageConfig image_with(const std::string& label) {
  oci::ImageConfig image;
  image.architecture = "amd64";
  image.os = "linux";
  image.entrypoint = {"/entry"};
  image.cmd = {"arg"};
  image.env = {"PATH=/bin"};
  image.working_dir = "/work";
  if (!label.empty()) image.labels["org.mobyproject.config"] = label;
  return image;
}

json config_of(const std::string& fields, const std::string& label = "") {
  return json::parse(
      resolve("services:\n- name: s\n  image: x\n" + fields, image_with(label)).config_json);
}

TEST(Config, OfAPlainImageIsWrittenInFull) {
  EXPECT_EQ(R"({
    "ociVersion": "1.2.1",
    "process": {
        "user": {
            "uid": 0,
            "gid": 0
        },
        "args": [
            "/entry",
            "arg"
        ],
        "env": [
            "PATH=/bin"
        ],
        "cwd": "/work",
        "capabilities": {}
    },
    "root": {
        "path": "rootfs"
    },
    "mounts": [
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": [
                "nosuid",
                "strictatime",
                "mode=755",
                "size=65536k"
            ]
        },
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": [
                "nosuid",
                "noexec",
                "newinstance",
                "ptmxmode=0666",
                "mode=0620"
            ]
        },
        {
            "destination": "/proc",
            "type": "proc",
            "source": "proc",
            "options": [
                "nosuid",
                "nodev",
                "noexec",
                "relatime"
            ]
        },
        {
            "destination": "/sys",
            "type": "sysfs",
            "source": "sysfs",
            "options": [
                "nosuid",
                "noexec",
                "nodev"
            ]
        },
        {
            "destination": "/sys/fs/cgroup",
            "type": "cgroup",
            "source": "cgroup",
            "options": [
                "nosuid",
                "noexec",
                "nodev",
                "relatime",
                "ro"
            ]
        }
    ],
    "linux": {
        "resources": {},
        "namespaces": [
            {
                "type": "pid"
            },
            {
                "type": "mount"
            }
        ]
    }
})",
            resolve("services: [{name: s, image: x}]", image_with("")).config_json);
}

TEST(Config, YamlGoesOverLabelGoesOverImage) {
  const std::string label =
      R"({"command": ["/label"], "env": ["A=label"], "cwd": "/label", "capabilities": ["CAP_CHOWN"], "binds": ["/a:/a"], "readonly": true, "net": "new"})";
  json config = config_of("", label);
  EXPECT_EQ(json({"/label"}), config["process"]["args"]);
  EXPECT_EQ("/label", config["process"]["cwd"]);
  EXPECT_EQ(json({"A=label"}), config["process"]["env"]);
  EXPECT_EQ(true, config["root"]["readonly"]);
  EXPECT_EQ(json({{"type", "network"}}), config["linux"]["namespaces"][0]);
  config = config_of(
      "  command: [/yaml]\n  cwd: /yaml\n  env: []\n  readonly: false\n  net: host\n  "
      "capabilities.add: [CAP_KILL]\n  binds.add: [/b:/b:ro]\n",
      label);
  EXPECT_EQ(json({"/yaml"}), config["process"]["args"]);
  EXPECT_EQ("/yaml", config["process"]["cwd"]);
  EXPECT_FALSE(config["process"].contains("env"));
  EXPECT_FALSE(config["root"].contains("readonly"));
  EXPECT_EQ("pid", config["linux"]["namespaces"][0]["type"]);
  EXPECT_EQ(json({"CAP_CHOWN", "CAP_KILL"}), config["process"]["capabilities"]["effective"]);
  EXPECT_EQ(json({{"destination", "/a"},
                  {"type", "bind"},
                  {"source", "/a"},
                  {"options", {"rw", "rbind", "rshared"}}}),
            config["mounts"][0]);
  EXPECT_EQ(json({{"destination", "/b"},
                  {"type", "bind"},
                  {"source", "/b"},
                  {"options", {"ro", "rbind"}}}),
            config["mounts"][1]);
  config = config_of("  capabilities: [CAP_BPF]\n  binds: []\n", label);
  EXPECT_EQ(json({"CAP_BPF"}), config["process"]["capabilities"]["permitted"]);
  EXPECT_EQ("/dev", config["mounts"][0]["destination"]);
}

TEST(Config, Capabilities) {
  const json all = config_of("  capabilities: [all]")["process"]["capabilities"];
  EXPECT_EQ(41U, all["effective"].size());
  EXPECT_EQ("CAP_CHOWN", all["effective"][0]);
  EXPECT_EQ("CAP_AUDIT_CONTROL", all["bounding"][0]) << "the others are sorted";
  EXPECT_FALSE(
      config_of("  capabilities: [none]")["process"]["capabilities"].contains("effective"));
  const json ambient =
      config_of("  capabilities: [CAP_KILL]\n  ambient: [CAP_CHOWN]")["process"]["capabilities"];
  EXPECT_EQ(json({"CAP_CHOWN", "CAP_KILL"}), ambient["inheritable"]);
  EXPECT_EQ(json({"CAP_KILL"}), ambient["effective"]);
  EXPECT_EQ(json({"CAP_CHOWN"}), ambient["ambient"]);
}

TEST(Config, MountsReplaceTheDefaultsOfTheirDestination) {
  const json mounts = config_of(
      "  readonly: true\n  tmpfs: ['/tmp:size=1m', /run]\n  mounts:\n  - {type: sysfs, options: "
      "[rw]}\n  - {type: cgroup2, destination: /sys/fs/cgroup}\n")["mounts"];
  EXPECT_EQ(json({{"destination", "/dev"},
                  {"type", "tmpfs"},
                  {"source", "tmpfs"},
                  {"options", {"nosuid", "strictatime", "mode=755", "size=65536k", "ro"}}}),
            mounts[0]);
  EXPECT_EQ(json({{"destination", "/run"}, {"type", "tmpfs"}, {"source", "tmpfs"}}), mounts[3]);
  EXPECT_EQ(
      json({{"destination", "/sys"}, {"type", "sysfs"}, {"source", "sysfs"}, {"options", {"rw"}}}),
      mounts[4]);
  EXPECT_EQ(json({{"destination", "/sys/fs/cgroup"}, {"type", "cgroup2"}, {"source", "cgroup2"}}),
            mounts[5]);
  EXPECT_EQ(json({"size=1m"}), mounts[6]["options"]);
}

TEST(Config, VolumesAreBoundFromWhereTheyAreMounted) {
  for (const char* bind : {"  binds: ['v:/x:ro']", "  binds.add: ['v:/x:ro']",
                           "  mounts: [{type: bind, source: v, destination: /x, options: [ro]}]"}) {
    const json mounts =
        config_of(std::string(bind) + "\nvolumes: [{name: v, readonly: true}]")["mounts"];
    EXPECT_EQ("/containers/volumes/v/merged", mounts.back()["source"]) << bind;
  }
}

TEST(Config, WhatLinuxkitLosesSilentlyIsThere) {
  const json config = config_of(R"(  mounts:
  - type: tmpfs
    destination: /z
    uidmappings: [{hostID: 5, containerID: 1, size: 2}]
  gidMappings: [{hostID: 7, containerID: 8, size: 9}]
  command: ["@daily", "@x"]
  resources:
    memory: {kernelTCP: 1, disableOOMKiller: true}
    cpu: {realtimeRuntime: 2, realtimePeriod: 3}
    blockio: {leafWeight: 4, throttleReadBpsDevice: [{major: 8, minor: 0, rate: 5}]}
    hugepageLimits: [{pageSize: 2MB, limit: 6}]
    network: {classID: 7}
)");
  EXPECT_EQ(json({{{"containerID", 1}, {"hostID", 5}, {"size", 2}}}),
            config["mounts"].back()["uidMappings"]);
  EXPECT_EQ(json({{{"containerID", 8}, {"hostID", 7}, {"size", 9}}}),
            config["linux"]["gidMappings"]);
  EXPECT_EQ(json({"@daily", "@x"}), config["process"]["args"]);
  EXPECT_EQ(json::parse(R"({"memory": {"kernelTCP": 1, "disableOOMKiller": true},
                            "cpu": {"realtimeRuntime": 2, "realtimePeriod": 3},
                            "blockIO": {"leafWeight": 4,
                                        "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 5}]},
                            "hugepageLimits": [{"pageSize": "2MB", "limit": 6}],
                            "network": {"classID": 7}})"),
            config["linux"]["resources"]);
}

TEST(Config, DevicesNeedTheirCgroupRule) {
  const json linux_part = config_of(
      "  devices:\n  - {path: /dev/console, type: c, major: 5, minor: 1, mode: '0666'}\n  - {path: "
      "all, type: b}\n")["linux"];
  EXPECT_EQ(json({{{"path", "/dev/console"},
                   {"type", "c"},
                   {"major", 5},
                   {"minor", 1},
                   {"fileMode", 438}}}),
            linux_part["devices"]);
  EXPECT_EQ(json({{{"allow", true}, {"type", "c"}, {"major", 5}, {"minor", 1}, {"access", "rwm"}},
                  {{"allow", true}, {"type", "b"}, {"access", "rwm"}}}),
            linux_part["resources"]["devices"]);
}

TEST(Config, NamespacesHaveOneOrder) {
  const json spaces = config_of(
      "  userns: new\n  pid: host\n  uts: /run/uts\n  ipc: new\n  net: none\n")["linux"]
                                                                               ["namespaces"];
  EXPECT_EQ(json({{{"type", "network"}},
                  {{"type", "ipc"}},
                  {{"type", "uts"}, {"path", "/run/uts"}},
                  {{"type", "user"}},
                  {{"type", "mount"}}}),
            spaces);
}

TEST(Config, TakesOverTheRest) {
  const json config = config_of(R"(  uid: s
  gid: 5
  additionalGids: [root, 7]
  hostname: h
  noNewPrivileges: true
  oomScoreAdj: 0
  rlimits: ["nofile,10,unlimited"]
  sysctl: {net.ipv4.ip_forward: 1}
  annotations: {a: b}
  rootfsPropagation: shared
  cgroupsPath: /x
  maskedPaths: [/proc/kcore]
  readonlyPaths: [/proc/sys]
  uidMappings: [{hostID: 1000, containerID: 0, size: 10}]
  resources: {memory: {limit: 5, disableOOMKiller: true, kernelTCP: 6}, blockio: {weightDevice: [{major: 8, minor: 0, leafWeight: 3}]}, hugepageLimits: [{pageSize: 2MB, limit: 9}]}
)");
  EXPECT_EQ(json({{"uid", 100}, {"gid", 5}, {"additionalGids", {0, 7}}}),
            config["process"]["user"]);
  EXPECT_EQ("h", config["hostname"]);
  EXPECT_EQ(true, config["process"]["noNewPrivileges"]);
  EXPECT_EQ(0, config["process"]["oomScoreAdj"]);
  EXPECT_EQ(json({{{"type", "RLIMIT_NOFILE"}, {"hard", UINT64_MAX}, {"soft", 10}}}),
            config["process"]["rlimits"]);
  EXPECT_EQ("1", config["linux"]["sysctl"]["net.ipv4.ip_forward"]);
  EXPECT_EQ("b", config["annotations"]["a"]);
  EXPECT_EQ("shared", config["linux"]["rootfsPropagation"]);
  EXPECT_EQ("/x", config["linux"]["cgroupsPath"]);
  EXPECT_EQ(json({"/proc/kcore"}), config["linux"]["maskedPaths"]);
  EXPECT_EQ(json({"/proc/sys"}), config["linux"]["readonlyPaths"]);
  EXPECT_EQ(json({{{"containerID", 0}, {"hostID", 1000}, {"size", 10}}}),
            config["linux"]["uidMappings"]);
  EXPECT_EQ(
      json::parse(
          R"({"memory": {"limit": 5, "disableOOMKiller": true, "kernelTCP": 6}, "blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 3}]},
                            "hugepageLimits": [{"pageSize": "2MB", "limit": 9}]})"),
      config["linux"]["resources"]);
}

TEST(Config, ABadLabelIsAnErrorThatNamesTheImage) {
  EXPECT_THROW(config_of("", "{\"binds\": [\"v:/v\"]}"), Error);
  EXPECT_THROW(config_of("", "{\"uid\": \"nobody\"}"), Error);
  for (const char* label : {"[]", "{\"comand\": []}", "{\"name\": \"x\"}", "{"}) {
    try {
      config_of("", label);
      FAIL() << label;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("label org.mobyproject.config of x")) << label;
    }
  }
}

TEST(Config, WithoutACommandIsAnError) {
  oci::ImageConfig image;
  try {
    resolve("services: [{name: s, image: x}]", image);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no command"));
  }
}

TEST(RuntimeJson, HasAllFieldsAlwaysAndTheRootsMountsFirst) {
  const auto container = resolve(
      "services:\n- name: s\n  image: x\n  runtime:\n    mkdir: [/var/x]\n    bindNS: {net: "
      "/run/netns/a}\n    mounts: [{type: bind, source: /a, destination: /b}]\n"
      "    interfaces: [{name: wg0, add: wireguard, createInRoot: true}]\n",
      image_with(
          R"({"runtime": {"cgroups": ["podruntime"], "mkdir": ["/lost"], "bindNS": {"ipc": "/run/ipc"}}})"));
  const json runtime =
      json::parse(format_runtime(container.runtime, {{"/r", "", "/r", {"bind"}, {}}}));
  EXPECT_EQ(json::parse(R"({"cgroups": ["podruntime"],
    "mounts": [{"destination": "/r", "source": "/r", "options": ["bind"]}, {"destination": "/b", "type": "bind", "source": "/a"}],
    "mkdir": ["/var/x"], "interfaces": [{"name": "wg0", "add": "wireguard", "createInRoot": true}],
    "bindNS": {"cgroup": "", "ipc": "/run/ipc", "mnt": "", "net": "/run/netns/a", "pid": "", "user": "", "uts": ""}, "namespace": ""})"),
            runtime);
}

}  // namespace
}  // namespace rtfx::image
