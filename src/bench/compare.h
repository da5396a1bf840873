// Two reports of the same workloads beside each other.
#pragma once

#include <string>

#include "base/error.h"
#include "bench/report.h"

namespace seekfs::bench {

/// A Markdown table for each case: the median of every metric in both, and the ratio B / A with its 95 % confidence
/// interval (statistics.h). `conflict`, naming the first difference, when the two are not of the same data set, seeds,
/// settings and cases, or one was interrupted.
Result<std::string> compare(const Report& a, const Report& b);

}  // namespace seekfs::bench
