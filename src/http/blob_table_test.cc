// /blob and /ns by raw sockets: requests and the exact bytes of their replies.
#include <gtest/gtest.h>

#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

const std::string file_members = R"(,"ns":"demo","path":"a.bin")";

ProblemText bad(std::string detail, std::string members = "") {
  return {"400 Bad Request", ErrorCode::bad_request, std::move(detail), "", std::move(members), false};
}

ProblemText outside(std::uint64_t size, const std::string& path) {
  return {"416 Range Not Satisfiable",
          ErrorCode::range_not_satisfiable,
          "the range begins outside of '" + path + "', which has " + std::to_string(size) + " bytes",
          "Content-Range: bytes */" + std::to_string(size) + "\r\nSeekFS-Version: v-3\r\n",
          R"(,"ns":"demo","path":")" + path + "\"",
          false};
}

TEST(BlobTable, OffsetsAndLengths) {
  TestServer server;
  const Expected expect(server);
  check_cases(
      server,
      {{"whole", get("/blob?ns=demo&path=a.bin"), expect.whole("a.bin")},
       {"v1", get("/v1/blob?ns=demo&path=a.bin"), expect.whole("a.bin")},
       {"off", get("/blob?ns=demo&path=a.bin&off=10"), expect.bytes("a.bin", 10, 990)},
       {"len", get("/blob?ns=demo&path=a.bin&len=10"), expect.bytes("a.bin", 0, 10)},
       {"off and len", get("/blob?ns=demo&path=a.bin&off=299&len=2"), expect.bytes("a.bin", 299, 2)},
       {"over all pages", get("/blob?ns=demo&path=b/c.bin&off=1&len=1998"), expect.bytes("b/c.bin", 1, 1998)},
       {"cut at the end", get("/blob?ns=demo&path=a.bin&off=990&len=50"), expect.bytes("a.bin", 990, 10)},
       {"largest length", get("/blob?ns=demo&path=a.bin&off=999&len=18446744073709551615"),
        expect.bytes("a.bin", 999, 1)},
       {"len=0", get("/blob?ns=demo&path=a.bin&len=0"), expect.bytes("a.bin", 0, 0)},
       {"len=0 inside", get("/blob?ns=demo&path=a.bin&off=5&len=0"), expect.bytes("a.bin", 0, 0)},
       {"off=size", get("/blob?ns=demo&path=a.bin&off=1000"), expect.problem(outside(1000, "a.bin"))},
       {"off=size, len=0", get("/blob?ns=demo&path=a.bin&off=1000&len=0"), expect.problem(outside(1000, "a.bin"))},
       {"empty file", get("/blob?ns=demo&path=empty.bin"), expect.whole("empty.bin")},
       {"empty file, off=0", get("/blob?ns=demo&path=empty.bin&off=0&len=9"), expect.whole("empty.bin")},
       {"empty file, off=1", get("/blob?ns=demo&path=empty.bin&off=1"), expect.problem(outside(0, "empty.bin"))},
       {"one byte", get("/blob?ns=demo&path=one.bin"), expect.whole("one.bin")},
       {"version", get("/blob?ns=demo&path=a.bin&version=3"), expect.whole("a.bin")},
       {"HEAD", head("/blob?ns=demo&path=a.bin"), expect.headers_only("a.bin", 1000)},
       {"HEAD of a part", head("/blob?ns=demo&path=a.bin&off=10&len=5"), expect.headers_only("a.bin", 5)}});
}

TEST(BlobTable, Names) {
  TestServer server;
  const Expected expect(server);
  const std::string odd = "ü +%.bin";
  const ProblemText not_there{"404 Not Found", ErrorCode::not_found, "", "", "", false};
  check_cases(
      server,
      {{"query, plus is a space", get("/blob?ns=demo&path=%C3%BC+%2B%25.bin"), expect.whole(odd)},
       {"query, %20", get("/blob?ns=demo&path=%c3%bc%20%2b%25.bin"), expect.whole(odd)},
       {"path, plus is a plus", get("/ns/demo/%C3%BC%20+%25.bin"), expect.whole(odd)},
       {"plain URL", get("/ns/demo/b/c.bin"), expect.whole("b/c.bin")},
       {"encoded slash", get("/ns/demo/b%2Fc.bin"), expect.whole("b/c.bin")},
       {"plain URL, HEAD", head("/v1/ns/demo/a.bin?version=3"), expect.headers_only("a.bin", 1000)},
       {"absolute form", "GET http://localhost:1/ns/demo/a.bin HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
        expect.whole("a.bin")},
       {"encoded key", get("/blob?%6es=demo&path=a.bin"), expect.whole("a.bin")},
       {"no such namespace", get("/blob?ns=other&path=a.bin"),
        expect.problem({"404 Not Found", ErrorCode::no_such_namespace, "there is no namespace 'other'", "",
                        R"(,"ns":"other","path":"a.bin")", false})},
       {"no such version", get("/blob?ns=demo&path=a.bin&version=9"),
        expect.problem({"404 Not Found", ErrorCode::no_such_version, "there is no v-9", "", file_members, false})},
       {"bad escape", get("/blob?ns=demo&path=%zz"),
        expect.problem(bad("the query has a '%' that two hexadecimal digits do not follow; write '%25'"))},
       {"cut escape", get("/blob?ns=demo&path=a%2"),
        expect.problem(bad("the query has a '%' that two hexadecimal digits do not follow; write '%25'"))},
       {"bad escape in a path", get("/ns/demo/%a"),
        expect.problem(bad("the path has a '%' that two hexadecimal digits do not follow; write '%25'"))},
       {"twice", get("/blob?ns=demo&path=a.bin&ns=demo"), expect.problem(bad("the query has 'ns' twice"))},
       {"twice by an escape", get("/blob?ns=demo&path=a.bin&%6es=demo"),
        expect.problem(bad("the query has 'ns' twice"))},
       {"unknown", get("/blob?ns=demo&path=a.bin&lenght=1"),
        expect.problem(bad("unknown parameter 'lenght'; this endpoint takes: ns, path, off, len, hash, version"))},
       {"unknown on a plain URL", get("/ns/demo/a.bin?off=1"),
        expect.problem(bad("unknown parameter 'off'; this endpoint takes: version"))},
       {"no name", get("/blob?ns=demo&=1"), expect.problem(bad("the query has a parameter without a name"))},
       {"empty item", get("/blob?ns=demo&&path=a.bin"),
        expect.problem(bad("the query has a parameter without a name"))},
       {"ends in &", get("/blob?ns=demo&"), expect.problem(bad("the query ends in '&'"))},
       {"no ns", get("/blob?path=a.bin"), expect.problem(bad("the parameter 'ns' is missing"))},
       {"no path", get("/blob?ns=demo"), expect.problem(bad("the parameter 'path' is missing", R"(,"ns":"demo")"))},
       {"negative", get("/blob?ns=demo&path=a.bin&off=-1"),
        expect.problem(bad("'off' is '-1'; it must be an unsigned decimal number", file_members))},
       {"hex", get("/blob?ns=demo&path=a.bin&len=0x10"),
        expect.problem(bad("'len' is '0x10'; it must be an unsigned decimal number", file_members))},
       {"too large", get("/blob?ns=demo&path=a.bin&off=18446744073709551616"),
        expect.problem(bad("'off' is '18446744073709551616'; it must be an unsigned decimal number", file_members))},
       {"empty number", get("/blob?ns=demo&path=a.bin&off="),
        expect.problem(bad("'off' is ''; it must be an unsigned decimal number", file_members))},
       {"version 0", get("/blob?ns=demo&path=a.bin&version=0"),
        expect.problem(bad("'version' is 0; versions are 1 and up", file_members))}});
}

TEST(BlobTable, NamesThatTheManifestRefuses) {
  TestServer server;
  for (const std::string path : {"..%2Fa", "a%00b", "%FF", "/a", "a//b", "."}) {
    const std::string reply = server.exchange(get("/blob?ns=demo&path=" + path));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 Bad Request\r\n")) << path;
    EXPECT_NE(reply.find(R"("code":"invalid_path")"), std::string::npos) << path;
  }
  const std::string missing = server.exchange(get("/blob?ns=demo&path=nope"));
  EXPECT_TRUE(missing.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(missing.find(R"("code":"not_found")"), std::string::npos);
}

TEST(BlobTable, Ranges) {
  TestServer server;
  const Expected expect(server);
  const auto range = [](std::string_view value) {
    return get("/ns/demo/a.bin", "Range: " + std::string(value) + "\r\n");
  };
  check_cases(
      server,
      {{"first and last", range("bytes=0-9"), expect.part("a.bin", 0, 10)},
       {"open end", range("bytes=990-"), expect.part("a.bin", 990, 10)},
       {"suffix", range("bytes=-5"), expect.part("a.bin", 995, 5)},
       {"long suffix", range("bytes=-5000"), expect.part("a.bin", 0, 1000)},
       {"past the end", range("bytes=999-99999999999999999999999"), expect.part("a.bin", 999, 1)},
       {"one byte", range("bytes=300-300"), expect.part("a.bin", 300, 1)},
       {"unit in capitals", range("Bytes=1-2"), expect.part("a.bin", 1, 2)},
       {"begins at the end", range("bytes=1000-"), expect.problem(outside(1000, "a.bin"))},
       {"suffix of nothing", range("bytes=-0"), expect.problem(outside(1000, "a.bin"))},
       {"several", range("bytes=0-1,3-4"), expect.whole("a.bin")},
       {"other unit", range("pages=0-1"), expect.whole("a.bin")},
       {"backwards", range("bytes=5-1"), expect.whole("a.bin")},
       {"no number", range("bytes=a-b"), expect.whole("a.bin")},
       {"no dash", range("bytes=5"), expect.whole("a.bin")},
       {"only a dash", range("bytes=-"), expect.whole("a.bin")},
       {"HEAD ignores it", head("/ns/demo/a.bin", "Range: bytes=0-9\r\n"), expect.headers_only("a.bin", 1000)},
       {"empty file", get("/ns/demo/empty.bin", "Range: bytes=0-\r\n"), expect.problem(outside(0, "empty.bin"))},
       {"empty file, suffix", get("/ns/demo/empty.bin", "Range: bytes=-1\r\n"), expect.whole("empty.bin")},
       {"with off", get("/blob?ns=demo&path=a.bin&off=1", "Range: bytes=0-1\r\n"),
        expect.problem(bad("off or len and a Range header are two answers to one question; send one", file_members))}});
}

TEST(BlobTable, Conditions) {
  TestServer server;
  const Expected expect(server);
  const std::string tag = '"' + server.hash("a.bin") + '"';
  const auto with = [](const std::string& fields) { return get("/ns/demo/a.bin", fields); };
  const std::string later = "Sun, 06 Nov 1994 08:49:38 GMT";
  const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
  const std::string failed = expect.problem({"412 Precondition Failed", ErrorCode::hash_mismatch,
                                             "a precondition of the request (If-Match, If-Unmodified-Since) failed",
                                             "SeekFS-Version: v-3\r\n", file_members, false});
  check_cases(
      server,
      {{"none match", with("If-None-Match: " + tag + "\r\n"), expect.not_modified("a.bin")},
       {"weak", with("If-None-Match: W/" + tag + "\r\n"), expect.not_modified("a.bin")},
       {"list", with("If-None-Match: \"x,y\", W/\"z\" ," + tag + "\r\n"), expect.not_modified("a.bin")},
       {"list in two lines", with("If-None-Match: \"x\"\r\nIf-None-Match: " + tag + "\r\n"),
        expect.not_modified("a.bin")},
       {"star", with("If-None-Match: *\r\n"), expect.not_modified("a.bin")},
       {"two dates", with("If-Modified-Since: " + later + "\r\nIf-Modified-Since: " + later + "\r\n"),
        expect.whole("a.bin")},
       {"other", with("If-None-Match: \"x\"\r\n"), expect.whole("a.bin")},
       {"wins over the date", with("If-None-Match: \"x\"\r\nIf-Modified-Since: " + later + "\r\n"),
        expect.whole("a.bin")},
       {"HEAD", head("/ns/demo/a.bin", "If-None-Match: " + tag + "\r\n"), expect.not_modified("a.bin")},
       {"before the range", with("If-None-Match: " + tag + "\r\nRange: bytes=0-1\r\n"), expect.not_modified("a.bin")},
       {"modified since, same", with("If-Modified-Since: " + same + "\r\n"), expect.not_modified("a.bin")},
       {"modified since, earlier", with("If-Modified-Since: " + earlier + "\r\n"), expect.whole("a.bin")},
       {"modified since, no date", with("If-Modified-Since: yesterday\r\n"), expect.whole("a.bin")},
       {"if match", with("If-Match: " + tag + "\r\n"), expect.whole("a.bin")},
       {"if match in two lines", with("If-Match: \"x\"\r\nIf-Match: " + tag + "\r\n"), expect.whole("a.bin")},
       {"if match, weak", with("If-Match: W/" + tag + "\r\n"), failed},
       {"if match, other", with("If-Match: \"x\"\r\n"), failed},
       {"unmodified since", with("If-Unmodified-Since: " + earlier + "\r\n"), failed},
       {"if range", with("If-Range: " + tag + "\r\nRange: bytes=0-1\r\n"), expect.part("a.bin", 0, 2)},
       {"if range, date", with("If-Range: " + same + "\r\nRange: bytes=0-1\r\n"), expect.part("a.bin", 0, 2)},
       {"if range, later date", with("If-Range: " + later + "\r\nRange: bytes=0-1\r\n"), expect.whole("a.bin")},
       {"if range, weak", with("If-Range: W/" + tag + "\r\nRange: bytes=0-1\r\n"), expect.whole("a.bin")},
       {"if range, other", with("If-Range: \"x\"\r\nRange: bytes=0-1\r\n"), expect.whole("a.bin")}});
}

TEST(BlobTable, Hashes) {
  TestServer server;
  const Expected expect(server);
  const std::string hash = server.hash("a.bin");
  const std::string other = server.hash("one.bin");
  check_cases(server,
              {{"plain", get("/blob?ns=demo&path=a.bin&hash=" + hash), expect.whole("a.bin")},
               {"with its name", get("/blob?ns=demo&path=a.bin&hash=sha256:" + hash), expect.whole("a.bin")},
               {"other", get("/blob?ns=demo&path=a.bin&hash=" + other),
                expect.problem({"412 Precondition Failed", ErrorCode::hash_mismatch,
                                "the file's hash is sha256:" + hash, "SeekFS-Version: v-3\r\n", file_members, false})},
               {"other algorithm", get("/blob?ns=demo&path=a.bin&hash=md5:" + hash),
                expect.problem({"412 Precondition Failed", ErrorCode::hash_mismatch,
                                "the file's hash is sha256:" + hash, "SeekFS-Version: v-3\r\n", file_members, false})},
               {"no hash", get("/blob?ns=demo&path=a.bin&hash=xyz"),
                expect.problem({"400 Bad Request", ErrorCode::bad_request,
                                "'hash' is 'xyz'; it must be the hexadecimal digits of a hash, with or without "
                                "'sha256:'",
                                "SeekFS-Version: v-3\r\n", file_members, false})}});
}

}  // namespace
}  // namespace seekfs::http
