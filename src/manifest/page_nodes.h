// A file's pages as the manifest lists them: `page_table`, an object a page, or `pages`, packed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "manifest/json_node.h"
#include "manifest/model.h"
#include "manifest/read_context.h"

namespace seekfs::manifest {

/// One element of `page_table`.
class PageNode final : public ObjectNode {
 public:
  PageNode();
  void restart(std::size_t index) noexcept {
    index_ = index;
    forget_members();
  }
  std::uint64_t page_id() const noexcept { return values_[0]; }
  std::uint64_t off() const noexcept { return values_[1]; }
  std::uint64_t len() const noexcept { return values_[2]; }
  std::uint32_t crc32c() const noexcept { return static_cast<std::uint32_t>(values_[3]); }

  Status on_scalar(const Scalar& value) override;
  Status on_close() override;
  void append_name(std::string& out) const override;

  /// `end` is where the page before this one ends.
  void expect_at(std::uint64_t end) noexcept { expected_off_ = end; }

 private:
  std::array<std::uint64_t, 4> values_{};
  std::size_t index_ = 0;
  std::uint64_t expected_off_ = 0;
};

/// `page_table`: checks that the pages follow each other from offset 0. Appends to `pages`, which the file owns.
class PageTableNode final : public ArrayNode {
 public:
  PageTableNode(ReadContext& context, std::vector<Page>& pages);
  void restart() noexcept;
  Result<JsonNode*> on_open(JsonType bracket) override;
  Status on_close() override;
  /// Where the last page ends.
  std::uint64_t end() const noexcept;

 private:
  /// The page that was read last, if it is not in `pages_` yet.
  void take_page();

  ReadContext& context_;
  std::vector<Page>& pages_;
  PageNode page_;
  bool page_open_ = false;
};

/// `pages`: one page size, and the CRCs in base64, decoded as they come.
class PackedPagesNode final : public ObjectNode {
 public:
  explicit PackedPagesNode(ReadContext& context);
  void restart() noexcept;
  Status on_scalar(const Scalar& value) override;
  Status on_close() override { return check_required(); }
  bool streams_string() const override;
  Status on_string_part(std::string_view part) override;
  void append_name(std::string& out) const override { out += "pages."; }
  std::string_view expected_type() const override { return "a number or a string"; }

  /// Appends the pages of a file of `size` bytes; an Error, named from the file's view, if there are not just as many.
  Status expand(std::uint64_t size, std::vector<Page>& pages) const;
  std::size_t memory_bytes() const noexcept { return crcs_.capacity() * sizeof(std::uint32_t); }

 private:
  Status decode(std::string_view quads);
  void take_bytes(const std::vector<std::byte>& bytes);
  Status end_crcs();

  ReadContext& context_;
  std::uint64_t page_size_ = 0;
  std::vector<std::uint32_t> crcs_;
  std::string partial_quad_;  ///< under 4 characters of base64 whose rest has not come
  std::uint32_t word_ = 0;    ///< the bytes of a CRC that is not complete
  unsigned word_bytes_ = 0;
  bool padded_ = false;  ///< the padding has come, so nothing may follow
};

}  // namespace seekfs::manifest
