// Listeners on Unix sockets: who gets in, what happens to the file, and that the same server is behind them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "env/temp_directory_testing.h"
#include "http/server_testing.h"
#include "http/socket.h"

namespace seekfs::http {
namespace {

class UnixSocketTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() + "/seekfs.sock"; }
  std::string name() const { return "unix:" + path(); }
  Address address() const { return parse_address(name()).value(); }

  static std::optional<mode_t> mode_of(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return status.st_mode;
  }

  /// As a process leaves it that is killed: the file stays, nobody accepts.
  void leave_a_socket_behind() const {
    const Address at = address();
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.length), 0);
  }

  void expect_refusal(ErrorCode code, std::string_view text) {
    const auto listener = listen_on(address());
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().code, code);
    EXPECT_NE(listener.error().message.find(text), std::string::npos) << listener.error().message;
    EXPECT_NE(listener.error().message.find(path()), std::string::npos) << listener.error().message;
  }

  env::TempDirectory directory_;
};

TEST_F(UnixSocketTest, ServesWhatTheOtherListenersServe) {
  ServerOptions options;
  options.listen = {"127.0.0.1:0", name()};
  TestServer server(options);
  ASSERT_EQ(server.address(1), name());
  RawClient client(server.address(1));
  client.send("GET /blob?ns=demo&path=a.bin&off=10&len=900 HTTP/1.1\r\nHost: any.name.at.all\r\n\r\n");
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client.read_exactly(900) == server.bytes("a.bin", 10, 900));
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");  // the connection is kept
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(UnixSocketTest, MayChangeTheCacheAsOverLoopback) {
  ServerOptions options;
  options.listen = {name()};
  TestServer server(options);
  RawClient client(server.address());
  client.send("POST /cache/compact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(UnixSocketTest, TheFileHasItsModeAndGoesWithTheServer) {
  {
    ServerOptions options;
    options.listen = {name()};
    options.socket_access = {.mode = 0604, .group = std::to_string(::getegid())};
    const TestServer server(options);
    EXPECT_EQ(mode_of(path()), S_IFSOCK | 0604U);
  }
  EXPECT_EQ(mode_of(path()), std::nullopt);
}

TEST_F(UnixSocketTest, TakesThePlaceOfAProcessThatHasEnded) {
  leave_a_socket_behind();
  ASSERT_NE(mode_of(path()), std::nullopt);
  EXPECT_TRUE(listen_on(address()));
}

TEST_F(UnixSocketTest, LeavesAProcessThatServesAlone) {
  const auto first = listen_on(address());
  ASSERT_TRUE(first);
  expect_refusal(ErrorCode::conflict, "another process serves there");
  EXPECT_NE(mode_of(path()), std::nullopt);
}

TEST_F(UnixSocketTest, SaysThatItMayNotLookWhereItMayNot) {
  leave_a_socket_behind();
  ASSERT_EQ(::chmod(path().c_str(), 0), 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  std::jthread([this] {
    constexpr long nobody = 65534;
    // Only this thread: root may connect to anything.
    if (::geteuid() == 0) ASSERT_EQ(::syscall(SYS_setresuid, -1L, nobody, -1L), 0);
    expect_refusal(ErrorCode::denied, "may not connect to");
  }).join();
  EXPECT_NE(mode_of(path()), std::nullopt);
}

TEST_F(UnixSocketTest, LeavesAFileThatIsNoSocketAlone) {
  std::ofstream(path()) << "data";
  expect_refusal(ErrorCode::invalid, "a file that is no socket is there");
  EXPECT_EQ(mode_of(path()).value() & S_IFMT, S_IFREG);
}

TEST_F(UnixSocketTest, DoesNotRemoveTheSocketOfAnother) {
  auto first = listen_on(address());
  ASSERT_TRUE(first);
  ASSERT_EQ(::unlink(path().c_str()), 0);
  const auto second = listen_on(address());
  ASSERT_TRUE(second);
  first = fail(ErrorCode::internal, "gone");
  EXPECT_NE(mode_of(path()), std::nullopt);
}

TEST_F(UnixSocketTest, NamesAGroupThatIsNotThere) {
  const auto listener = listen_on(address(), {.mode = 0660, .group = "no-such-group-here"});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, ErrorCode::invalid);
  EXPECT_NE(listener.error().message.find("no-such-group-here"), std::string::npos);
  EXPECT_EQ(mode_of(path()), std::nullopt);  // nothing stays behind
}

TEST_F(UnixSocketTest, RefusesANumberThatIsNoGroup) {
  for (const char* group : {"4294967295", "4294967296"}) {
    const auto listener = listen_on(address(), {.mode = 0660, .group = group});
    ASSERT_FALSE(listener) << group;
    EXPECT_EQ(listener.error().code, ErrorCode::invalid);
    EXPECT_EQ(mode_of(path()), std::nullopt);
  }
}

TEST_F(UnixSocketTest, OfThoseWhoStartAtOnceOneServes) {
  for (int round = 0; round < 20; ++round) {
    leave_a_socket_behind();
    std::array<std::optional<Result<Listener>>, 4> listeners;
    {
      std::vector<std::jthread> starters;
      for (auto& listener : listeners) starters.emplace_back([&] { listener = listen_on(address()); });
    }
    EXPECT_EQ(std::ranges::count_if(listeners, [](const auto& each) { return each->has_value(); }), 1);
  }
}

TEST_F(UnixSocketTest, NamesTheDirectoryThatIsNotThere) {
  const auto listener = listen_on(parse_address("unix:" + directory_.path() + "/none/seekfs.sock").value());
  ASSERT_FALSE(listener);
  EXPECT_NE(listener.error().message.find("/none/seekfs.sock"), std::string::npos);
}

}  // namespace
}  // namespace seekfs::http
