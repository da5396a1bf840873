// Facts about the machine, for reports.
#include "bench/machine.h"

#include <sys/utsname.h>

#include <fmt/format.h>

#include "base/units.h"
#include "env/process.h"

namespace seekfs::bench {
namespace {

std::string cpu_model(env::FileSystem& files) {
  constexpr std::string_view name = "model name\t: ";
  const auto text = read_file(files, "/proc/cpuinfo", 16 * MiB);
  const std::size_t at = text ? text->find(name) : std::string::npos;
  if (at == std::string::npos) return "unknown";
  const std::size_t begin = at + name.size();
  return text->substr(begin, text->find('\n', begin) - begin);
}

}  // namespace

Machine this_machine(env::FileSystem& files) {
  utsname names{};
  ::uname(&names);
  return {.cpu = cpu_model(files),
          .cores = std::to_string(env::cpu_count()),
          .memory = format_size_approx(env::memory_limit()),
          .kernel = fmt::format("{} {} {}", names.sysname, names.release, names.machine)};
}

}  // namespace seekfs::bench
