// /blob and /ns/{ns}/{path}: bytes of one file.
#include <vector>

#include "http/body_sender.h"
#include "http/handlers.h"
#include "http/routes/blob_plan.h"
#include "http/routes/second_try.h"

namespace seekfs::http {
namespace {

bool sends_bytes(const Exchange& exchange, const BlobPlan& plan) noexcept {
  return plan.len > 0 && exchange.head.method != Method::head;
}

async::Task<reader::FileRef> open_file(Exchange& exchange, const BlobRequest& request) {
  if (auto opened = exchange.reader().try_open(request.ns, request.path, request.version)) co_return std::move(*opened);
  co_return co_await exchange.reader().open(std::string(request.ns), std::string(request.path), request.version,
                                            exchange.wait_deadline());
}

async::Task<void> send_blob(Exchange& exchange, const BlobRequest& request) {
  SEEKFS_CO_ASSIGN(const reader::FileRef file, co_await open_file(exchange, request));
  SEEKFS_CO_ASSIGN(const BlobPlan plan, plan_blob(exchange, request, file));
  if (!sends_bytes(exchange, plan)) {
    exchange.begin(plan.head);
    co_return Result<void>{};
  }
  std::vector<reader::ReadItem> items;
  items.push_back({file, plan.off, plan.len});
  co_return co_await send_ranges(exchange, plan.head, std::move(items), nullptr);
}

}  // namespace

std::optional<Status> try_blob(Exchange& exchange) {
  const auto failed = [](Error&& error) { return Status(std::unexpected(std::move(error))); };
  auto request = parse_blob_request(exchange);
  if (!request) return failed(std::move(request).error());
  auto file = exchange.reader().try_open(request->ns, request->path, request->version);
  if (!file) return std::nullopt;
  if (!*file) return failed(std::move(*file).error());
  auto plan = plan_blob(exchange, *request, **file);
  if (!plan) return failed(std::move(plan).error());
  if (sends_bytes(exchange, *plan)) {
    if (plan->len > send_window) return std::nullopt;
    exchange.begin(plan->head);
    const std::size_t slices = exchange.reader().try_read(**file, plan->off, plan->len, exchange.writer.free_slices());
    if (slices == 0) {
      exchange.writer.discard();
      return std::nullopt;
    }
    exchange.writer.queue_slices(slices);
    return Status{};
  }
  exchange.begin(plan->head);
  return Status{};
}

async::Task<void> blob(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(const BlobRequest request, parse_blob_request(exchange));
  Status sent = co_await send_blob(exchange, request);
  SEEKFS_CO_ASSIGN(const bool again, co_await is_worth_a_second_try(exchange, request.ns, request.version, sent));
  if (again) sent = co_await send_blob(exchange, request);
  co_return sent;
}

}  // namespace seekfs::http
