// Repetitions as one figure: median and spread, and the ratio of two sets of them with its confidence interval.
#pragma once

#include <vector>

#include "base/error.h"

namespace seekfs::bench {

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};
/// Zeros for no values. The median of an even number is the mean of the two in the middle.
Spread spread_of(std::vector<double> values);

/// The 97.5 % quantile of Student's t distribution; `degrees` > 0 is rounded down to a row of the usual table (1 to 30,
/// 40, 60, 120, infinity), so intervals are never too narrow.
double student_t_975(double degrees);

struct Ratio {
  double ratio = 0;  ///< geometric mean of b over that of a
  double low = 0;    ///< 95 % confidence interval
  double high = 0;
};
/// Welch's t interval on the logarithms of the repetitions (B. L. Welch, Biometrika 34, 1947), with the degrees of
/// freedom of Welch and Satterthwaite: right for ratios whose spread is a share of the value. `invalid` with fewer than
/// two values on a side, or one that is not above zero.
Result<Ratio> ratio_of(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace seekfs::bench
