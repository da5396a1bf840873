// Allocation and release of page blocks.
#include "base/page.h"

#include <cstdlib>
#include <new>

namespace seekfs {

void PageRef::reset() noexcept {
  Block* block = std::exchange(block_, nullptr);
  if (block == nullptr || block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  PageMemory* memory = block->memory;
  const std::size_t charge = MutablePage::charge(block->size);
  block->~Block();
  std::free(block);
  if (memory != nullptr) memory->release(charge);
}

MutablePage MutablePage::allocate(std::uint32_t size, PageMemory* memory) {
  MutablePage page;
  void* raw = std::malloc(charge(size));
  if (raw == nullptr) return page;
  auto* block = new (raw) PageRef::Block;
  block->size = size;
  block->memory = memory;
  page.page_.block_ = block;
  return page;
}

}  // namespace seekfs
