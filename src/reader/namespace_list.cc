// A delimited list of the layout's namespaces/ prefix.
#include "reader/namespace_list.h"

#include "manifest/layout.h"
#include "manifest/path.h"

namespace seekfs::reader {

async::Task<std::vector<std::string>> NamespaceList::get(objectstore::ObjectStore& store, const env::Clock& clock,
                                                         env::Duration max_age, env::TimePoint deadline) {
  {
    MutexLock lock(mutex_);
    if (clock.now() < expires_) co_return names_;
  }
  std::vector<std::string> names;
  objectstore::ListRequest request{
      .prefix = std::string(manifest::namespaces_prefix), .start_after = {}, .delimiter = '/'};
  const objectstore::RequestOptions options{.purpose = objectstore::Purpose::manifest, .deadline = deadline};
  for (;;) {
    const auto page = co_await store.list(request, options);
    if (!page) co_return std::unexpected(page.error());
    for (std::string name : page->common_prefixes) {
      name.pop_back();
      name.erase(0, manifest::namespaces_prefix.size());
      if (manifest::check_namespace(name)) names.push_back(std::move(name));
    }
    if (!page->next_start_after) break;
    request.start_after = *page->next_start_after;
  }
  MutexLock lock(mutex_);
  names_ = names;
  expires_ = clock.now() + max_age;
  co_return names;
}

}  // namespace seekfs::reader
