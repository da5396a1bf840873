// The operations of S3 on a bucket in memory: a request in, the reply of a healthy server out.
#pragma once

#include <string>

#include "objectstore/s3/fake_bucket_testing.h"
#include "objectstore/s3/s3_replies_testing.h"
#include "objectstore/s3/s3_request_testing.h"

namespace seekfs::objectstore::s3 {

/// Thread-safe.
class S3Service {
 public:
  /// `bucket` outlives it.
  S3Service(FakeBucket& bucket, std::string bucket_name, std::string region)
      : bucket_(bucket), name_(std::move(bucket_name)), region_(std::move(region)) {}

  ServedReply serve(const ServedS3Request& request) const;

 private:
  ServedReply get(const ServedS3Request& request) const;
  ServedReply put(const ServedS3Request& request) const;
  ServedReply remove(const ServedS3Request& request) const;
  ServedReply list(const ServedS3Request& request) const;
  ServedReply bucket(const ServedS3Request& request) const;
  ServedReply create_upload(const ServedS3Request& request) const;
  ServedReply upload_part(const ServedS3Request& request) const;
  ServedReply complete_upload(const ServedS3Request& request) const;
  ServedReply abort_upload(const ServedS3Request& request) const;
  ServedReply list_parts(const ServedS3Request& request) const;
  void add_version(ServedReply& reply, const std::string& version_id) const;

  FakeBucket& bucket_;
  const std::string name_;
  const std::string region_;
};

}  // namespace seekfs::objectstore::s3
