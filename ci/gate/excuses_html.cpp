// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.hpp"
#include "ci/gate/excuses.hpp"

namespace rtfx::gate {
namespace {

constexpr const char* style =
    ":root{color-scheme:light dark;--ok:#18794e;--bad:#b42318;--line:#8884}"
    "@media(prefers-color-scheme:dark){:root{--ok:#4cc38a;--bad:#ff8a80}}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;"
    "border-bottom:1px solid var(--line)}"
    "td{overflow-wrap:anywhere}td:nth-child(-n+2){white-space:nowrap}"
    ".ok{color:var(--ok)}.bad{color:var(--bad)}code{font-size:.92em}";

std::string escaped(const std::string& raw) {
  std::string html;
  for (const char c : text::flattened(raw)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// A word in the colour of good or bad news.
std::string mark(bool good, const char* word) {
  return fmt::format("<span class=\"{}\">{}</span>", good ? "ok" : "bad", word);
}

std::string arches_table(const Verdict& verdict) {
  std::string html =
      "<table>\n<tr><th>arch</th><th>stage</th><th>packages</th><th>images</th><th>cases</th>"
      "<th>verdict</th></tr>\n";
  for (const ArchVerdict& arch : verdict.arches) {
    const auto share = [&](const char* kind) {
      const auto found = arch.kinds.find(kind);
      const Tally tally = found == arch.kinds.end() ? Tally{} : found->second;
      return fmt::format("<td>{}/{}</td>", tally.met, tally.required);
    };
    const char* word = arch.first_class ? (arch.ready() ? "passes" : "blocks")
                                        : (arch.ready() ? "ready" : "not ready");
    html += fmt::format("<tr><td>{}</td><td>{}</td>{}{}{}<td>{}</td></tr>\n", escaped(arch.arch),
                        arch.first_class ? "first-class" : "candidate", share("package"),
                        share("image"), share("case"), mark(arch.ready(), word));
  }
  return html + "</table>\n";
}

/// What did not simply pass, whatever came of it.
std::string findings_table(const Verdict& verdict) {
  std::string rows;
  const auto add = [&](const ArchVerdict& arch, Standing standing, bool good, const char* word) {
    for (const Judgement& judgement : arch.with(standing)) {
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{} <code>{}</code></td><td>{}</td></tr>\n",
                          mark(good, word), escaped(arch.arch), judgement.unit.kind,
                          escaped(judgement.unit.name), escaped(judgement.reason));
    }
  };
  for (const ArchVerdict& arch : verdict.arches) {
    add(arch, Standing::blocked, false, arch.first_class ? "blocks" : "lacks");
    add(arch, Standing::waived, true, "waived");
    add(arch, Standing::regressed, true, "known");
    add(arch, Standing::flaky, true, "flaky");
  }
  if (rows.empty()) return "";
  return "<h2>What did not simply pass</h2>\n<table>\n<tr><th></th><th>arch</th><th>what</th>"
         "<th>why</th></tr>\n" +
         rows + "</table>\n";
}

}  // namespace

std::string excuses_html(const std::vector<Excuse>& excuses, const Verdict& verdict,
                         const std::string& release_id) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>Release {0}</title>\n<style>{1}</style>\n<h1>Release {0} {2}</h1>\n",
      escaped(release_id), style,
      verdict.ships ? mark(true, "ships") : mark(false, "does not ship"));
  html += arches_table(verdict);
  if (!verdict.notes.empty()) {
    html += "<ul>\n";
    for (const std::string& note : verdict.notes) html += "<li>" + escaped(note) + "</li>\n";
    html += "</ul>\n";
  }
  html += findings_table(verdict);
  html +=
      "<h2>Packages</h2>\n<table>\n<tr><th></th><th>arch</th><th>package</th><th>why</th></tr>\n";
  for (const Excuse& excuse : excuses) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
                        excuse.ships ? mark(true, "ships") : mark(false, "stays"),
                        escaped(excuse.arch), escaped(excuse.package), escaped(excuse.why));
  }
  return html + "</table>\n</html>\n";
}

}  // namespace rtfx::gate
