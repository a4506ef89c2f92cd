// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_folder.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::commands {

fs::path release_folder(const runner::Project& project, const std::string& id) {
  if (id.empty() || id.find('/') != std::string::npos || id.starts_with("."))
    throw Error("\"" + text::one_line(id) +
                    "\" is no id of a release; expected the name of a folder in _release, such as "
                    "20261120-083000-1234",
                ExitCode::usage);
  return project.root / "_release" / id;
}

std::vector<std::string> release_ids(const runner::Project& project) {
  std::vector<std::string> ids;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(project.root / "_release", error)) {
    const std::string name = entry.path().filename().string();
    if (fs::exists(entry.path() / "runs.json", error) ||
        fs::exists(entry.path() / "journal.jsonl", error))
      ids.push_back(name);
  }
  std::sort(ids.rbegin(), ids.rend());
  return ids;
}

Error no_such_release(const runner::Project& project, const std::string& id) {
  std::vector<std::string> ids = release_ids(project);
  if (ids.size() > 3) ids.resize(3);
  return Error("there is no decided release " + text::one_line(id) + " in " +
                   (project.root / "_release").string() +
                   (ids.empty() ? "" : "; the newest are " + text::join(ids, ", ")),
               ExitCode::usage);
}

}  // namespace rtfx::commands
