// SPDX-License-Identifier: Apache-2.0
#include "results/run_json.hpp"

#include "results/json_text.hpp"

namespace rtfx::results {

void write_host(std::string& out, const RunStarted& run) {
  JsonObject json(out);
  json.text("os", run.host_os);
  json.text("name", run.host_name);
  json.text("version", run.host_version);
  json.text("arch", run.host_arch);
  json.text("model", run.host_model);
  json.text("cpu", run.host_cpu);
  json.number("memory", run.host_memory);
  json.text_if("hostname", run.hostname);
}

void write_subjects(std::string& out, const std::vector<Subject>& subjects) {
  out += '[';
  for (const Subject& subject : subjects) {
    if (&subject != &subjects.front()) out += ',';
    JsonObject json(out);
    json.text("name", subject.name);
    json.text("arch", subject.arch);
    json.text("digest", subject.digest);
  }
  out += ']';
}

}  // namespace rtfx::results
