// A command line into words, and the program's standard output into credentials.
#include "objectstore/s3/credential_process.h"

#include <fmt/format.h>

#include "env/subprocess.h"
#include "objectstore/s3/credentials_check.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Takes words off a command line.
class WordReader {
 public:
  explicit WordReader(std::string_view rest) : rest_(rest) {}

  bool at_end() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
    return rest_.empty();
  }

  Result<std::string> word() {
    std::string out;
    while (!rest_.empty() && !blanks.contains(rest_.front())) SEEKFS_TRY(piece(out));
    return out;
  }

 private:
  /// A plain character, an escaped one, or all in a pair of quotes.
  Status piece(std::string& out) {
    const char first = take();
    if (first == '\\') {
      if (rest_.empty()) return fail(ErrorCode::invalid, "a backslash at the end");
      out += take();
    } else if (first == '\'' || first == '"') {
      return quoted(first, out);
    } else {
      out += first;
    }
    return {};
  }

  Status quoted(char quote, std::string& out) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == quote) return {};
      // Between double quotes a backslash escapes only what would be special there.
      if (c == '\\' && quote == '"' && !rest_.empty() && std::string_view("\"\\$`").contains(rest_.front())) {
        out += take();
      } else {
        out += c;
      }
    }
    return fail(ErrorCode::invalid, "a quote that does not end");
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

/// The same failure as one of credentials: what the system says of a program means something else to our callers.
Error as_credentials_error(const Error& error, std::string_view what) {
  const bool kept = error.code == ErrorCode::timeout || error.code == ErrorCode::cancelled;
  const ErrorCode code = kept                                 ? error.code
                         : error.code == ErrorCode::too_large ? ErrorCode::invalid
                                                              : ErrorCode::denied;
  return {code, fmt::format("{}: {}", what, error.message), error.where};
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  WordReader reader(command);
  std::vector<std::string> words;
  while (!reader.at_end()) {
    SEEKFS_ASSIGN(std::string word, reader.word());
    words.push_back(std::move(word));
  }
  if (words.empty()) return fail(ErrorCode::invalid, "the command is empty");
  return words;
}

Result<CredentialsRef> run_credential_process(const FetchContext& context, std::string_view command,
                                              const std::vector<std::pair<std::string, std::string>>& environment,
                                              std::string_view what) {
  env::SubprocessOptions options;
  auto words = split_command(command);
  if (!words) return std::unexpected<Error>(words.error().with_context(what));
  options.command = std::move(*words);
  options.environment = environment;
  options.deadline = context.deadline;
  options.stop = context.stop;
  const auto ended = env::run_subprocess(options, context.parts.timers.clock());
  if (!ended) return std::unexpected<Error>(as_credentials_error(ended.error(), what));
  if (ended->exit_code != 0) {
    return fail(ErrorCode::denied, fmt::format("{}: the program ended with exit code {}; run it by hand to see why",
                                               what, ended->exit_code));
  }
  return parse_credentials_json(ended->output, CredentialsJson::process, what);
}

}  // namespace seekfs::objectstore::s3
