// credential_process of AWS profiles: a program that prints credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "objectstore/s3/credentials_source.h"

namespace seekfs::objectstore::s3 {

/// The words of a command line, by a shell's rules for quotes and backslashes; nothing else of a shell is known.
/// `invalid`, quoting nothing: an open quote, a backslash at the end, or no word at all.
Result<std::vector<std::string>> split_command(std::string_view command);

/// Runs the command and reads what it prints. What it prints is in no error: the fix is to run it by hand. `what` is
/// for messages. Errors: invalid (the command, or what it prints), denied (it can't be started, or exits with an
/// error), timeout, cancelled.
Result<CredentialsRef> run_credential_process(const FetchContext& context, std::string_view command,
                                              const std::vector<std::pair<std::string, std::string>>& environment,
                                              std::string_view what);

}  // namespace seekfs::objectstore::s3
