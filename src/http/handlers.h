// The handlers of all endpoints.
#pragma once

#include <optional>

#include "async/task.h"
#include "http/exchange.h"

namespace seekfs::http {

/// Handles a request whose reply needs no wait, files in L1 included: the reply is queued, or an Error. Nothing when
/// handle() must be asked; then nothing has been queued.
std::optional<Status> try_handle(Exchange& exchange);
/// Handles any request.
async::Task<void> handle(Exchange& exchange);

/// By endpoint, in routes/. The try_ form is as above.
std::optional<Status> try_blob(Exchange& exchange);
async::Task<void> blob(Exchange& exchange);
async::Task<void> readv(Exchange& exchange);
async::Task<void> namespaces(Exchange& exchange);
async::Task<void> one_namespace(Exchange& exchange);
async::Task<void> files(Exchange& exchange);
async::Task<void> hints(Exchange& exchange);
async::Task<void> cache_files(Exchange& exchange);
async::Task<void> cache_drop(Exchange& exchange);
async::Task<void> cache_check(Exchange& exchange);
async::Task<void> cache_compact(Exchange& exchange);
async::Task<void> test_head(Exchange& exchange);
async::Task<void> test_stream(Exchange& exchange);
Status cache(Exchange& exchange);
Status one_hint(Exchange& exchange);
Status healthz(Exchange& exchange);
Status readyz(Exchange& exchange);
Status metrics(Exchange& exchange);
Status version(Exchange& exchange);

}  // namespace seekfs::http
