// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/authorities.hpp"

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::registry {

std::string authorities(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) return "";
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  const std::string system =
      environment("SSL_CERT_FILE", version->cainfo == nullptr ? "" : version->cainfo);
  std::error_code error;
  std::string all =
      !system.empty() && std::filesystem::exists(system, error) ? read_file(system) + "\n" : "";
  for (const std::filesystem::path& file : files) {
    std::string text;
    try {
      text = read_file(file);
    } catch (const Error& failed) {
      throw Error("--cert-file: " + std::string(failed.what()), ExitCode::usage);
    }
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!certificate)
      throw Error("--cert-file: " + file.string() + " holds no certificate; PEM is expected",
                  ExitCode::usage);
    all += text + "\n";
  }
  return all;
}

}  // namespace rtfx::registry
