// The statements of the policies, as text that can be pasted.
#include "cli/doctor/policy.h"

#include <fmt/format.h>

#include <span>
#include <vector>

#include "cli/doctor/store_checks.h"
#include "http/json_text.h"
#include "manifest/layout.h"

namespace seekfs::cli {
namespace {

struct Statement {
  std::string sid;
  std::vector<std::string_view> actions;
  std::vector<std::string> resources;
  std::string_view prefix;  ///< of the keys that may be listed; empty: all
};

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

std::string json_text(std::string_view text) {
  std::string out;
  http::append_json_string(out, text);
  return out;
}

/// In a policy * and ? stand for anything, and ${ begins a variable.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '$') {
      out += fmt::format("${{{}}}", c);
    } else {
      out += c;
    }
  }
  return out;
}

template <class Text>
std::string json_array(const std::vector<Text>& texts) {
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) out += fmt::format("{}{}", i == 0 ? "" : ", ", json_text(texts[i]));
  return out + "]";
}

std::string statement_json(const Statement& statement) {
  std::string text = fmt::format(
      "    {{\n      \"Sid\": {},\n      \"Effect\": \"Allow\",\n      \"Action\": {},\n      \"Resource\": {}",
      json_text(statement.sid), json_array(statement.actions), json_array(statement.resources));
  if (!statement.prefix.empty()) {
    // IfExists: the answer to a GET of a missing object is 404 only for who may list, and that question has no prefix.
    // It cannot be told from a list without one, which is allowed with it.
    text += fmt::format(",\n      \"Condition\": {{\"StringLikeIfExists\": {{\"s3:prefix\": {}}}}}",
                        json_text(literal(statement.prefix) + "*"));
  }
  return text + "\n    }";
}

}  // namespace

std::optional<PolicyRole> parse_policy_role(std::string_view text) noexcept {
  if (text == "reader") return PolicyRole::reader;
  if (text == "publisher") return PolicyRole::publisher;
  return std::nullopt;
}

std::string iam_policy(PolicyRole role, std::string_view bucket, std::string_view prefix, std::string_view region) {
  const std::string arn = fmt::format("arn:{}:s3:::{}", partition_of(region), bucket);
  const auto objects = [&](std::string_view below) { return fmt::format("{}/{}{}*", arn, literal(prefix), below); };
  std::vector<Statement> statements = {
      {.sid = "SeekFSList", .actions = {"s3:ListBucket"}, .resources = {arn}, .prefix = prefix},
      {.sid = "SeekFSRead",
       .actions = {"s3:GetObject", "s3:GetObjectVersion"},
       .resources = {objects("")},
       .prefix = {}}};
  if (role == PolicyRole::publisher) {
    statements.push_back(
        {.sid = "SeekFSWrite",
         .actions = {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
         .resources = {objects(manifest::namespaces_prefix), objects(doctor_prefix)},
         .prefix = {}});
    // S3 knows no condition on the prefix for this one.
    statements.push_back(
        {.sid = "SeekFSResume", .actions = {"s3:ListBucketMultipartUploads"}, .resources = {arn}, .prefix = {}});
  }
  std::string text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n";
  for (std::size_t i = 0; i < statements.size(); ++i) {
    text += (i == 0 ? "" : ",\n") + statement_json(statements[i]);
  }
  return text + "\n  ]\n}\n";
}

}  // namespace seekfs::cli
