// SPDX-License-Identifier: Apache-2.0
#include "ci/evidence/signed_statements.hpp"

#include <nlohmann/json.hpp>

#include "harness/sign/bundle.hpp"

namespace rtfx::evidence {
namespace {

using Json = nlohmann::json;

std::string short_type(std::string_view predicate_type) {
  if (predicate_type == predicate_test_result) return "test result";
  if (predicate_type == predicate_provenance) return "provenance";
  return std::string(predicate_type);
}

Statement parse_statement(const std::string& payload) {
  try {
    const Json json = Json::parse(payload);
    if (json.at("_type") != statement_type) throw Error("the statement is of another version");
    Statement statement{json.at("predicateType").get<std::string>(), {}, payload, false};
    for (const Json& subject : json.at("subject"))
      statement.subjects.insert(subject.at("digest").value("sha256", ""));
    statement.subjects.erase("");
    if (statement.predicate_type == predicate_test_result) {
      const Json& predicate = json.at("predicate");
      const auto result = predicate.at("result").get<std::string>();
      statement.passed = (result == "PASSED" || result == "WARNED") &&
                         predicate.value("failedTests", Json::array()).empty();
    }
    return statement;
  } catch (const Json::exception&) {
    throw Error("the statement is not in-toto's JSON");
  }
}

/// Throws Error saying why it does not count.
Statement check_bundle(const std::string& text, const Digest& index, const sign::PublicKey& key) {
  const sign::Bundle bundle = sign::parse_bundle(text);
  if (!bundle.signed_by(key))
    throw Error(bundle.hint.empty() || bundle.hint == key.hint()
                    ? "its signature does not fit: the statement or the signature was changed"
                    : "it is signed by another key (" + bundle.hint + ")");
  if (bundle.payload_type != sign::media_type_in_toto)
    throw Error("what it signs is no in-toto statement: " + bundle.payload_type);
  Statement statement = parse_statement(bundle.payload);
  if (!statement.subjects.contains(index.hex()))
    throw Error("it is about something else: none of its subjects is " + index.str());
  return statement;
}

/// What the annotations of the manifest say it holds; not trusted, only told.
std::string said_type(const std::string& manifest) {
  const Json json = Json::parse(manifest, nullptr, false);
  const Json::json_pointer where("/annotations/" + std::string(sign::annotation_predicate_type));
  return json.is_object() && json.contains(where) && json.at(where).is_string()
             ? json.at(where).get<std::string>()
             : "";
}

}  // namespace

std::vector<Statement> SignedStatements::of(std::string_view predicate_type) const {
  std::vector<Statement> statements;
  for (const Statement& statement : good) {
    if (statement.predicate_type == predicate_type) statements.push_back(statement);
  }
  return statements;
}

std::string SignedStatements::why_none(std::string_view predicate_type) const {
  for (const std::string& type : {std::string(predicate_type), std::string()}) {
    const auto reason = refused.find(type);
    if (reason != refused.end())
      return "the " + short_type(predicate_type) +
             " that is attached does not count: " + reason->second;
  }
  return "no " + short_type(predicate_type) + " is attached to the index";
}

SignedStatements read_statements(publish::Target& target, const std::string& repository,
                                 const Digest& index, const sign::PublicKey& key) {
  SignedStatements statements;
  for (const oci::Descriptor& referrer :
       target.referrers(repository, index, std::string(sign::media_type_bundle))) {
    std::string type;
    try {
      const std::optional<registry::Document> manifest =
          target.current(repository, referrer.digest.str());
      if (!manifest) throw Error(referrer.digest.str() + " is listed and not there");
      type = said_type(manifest->bytes);
      const oci::Manifest bundle = oci::parse_manifest(manifest->bytes);
      if (bundle.layers.size() != 1) throw Error("its manifest has not exactly one layer");
      statements.good.push_back(
          check_bundle(target.read_blob(repository, bundle.layers.front()), index, key));
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted || error.code() == ExitCode::host) throw;
      statements.refused.emplace(type, error.what());
    }
  }
  return statements;
}

std::string outcome_of(const Statement& test_result) {
  const Json predicate = Json::parse(test_result.payload).at("predicate");
  const auto count = [&](const char* list) {
    return std::to_string(predicate.value(list, Json::array()).size());
  };
  const std::string result = predicate.value("result", "");
  if (!test_result.passed)
    throw Error("the result is " + (result.empty() ? "missing" : result) + ", " +
                count("failedTests") + " failed");
  return "by this key: " + result + ", " + count("passedTests") + " passed" +
         (result == "WARNED" ? ", " + count("warnedTests") + " excused" : "");
}

std::string origin_of(const Statement& provenance) {
  const Json json = Json::parse(provenance.payload);
  const auto text = [&](const char* where) {
    const Json::json_pointer pointer(where);
    return json.contains(pointer) && json.at(pointer).is_string()
               ? json.at(pointer).get<std::string>()
               : std::string();
  };
  const std::string commit =
      text("/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit");
  const std::string builder = text("/predicate/runDetails/builder/id");
  return (commit.empty() ? "no commit" : "commit " + commit) + ", built by " +
         (builder.empty() ? "?" : builder);
}

}  // namespace rtfx::evidence
