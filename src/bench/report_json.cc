// Reports as JSON, there and back.
#include <boost/json.hpp>

#include <fmt/format.h>

#include "bench/report.h"

namespace seekfs::bench {
namespace {

namespace json = boost::json;

constexpr std::string_view format_name = "seekfs-bench-report/1";

/// Both ways by one list of members; `visit(name, member)`.
template <class Visit>
void visit_figures(auto& figures, const Visit& visit) {
  visit("seconds", figures.seconds);
  visit("reads", figures.reads);
  visit("files", figures.files);
  visit("bytes", figures.bytes);
  visit("p50_seconds", figures.latency[0]);
  visit("p95_seconds", figures.latency[1]);
  visit("p99_seconds", figures.latency[2]);
  visit("p999_seconds", figures.latency[3]);
  visit("max_seconds", figures.latency_max);
  visit("client_cpu_seconds", figures.client_cpu_seconds);
  visit("origin_gets", figures.origin_gets);
  visit("origin_bytes", figures.origin_bytes);
  visit("cpu_seconds", figures.cpu_seconds);
  visit("peak_resident_bytes", figures.peak_resident);
}

template <class Visit>
void visit_facts(auto& report, const Visit& visit) {
  visit("interrupted", report.interrupted);
  visit("repetitions", report.wanted_repetitions);
  visit("seed", report.settings.seed);
  visit("seconds", report.settings.seconds);
  visit("warm_seconds", report.settings.warm_seconds);
  visit("epochs", report.settings.epochs);
  visit("verify", report.settings.verify);
  visit("target", report.target);
  visit("description", report.description);
  visit("command_line", report.command_line);
  visit("version", report.version);
  visit("started", report.started);
  visit("cpu", report.machine.cpu);
  visit("cores", report.machine.cores);
  visit("memory", report.machine.memory);
  visit("kernel", report.machine.kernel);
}

/// Writes members into an object; what has no value is null.
struct Writer {
  json::object& object;

  template <class T>
  void operator()(std::string_view name, const T& value) const {
    object[name] = value;
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) const {
    object[name] = value ? json::value(*value) : json::value(nullptr);
  }
};

/// Reads members; the name of the first that is missing or of another type stays in `wrong`.
struct Reader {
  const json::object& object;
  std::string& wrong;

  void operator()(std::string_view name, auto& value) const {
    const json::value* found = object.if_contains(name);
    if (found == nullptr || !take(*found, value)) wrong = wrong.empty() ? std::string(name) : wrong;
  }

  static bool take(const json::value& from, bool& to) {
    if (from.is_bool()) to = from.get_bool();
    return from.is_bool();
  }
  static bool take(const json::value& from, std::string& to) {
    if (from.is_string()) to = json::string_view(from.get_string());
    return from.is_string();
  }
  template <class Number>
    requires std::is_arithmetic_v<Number>
  static bool take(const json::value& from, Number& to) {
    boost::system::error_code error;
    const auto number = from.to_number<Number>(error);
    if (!error) to = number;
    return !error;
  }
  template <class T>
  static bool take(const json::value& from, std::optional<T>& to) {
    return from.is_null() || take(from, to.emplace());
  }
};

json::object to_object(const Case& one) {
  json::object object{{"workload", to_string(one.workload)},
                      {"threads", one.workload.threads},
                      {"reads", one.workload.reads},
                      {"epoch", one.epoch}};
  json::array& repetitions = object["repetitions"].emplace_array();
  for (const Figures& figures : one.repetitions)
    visit_figures(figures, Writer{repetitions.emplace_back(json::object()).get_object()});
  return object;
}

std::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("this is no report of seekfs-bench run --json: {}", what));
}

Result<Case> parse_case(const json::value& value) {
  if (!value.is_object()) return refuse("a case is no object");
  const json::object& object = value.get_object();
  Case one;
  std::string text;
  std::string wrong;
  const Reader read{object, wrong};
  read("workload", text);
  auto workload = parse_workload(text);
  if (!workload) return refuse("a case has no workload");
  one.workload = *workload;
  read("threads", one.workload.threads);
  read("reads", one.workload.reads);
  read("epoch", one.epoch);
  const json::value* repetitions = object.if_contains("repetitions");
  if (repetitions == nullptr || !repetitions->is_array()) return refuse("a case has no repetitions");
  for (const json::value& repetition : repetitions->get_array()) {
    if (!repetition.is_object()) return refuse("a repetition is no object");
    visit_figures(one.repetitions.emplace_back(), Reader{repetition.get_object(), wrong});
  }
  if (!wrong.empty()) return refuse(wrong);
  return one;
}

}  // namespace

std::string to_json(const Report& report) {
  json::object object{{"format", format_name}};
  visit_facts(report, Writer{object});
  object["data_set"] = json::parse(to_json(report.settings.data));
  object["not_dropped"] = json::array(report.not_dropped.begin(), report.not_dropped.end());
  json::array& cases = object["cases"].emplace_array();
  for (const Case& one : report.cases) cases.push_back(to_object(one));
  return json::serialize(object) + "\n";
}

Result<Report> parse_report(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return refuse("no JSON object");
  const json::object& object = value.get_object();
  const json::value* format = object.if_contains("format");
  if (format == nullptr || *format != json::string(format_name)) return refuse("another format");
  Report report;
  std::string wrong;
  visit_facts(report, Reader{object, wrong});
  if (!wrong.empty()) return refuse(wrong);
  const json::value* data = object.if_contains("data_set");
  if (data == nullptr) return refuse("data_set");
  SEEKFS_ASSIGN(report.settings.data, parse_data_set(json::serialize(*data)));
  const json::value* left = object.if_contains("not_dropped");
  if (left == nullptr || !left->is_array()) return refuse("not_dropped");
  for (const json::value& one : left->get_array()) {
    if (!one.is_string()) return refuse("not_dropped");
    report.not_dropped.emplace_back(json::string_view(one.get_string()));
  }
  const json::value* cases = object.if_contains("cases");
  if (cases == nullptr || !cases->is_array()) return refuse("cases");
  for (const json::value& one : cases->get_array()) {
    SEEKFS_ASSIGN(Case parsed, parse_case(one));
    report.cases.push_back(std::move(parsed));
  }
  return report;
}

}  // namespace seekfs::bench
