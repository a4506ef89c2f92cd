// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "harness/oci/descriptor.hpp"

namespace rtfx::image {

/// A user or group: a number, or the name of a container of the same image (or "root").
using Id = std::variant<std::uint32_t, std::string>;

struct IdMapping {
  std::uint32_t container = 0, host = 0, size = 0;
};

struct Mount {
  std::string destination, type, source;
  std::vector<std::string> options;
  Location where;
  std::vector<IdMapping> uid_mappings{}, gid_mappings{};
};

struct Device {
  std::string path;  ///< "all": only a cgroup rule for the type
  std::string type;
  std::int64_t major = 0, minor = 0;
  unsigned mode = 0;
};

struct Rlimit {
  std::string type;  ///< "RLIMIT_NOFILE"
  std::uint64_t soft = 0, hard = 0;
};

struct Interface {
  std::string name, add, peer;
  bool create_in_root = false;
};

/// `runtime:`, what the init does before it starts the container.
struct Runtime {
  std::optional<std::vector<std::string>> cgroups, mkdir;
  std::optional<std::vector<Mount>> mounts;
  std::optional<std::vector<Interface>> interfaces;
  std::map<std::string, std::string> bind_ns;  ///< "net" -> path
  std::optional<std::string> containerd_namespace;
};

/// The fields that both an image YAML and the label org.mobyproject.config may set. What is not set
/// stays empty.
struct ContainerConfig {
  std::optional<std::vector<std::string>> capabilities, capabilities_add, ambient, command, env,
      masked_paths, readonly_paths;
  std::optional<std::vector<Mount>> mounts, binds, binds_add, tmpfs;
  std::optional<std::vector<Device>> devices;
  std::optional<std::vector<Rlimit>> rlimits;
  std::optional<std::vector<IdMapping>> uid_mappings, gid_mappings;
  std::optional<std::map<std::string, std::string>> sysctl, annotations;
  std::string cwd, net, pid, ipc, uts, userns, hostname;
  std::optional<bool> readonly, no_new_privileges;
  std::optional<Id> uid, gid;
  std::optional<std::vector<Id>> additional_gids;
  std::optional<std::int64_t> oom_score_adj;
  std::optional<std::string> rootfs_propagation, cgroups_path;
  std::optional<std::string> resources;  ///< JSON of the OCI runtime-spec's linux.resources
  Runtime runtime;
};

/// An entry of onboot, onshutdown or services.
struct Container {
  std::string name, image;
  ContainerConfig config;
  Location where;
};

struct Volume {
  enum class Format {
    filesystem,  ///< the files of the image
    oci,         ///< the image itself, as an OCI layout
  };
  std::string name;
  std::string image;  ///< "": empty
  bool readonly = false;
  Format format = Format::filesystem;
  std::vector<oci::Platform> platforms;  ///< what of an index Format::oci takes; empty: all
  Location where;

  bool holds_layout() const { return format == Format::oci && !image.empty(); }
};

struct Kernel {
  std::string image, cmdline;
  std::string binary = "kernel";
  std::string tar = "kernel.tar";  ///< "": none
  std::string ucode;               ///< "": none
};

/// An entry of `files`.
struct FileSpec {
  enum class Kind { directory, symlink, contents, source, metadata };
  Kind kind = Kind::contents;
  std::string path;  ///< normalised, relative to the root
  std::string text;  ///< link target, contents, path of the source, or "yaml" / "json"
  bool optional = false;
  std::optional<unsigned> mode;
  Id uid = 0U, gid = 0U;
  Location where;
};

/// Image YAMLs, merged and checked.
struct ImageSpec {
  std::optional<Kernel> kernel;
  std::vector<std::string> init;
  std::vector<Volume> volumes;
  std::vector<Container> onboot, onshutdown, services;
  std::vector<FileSpec> files;
  std::vector<std::string> notes{};  ///< what is allowed and rarely meant, one line each
  yaml::Node merged;                 ///< the same as one document, with @pkg: resolved

  const Volume* find_volume(const std::string& name) const;
};

/// Where a container finds a volume at run time.
std::string volume_mount_point(const Volume& volume);

/// Reads the fields of ContainerConfig from a map whose other keys the caller reads.
ContainerConfig read_container_config(yaml::MapReader& reader, const std::string& what,
                                      Diagnostics& diagnostics);
/// Reads the label org.mobyproject.config; `image` names it in messages. Throws Error.
ContainerConfig parse_label(const std::string& label, const std::string& image);
/// `resources:` as the JSON of the OCI runtime-spec.
std::string read_resources(const yaml::Node& node, const std::string& what,
                           Diagnostics& diagnostics);

/// The volume that a bind's source names, or null for an absolute path. Throws Error when there is
/// no such volume, or when the bind would write to a read-only one.
const Volume* bound_volume(const Mount& bind, const ImageSpec& spec);
/// The number behind an id: 0 for "" and "root", 100 and up for the containers in order. Throws
/// Error for other names, and for a name that several containers of one section share.
std::uint32_t resolve_id(const Id& id, const ImageSpec& spec);

/// merged_yaml(), as JSON.
std::string merged_json(const ImageSpec& spec);
/// An entry of a section as JSON that is the same for every way of writing it.
std::string canonical_json(const ImageSpec& spec, const char* section, std::size_t index);

}  // namespace rtfx::image
