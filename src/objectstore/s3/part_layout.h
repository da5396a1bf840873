// How a body is cut into the parts of a multipart upload.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
#pragma once

#include <cstdint>

#include "objectstore/object_store.h"

namespace seekfs::objectstore::s3 {

/// A value. Parts are counted from 1; all but the last have the same size.
class PartLayout {
 public:
  /// Parts of `least_part_size` bytes, or of as many MiB as it takes to have no more than 10,000. Both > 0.
  PartLayout(std::uint64_t size, std::uint64_t least_part_size);

  std::uint64_t part_size() const noexcept { return part_size_; }
  std::uint32_t count() const noexcept;
  /// Of part `number`, which is from 1 to count().
  ByteRange range_of(std::uint32_t number) const noexcept;

 private:
  std::uint64_t size_;
  std::uint64_t part_size_;
};

}  // namespace seekfs::objectstore::s3
