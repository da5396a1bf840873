// The ways in which a store is damaged, chosen by seed.
#include "segmentstore/damage_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "segmentstore/record.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t most_bytes = 64U << 20U;
constexpr std::array foreign_names = {"notes.txt", "data-1.seg.bak", "DATA-00001.SEG", "lost+found/file"};

std::string get_file(env::FileSystem& files, const std::string& path) {
  return env::read_file(files, path, most_bytes).value_or("");
}

void copy_file(env::FileSystem& files, const std::string& from, const std::string& to) {
  put_file(files, to, get_file(files, from));
}

void flip_bit(std::string& content, std::uint64_t offset, env::Random& random) {
  content[offset] = static_cast<char>(content[offset] ^ static_cast<char>(1U << random.below(8)));
}

/// Where the headers of records are in a segment.
std::vector<std::uint64_t> headers_in(const std::string& content) {
  std::vector<std::uint64_t> offsets;
  const auto bytes = std::as_bytes(std::span(content));
  for (std::uint64_t at = 0; at + record_header_size <= bytes.size(); at += record_alignment) {
    if (decode(bytes.subspan(at).first<record_header_size>())) offsets.push_back(at);
  }
  return offsets;
}

class Vandal {
 public:
  Vandal(env::FileSystem& files, std::string path, std::string other, env::Random& random)
      : files_(files), path_(std::move(path)), other_(std::move(other)), random_(random) {}

  std::string run() {
    switch (random_.below(13)) {
      case 0: return flip_anywhere();
      case 1: return flip_in_header();
      case 2: return flip_in_end();
      case 3: return change_length();
      case 4: return swap_segments();
      case 5: return remove_segment();
      case 6: return duplicate_segment();
      case 7: return take_segment_of_other();
      case 8: return take_index_of_other();
      case 9: return wipe_sectors();
      case 10: return damage_small_file();
      case 11: return remove_index();
      default: return exchange_records();
    }
  }

 private:
  std::string at(const std::string& name) const { return path_ + "/" + name; }

  std::string segment() {
    const std::vector<std::string> names = segment_files(files_, path_);
    return names.empty() ? "" : names[random_.below(names.size())];
  }
  std::vector<std::string> index_files(const std::string& root) const {
    std::vector<std::string> names;
    list_below(root, "index", names);
    std::ranges::sort(names);
    return names;
  }
  void list_below(const std::string& root, const std::string& directory, std::vector<std::string>& names) const {
    const auto entries = files_.list(root + "/" + directory);
    if (!entries) return;
    for (const env::DirectoryEntry& entry : *entries) {
      const std::string name = directory + "/" + entry.name;
      if (entry.type == env::FileType::directory) list_below(root, name, names);
      if (entry.type == env::FileType::regular) names.push_back(name);
    }
  }
  /// A segment, or a file of the index.
  std::string data_file() {
    const std::vector<std::string> index = index_files(path_);
    return index.empty() || random_.below(3) != 0 ? segment() : index[random_.below(index.size())];
  }

  std::string flip_anywhere() {
    const std::string name = data_file();
    std::string content = get_file(files_, at(name));
    if (content.empty()) return "nothing";
    const std::uint64_t flips = 1 + random_.below(20);
    for (std::uint64_t i = 0; i < flips; ++i) flip_bit(content, random_.below(content.size()), random_);
    put_file(files_, at(name), content);
    return fmt::format("{} bits of {}", flips, name);
  }
  std::string flip_in_header() {
    const std::string name = segment();
    std::string content = get_file(files_, at(name));
    const std::vector<std::uint64_t> headers = headers_in(content);
    if (headers.empty()) return "nothing";
    const std::uint64_t offset = headers[random_.below(headers.size())] + random_.below(record_header_size);
    flip_bit(content, offset, random_);
    put_file(files_, at(name), content);
    return fmt::format("a header of {} at {}", name, offset);
  }
  /// Footers and trailers are there.
  std::string flip_in_end() {
    const std::string name = data_file();
    std::string content = get_file(files_, at(name));
    if (content.empty()) return "nothing";
    const std::uint64_t from_end = 1 + random_.below(std::min<std::uint64_t>(content.size(), 400));
    flip_bit(content, content.size() - from_end, random_);
    put_file(files_, at(name), content);
    return fmt::format("the end of {}, {} before", name, from_end);
  }
  std::string change_length() {
    const std::string name = data_file();
    std::string content = get_file(files_, at(name));
    const bool longer = random_.below(4) == 0;
    const std::uint64_t size = longer ? content.size() + 1 + random_.below(10'000) : random_.below(content.size() + 1);
    content.resize(random_.below(2) == 0 ? size : size / 512 * 512);
    put_file(files_, at(name), content);
    return fmt::format("{} with {} bytes", name, content.size());
  }
  std::string swap_segments() {
    const std::string one = segment();
    const std::string two = segment();
    const std::string content = get_file(files_, at(one));
    copy_file(files_, at(two), at(one));
    put_file(files_, at(two), content);
    return fmt::format("{} and {} swapped", one, two);
  }
  std::string remove_segment() {
    const std::string name = segment();
    if (name.empty()) return "nothing";
    EXPECT_TRUE(files_.remove_file(at(name)));
    return name + " removed";
  }
  std::string duplicate_segment() {
    const std::string from = segment();
    const std::string to = random_.below(2) == 0 ? segment() : fmt::format("data-{:05}.seg", 1 + random_.below(60));
    copy_file(files_, at(from), at(to));
    return fmt::format("{} also as {}", from, to);
  }
  std::string take_segment_of_other() {
    const std::vector<std::string> names = segment_files(files_, other_);
    const std::string name = names[random_.below(names.size())];
    copy_file(files_, other_ + "/" + name, at(name));
    return name + " of another store";
  }
  std::string take_index_of_other() {
    for (const std::string& name : index_files(path_)) EXPECT_TRUE(files_.remove_file(at(name)));
    for (const std::string& name : index_files(other_)) copy_file(files_, other_ + "/" + name, at(name));
    return "the index of another store";
  }
  std::string wipe_sectors() {
    const std::string name = data_file();
    std::string content = get_file(files_, at(name));
    if (content.empty()) return "nothing";
    const std::uint64_t begin = random_.below(content.size()) / 512 * 512;
    const std::uint64_t count = std::min<std::uint64_t>(512U << random_.below(6), content.size() - begin);
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(begin), count, '\0');
    put_file(files_, at(name), content);
    return fmt::format("{} zeros in {} at {}", count, name, begin);
  }
  std::string damage_small_file() {
    const std::string name = random_.below(2) == 0 ? "FORMAT" : "LOCK";
    std::string content = get_file(files_, at(name));
    switch (random_.below(4)) {
      case 0: EXPECT_TRUE(files_.remove_file(at(name))); return name + " removed";
      case 1: put_file(files_, at(name), ""); return name + " empty";
      case 2: put_file(files_, at(name), std::string(5000, '\xff')); return name + " is something else";
      default: break;
    }
    if (!content.empty()) flip_bit(content, random_.below(content.size()), random_);
    put_file(files_, at(name), content);
    return "a bit of " + name;
  }
  std::string remove_index() {
    for (const std::string& name : index_files(path_)) {
      if (random_.below(2) == 0) EXPECT_TRUE(files_.remove_file(at(name)));
    }
    return "files of the index removed";
  }
  /// Header and bytes of one record over those of another.
  std::string exchange_records() {
    const std::string name = segment();
    std::string content = get_file(files_, at(name));
    const std::vector<std::uint64_t> headers = headers_in(content);
    if (headers.size() < 2) return "nothing";
    const std::uint64_t from = headers[random_.below(headers.size())];
    const std::uint64_t to = headers[random_.below(headers.size())];
    const auto header = decode(std::as_bytes(std::span(content)).subspan(from).first<record_header_size>());
    const std::uint64_t size =
        std::min<std::uint64_t>(record_header_size + header->key.len, content.size() - std::max(from, to));
    content.replace(to, size, content.substr(from, size));
    put_file(files_, at(name), content);
    return fmt::format("the record of {} at {} also at {}", name, from, to);
  }

  env::FileSystem& files_;
  const std::string path_;
  const std::string other_;
  env::Random& random_;
};

}  // namespace

void put_file(env::FileSystem& files, const std::string& path, const std::string& content) {
  const auto file = files.open(path, {.read = false, .write = true, .create = true, .truncate = true});
  ASSERT_TRUE(file) << file.error().message;
  const Status written = (*file)->write_at(0, std::as_bytes(std::span(content)));
  ASSERT_TRUE(written) << written.error().message;
}

void add_foreign_files(env::FileSystem& files, const std::string& path) {
  EXPECT_TRUE(files.make_directories(path + "/lost+found"));
  EXPECT_TRUE(files.make_directories(path + "/data-00003.seg.d"));
  for (const std::string name : foreign_names) put_file(files, path + "/" + name, "content of " + name);
}

bool has_foreign_files(env::FileSystem& files, const std::string& path) {
  return files.stat(path + "/data-00003.seg.d") && std::ranges::all_of(foreign_names, [&](const std::string name) {
           return get_file(files, path + "/" + name) == "content of " + name;
         });
}

std::string damage_store(env::FileSystem& files, const std::string& path, const std::string& other,
                         env::Random& random) {
  std::string done;
  const std::uint64_t ways = 1 + random.below(3);
  Vandal vandal(files, path, other, random);
  for (std::uint64_t i = 0; i < ways; ++i) done += vandal.run() + "; ";
  return done;
}

}  // namespace seekfs::segmentstore
