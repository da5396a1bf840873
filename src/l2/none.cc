// The second tier that keeps nothing.
#include "l2/l2.h"

namespace seekfs::l2 {
namespace {

class None final : public L2 {
 public:
  bool may_contain(const manifest::PageKey&, const PageFacts&) const override { return false; }
  async::Task<bool> get(manifest::PageKey, PageFacts, std::span<std::byte>) override { co_return false; }
  void put(const manifest::PageKey&, const PageFacts&, PageRef) override {}
  void remove(const manifest::PageKey&) override {}
  bool enabled() const override { return false; }
  L2Stats stats() const override { return {}; }
};

}  // namespace

std::unique_ptr<L2> make_none() { return std::make_unique<None>(); }

}  // namespace seekfs::l2
