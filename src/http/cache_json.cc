// Member by member.
#include "http/cache_json.h"

namespace seekfs::http {

void append_disk(JsonWriter& json, const l2::DiskStatus& disk) {
  json.begin_object().member("path", disk.path).member("up", disk.up).member("detail", disk.detail);
  json.member("pages", disk.pages).member("live_bytes", disk.live_bytes);
  json.member("segments", disk.segments).member("segment_bytes", disk.segment_bytes);
  json.member("disk_bytes", disk.disk_bytes).member("capacity_bytes", disk.capacity_bytes);
  json.member("index_bytes", disk.index_bytes).member("evicted_pages", disk.evicted_pages);
  json.member("evicted_segments", disk.evicted_segments).member("put_bytes", disk.put_bytes);
  json.member("written_bytes", disk.written_bytes).member("dropped_pages", disk.dropped_pages);
  json.member("damaged_pages", disk.damaged_pages).end_object();
}

void append_damage(JsonWriter& json, const l2::Damage& damage) {
  json.begin_object().member("file", damage.file).member("offset", damage.offset);
  json.member("what", damage.what).end_object();
}

}  // namespace seekfs::http
