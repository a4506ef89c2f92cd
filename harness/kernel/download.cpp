// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/download.hpp"

#include <curl/curl.h>
#include <fcntl.h>

#include <cerrno>
#include <exception>
#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::kernel {

namespace {

constexpr long most_redirects = 10;
/// A server that sends less than this many bytes a second for that many seconds is given up.
constexpr long slowest = 100, patience = 60;

/// What libcurl's callbacks work on; exceptions must not cross it.
struct Transfer {
  const pkg::Steps& steps;
  FileDescriptor file;
  std::string name;
  std::exception_ptr problem;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    write_all(transfer.file.get(), {bytes, size * count}, transfer.name);
    return size * count;
  } catch (...) {
    transfer.problem = std::current_exception();
    return 0;
  }
}

int is_over(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<Transfer*>(context);
  const bool late = std::chrono::steady_clock::now() > transfer.steps.deadline;
  return transfer.steps.stop.stop_requested() || late ? 1 : 0;
}

void set_up(CURL* curl, const std::string& url, Transfer& transfer) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, most_redirects);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, slowest);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, patience);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_over);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

}  // namespace

void download(const std::string& url, const std::filesystem::path& file, const pkg::Steps& steps) {
  Transfer transfer{
      steps, FileDescriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)),
      file.string(), nullptr};
  if (!transfer.file) throw system_error("writing " + file.string(), errno);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw Error("libcurl cannot be set up", ExitCode::host);
  char details[CURL_ERROR_SIZE] = "";
  set_up(curl.get(), url, transfer);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, details);
  if (steps.log) steps.log("fetching " + url + "\n");
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return;
  std::error_code ignored;
  fs::remove(file, ignored);
  if (transfer.problem) std::rethrow_exception(transfer.problem);
  if (steps.stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
  if (code == CURLE_ABORTED_BY_CALLBACK)
    throw Error("fetching " + url + ": the time limit is over");
  throw Error("fetching " + url + ": " + (*details != '\0' ? details : curl_easy_strerror(code)));
}

}  // namespace rtfx::kernel
