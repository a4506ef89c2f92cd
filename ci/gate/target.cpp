// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/target.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::gate {
namespace {

using namespace std::chrono_literals;

/// An OCI image layout. Tags are collected and set in one replacement of index.json: all of a release, or nothing.
class LayoutTarget : public Target {
 public:
  explicit LayoutTarget(fs::path directory) : directory_(std::move(directory)) {}

  std::string name() const override { return "oci:" + directory_.string(); }

  std::optional<oci::Index> current_index(const std::string& repository,
                                          const std::string& tag) override {
    if (!fs::exists(directory_ / "index.json")) return std::nullopt;
    const std::optional<oci::Descriptor> found = store().resolve(repository + ":" + tag);
    if (!found || found->media_type != oci::media_type_index) return std::nullopt;
    return oci::parse_index(store().read(*found));
  }

  void stage(const std::string&, const oci::Store& from,
             const oci::Descriptor& descriptor) override {
    store().copy_from(from, descriptor);
  }

  void fetch(const std::string&, const oci::Descriptor& child, oci::Store& into) override {
    into.copy_from(store(), child);
  }

  void tag(const std::string& repository, const std::string& tag, const oci::Store&,
           const oci::Descriptor& descriptor) override {
    pending_.insert_or_assign(repository + ":" + tag, descriptor);
  }

  void commit() override {
    if (!pending_.empty()) store().tag_all(pending_);
    pending_.clear();
  }

  std::optional<Digest> read_back(const std::string& repository, const std::string& tag) override {
    const std::optional<oci::Descriptor> found = store().resolve(repository + ":" + tag);
    if (!found) return std::nullopt;
    store().read(*found);
    return found->digest;
  }

 private:
  /// Opened at the first use that needs it, since opening makes the layout.
  oci::Store& store() {
    if (!store_) store_.emplace(directory_);
    return *store_;
  }

  fs::path directory_;
  std::optional<oci::Store> store_;
  std::map<std::string, oci::Descriptor> pending_;
};

/// A registry, through skopeo. Manifests go there by digest first; a tag is set by pushing once more under its name,
/// which uploads nothing but the manifest.
class RegistryTarget : public Target {
 public:
  RegistryTarget(std::string prefix, process::Runner& runner, std::stop_token stop)
      : prefix_(std::move(prefix)), runner_(runner), stop_(std::move(stop)) {}

  std::string name() const override { return prefix_; }

  std::optional<oci::Index> current_index(const std::string& repository,
                                          const std::string& tag) override {
    const std::optional<std::string> raw = inspect(repository, tag);
    if (!raw || raw->find("\"manifests\"") == std::string::npos) return std::nullopt;
    return oci::parse_index(*raw);
  }

  void stage(const std::string& repository, const oci::Store& from,
             const oci::Descriptor& descriptor) override {
    push(from, descriptor, repository + "@" + descriptor.digest.str());
  }

  void fetch(const std::string& repository, const oci::Descriptor& child,
             oci::Store& into) override {
    const TemporaryDirectory scratch("rtfx-fetch");
    skopeo({"copy", "--preserve-digests", tls("src"),
            "docker://" + address(repository) + "@" + child.digest.str(),
            "oci:" + (scratch.path() / "layout").string() + ":child"});
    into.import_layout(scratch.path() / "layout", "child");
  }

  void tag(const std::string& repository, const std::string& tag, const oci::Store& from,
           const oci::Descriptor& descriptor) override {
    push(from, descriptor, repository + ":" + tag);
  }

  void commit() override {}

  std::optional<Digest> read_back(const std::string& repository, const std::string& tag) override {
    const std::optional<std::string> raw = inspect(repository, tag);
    if (!raw) return std::nullopt;
    return Digest::of(*raw);
  }

 private:
  std::string address(const std::string& repository) const { return prefix_ + "/" + repository; }

  bool on_loopback() const {
    const std::string host = prefix_.substr(0, prefix_.find_first_of(":/"));
    return host == "localhost" || host.starts_with("127.") || prefix_.starts_with("[::1]");
  }

  /// --src-tls-verify=… or --dest-tls-verify=…, or --tls-verify=… for "".
  std::string tls(const std::string& side) const {
    return "--" + (side.empty() ? "" : side + "-") +
           "tls-verify=" + (on_loopback() ? "false" : "true");
  }

  /// A layout of its own that names just this descriptor, for skopeo takes images by name. Blobs are hard links.
  void push(const oci::Store& from, const oci::Descriptor& descriptor, const std::string& to) {
    const TemporaryDirectory scratch("rtfx-push", from.directory().parent_path());
    oci::Store outbox(scratch.path() / "layout");
    outbox.copy_from(from, descriptor);
    outbox.tag("image", descriptor);
    skopeo({"copy", "--all", "--preserve-digests", tls("dest"),
            "oci:" + outbox.directory().string() + ":image", "docker://" + prefix_ + "/" + to});
  }

  process::Captured call(std::vector<std::string> arguments) {
    process::Command command;
    command.argv = {process::require_program("skopeo", "skopeo").string()};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.timeout = 10min;
    return process::run_captured(runner_, command, stop_);
  }

  void skopeo(const std::vector<std::string>& arguments) {
    const process::Captured done = call(arguments);
    if (!done.outcome.ok()) {
      throw Error("skopeo " + arguments.front() + " " + arguments.back() + ": " +
                  done.outcome.str() + ": " + std::string(text::trim(done.err)));
    }
  }

  /// The manifest's bytes as the registry has them; nullopt when the registry says that there is none.
  std::optional<std::string> inspect(const std::string& repository, const std::string& tag) {
    const std::string reference = "docker://" + address(repository) + ":" + tag;
    const process::Captured done = call({"inspect", "--raw", tls(""), reference});
    if (done.outcome.ok()) return done.out;
    for (const char* absent : {"manifest unknown", "name unknown", "repository name not known"}) {
      if (done.err.find(absent) != std::string::npos) return std::nullopt;
    }
    throw Error("asking for " + reference + ": " + std::string(text::trim(done.err)));
  }

  std::string prefix_;
  process::Runner& runner_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<Target> open_target(const std::string& text, const fs::path& base,
                                    process::Runner& runner, std::stop_token stop) {
  if (text.starts_with("oci:")) {
    const std::string directory = text.substr(4);
    if (directory.empty())
      throw Error("\"oci:\" names no folder; expected oci:DIR", ExitCode::usage);
    return std::make_unique<LayoutTarget>((base / directory).lexically_normal());
  }
  const std::string host = text.substr(0, text.find('/'));
  const bool looks_like_host =
      host == "localhost" || host.find_first_of(".:[") != std::string::npos;
  if (!looks_like_host || text.ends_with('/') || text.find_first_of(" \t@") != std::string::npos ||
      text.find("://") != std::string::npos) {
    throw Error(
        "\"" + text +
            "\" is no place to publish to; expected oci:DIR or HOST[:PORT][/PREFIX], for example "
            "oci:_release/oci or 127.0.0.1:5000/test",
        ExitCode::usage);
  }
  return std::make_unique<RegistryTarget>(text, runner, std::move(stop));
}

}  // namespace rtfx::gate
