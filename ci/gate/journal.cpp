// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace rtfx::gate {
namespace {

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text;
}

}  // namespace

Journal::Journal(const std::filesystem::path& folder) : path_(folder / "journal.jsonl") {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  file_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_) throw system_error("writing " + path_.string(), errno);
}

void Journal::append(const std::string& event, const std::map<std::string, std::string>& fields) {
  nlohmann::ordered_json line;
  line["time"] = now();
  line["event"] = event;
  for (const auto& [key, value] : fields) line[key] = value;
  write_all(file_.get(),
            line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
            path_.string());
  if (::fdatasync(file_.get()) != 0) throw system_error("writing " + path_.string(), errno);
}

}  // namespace rtfx::gate
