// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_input.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "harness/registry/http.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::commands {

namespace {

constexpr std::size_t most_bytes = 16U << 20;  // of one YAML
constexpr int most_redirects = 10;             // as Go's client follows
constexpr std::chrono::seconds patience{60};

bool is_address(const std::string& file) {
  return file.starts_with("http://") || file.starts_with("https://");
}

std::string read_standard_input() {
  if (::isatty(STDIN_FILENO) == 1)
    throw Error("an image's YAML is not typed in: redirect it, or give a file", ExitCode::usage);
  std::string bytes;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading standard input", errno);
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > most_bytes)
      throw Error("standard input: more than 16 MiB is no image's YAML", ExitCode::usage);
  }
}

/// Requests a stop when the time is over, or when another one is requested.
class Deadline {
 public:
  Deadline(std::chrono::seconds time, const std::stop_token& other)
      : forward_(other, [this] { ended_.request_stop(); }),
        clock_([this, time](std::stop_token done) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any sleep;
          sleep.wait_for(lock, done, time, [] { return false; });
          if (!done.stop_requested()) ended_.request_stop();
        }) {}
  std::stop_token token() const { return ended_.get_token(); }

 private:
  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread clock_;
};

registry::Response get(registry::Http& http, const registry::Url& address,
                       const std::stop_token& stop) {
  const Deadline deadline(patience, stop);
  registry::Request request;
  request.url = address.text;
  request.headers = {{"Accept", "*/*"}, {"User-Agent", "rtfx"}};
  request.max_answer = most_bytes;
  try {
    return http.send(request, deadline.token());
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted || stop.stop_requested()) throw;
    throw Error(fmt::format("no whole answer within {} s", patience.count()), ExitCode::host);
  }
}

std::string fetch(const std::string& file, const std::vector<std::filesystem::path>& cert_files,
                  const std::stop_token& stop) {
  const auto http = registry::make_curl_http(cert_files);
  registry::Url address = registry::parse_url(file);
  return in_context(address.text, [&] {
    for (int i = 0; i <= most_redirects; ++i) {
      registry::Response response = get(*http, address, stop);
      if (response.ok()) return response.body;
      const auto location = response.header("location");
      if (response.status < 300 || response.status >= 400 || !location)
        throw Error(fmt::format("the server answers {}", response.status));
      const registry::Url next = registry::resolve_location(address, *location);
      if (address.scheme == "https" && next.scheme != "https")
        throw Error("leads from https to plain http");
      address = next;
    }
    throw Error(fmt::format("leads to another address more than {} times", most_redirects));
  });
}

}  // namespace

std::vector<image::ImageFile> read_inputs(const std::vector<std::string>& files,
                                          const std::vector<std::filesystem::path>& cert_files,
                                          std::stop_token stop) {
  if (std::count(files.begin(), files.end(), "-") > 1)
    throw Error("standard input (-) can be read only once", ExitCode::usage);
  std::vector<image::ImageFile> inputs;
  for (const std::string& file : files) {
    if (file == "-") {
      inputs.emplace_back("(standard input)", read_standard_input(), false);
    } else if (is_address(file)) {
      inputs.emplace_back(registry::parse_url(file).text, fetch(file, cert_files, stop), true);
    } else {
      std::error_code error;
      if (std::filesystem::is_regular_file(file, error) &&
          std::filesystem::file_size(file, error) > most_bytes)
        throw Error(file + ": more than 16 MiB is no image's YAML", ExitCode::usage);
      inputs.emplace_back(std::filesystem::path(file));
    }
  }
  return inputs;
}

std::string default_name(const std::vector<std::string>& files) {
  const std::string& last = files.back();
  return last == "-" ? "moby" : std::filesystem::path(last).stem().string();
}

}  // namespace rtfx::commands
