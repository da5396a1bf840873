// Conditional puts by many processes at once: exactly one wins.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "async/sync_wait.h"
#include "objectstore/fs_store_testing.h"

namespace seekfs::objectstore {
namespace {

constexpr std::size_t process_count = 6;
#ifdef SEEKFS_SANITIZED
constexpr int rounds = 10;
#else
constexpr int rounds = 200;
#endif

/// What a child tells its parent: ready for a round, or what its put got.
enum class Message : char { ready = 'r', won = 'w', lost = 'l', failed = 'f' };

void tell(int socket, Message message) {
  if (::write(socket, &message, sizeof message) != sizeof message) ::_exit(1);
}

std::string body_of(int round, std::size_t process) { return std::to_string(round) + " " + std::to_string(process); }
std::string claim_of(int round) { return "claims/" + std::to_string(round); }

/// Runs in a child: a store of its own on the same root, one put a round, each at a byte from the parent.
void run_child(const std::string& root, std::size_t process, int socket, bool swap) {
  env::ManualClock clock;
  const auto random = env::make_system_random();
  async::ThreadPool pool("race", 1);
  const auto store = make_fs_store(root, {env::posix_file_system(), clock, *random, pool});
  for (int round = 0; round < rounds; ++round) {
    PutOptions conditions{.if_none_match = !swap};
    if (swap) conditions.if_match = async::sync_wait(store->head({.key = "swapped"}, {})).value().etag;
    tell(socket, Message::ready);
    char go = 0;
    if (::read(socket, &go, 1) != 1) ::_exit(1);
    const auto reply = async::sync_wait(
        put_small(*store, swap ? "swapped" : claim_of(round), body_of(round, process), conditions, {}));
    const bool lost = !reply && reply.error().code == ErrorCode::precondition_failed;
    tell(socket, reply ? Message::won : lost ? Message::lost : Message::failed);
  }
}

/// The children and their sockets; what is still running at the end sees its socket close, and ends.
class Children {
 public:
  Children(const std::string& root, bool swap) {
    for (std::size_t process = 0; process < process_count; ++process) {
      std::array<int, 2> pair{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
      const pid_t child = ::fork();
      EXPECT_GE(child, 0);
      if (child == 0) {
        // An inherited end of a sibling's socket would keep it open after the parent has gone.
        for (const int socket : sockets_) ::close(socket);
        ::close(pair[0]);
        run_child(root, process, pair[1], swap);
        ::_exit(0);
      }
      ::close(pair[1]);
      sockets_.push_back(pair[0]);
      children_.push_back(child);
    }
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    for (const int socket : sockets_) ::close(socket);
    for (const pid_t child : children_) {
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  }

  /// The next message of each; fewer when one has died.
  std::vector<Message> hear() const {
    std::vector<Message> heard;
    for (const int socket : sockets_) {
      Message message{};
      if (::read(socket, &message, sizeof message) == sizeof message) heard.push_back(message);
    }
    return heard;
  }
  void go() const {
    for (const int socket : sockets_) EXPECT_EQ(::write(socket, "g", 1), 1);
  }

 private:
  std::vector<int> sockets_;
  std::vector<pid_t> children_;
};

class ProcessRace : public testing::TestWithParam<bool> {};

TEST_P(ProcessRace, ExactlyOneWins) {
  const bool swap = GetParam();
  env::TempDirectory directory;
  const std::string root = directory.at("root");
  ASSERT_TRUE(create_fs_store_root(env::posix_file_system(), root));
  ASSERT_TRUE(env::write_file_atomically(env::posix_file_system(), root + "/swapped", "at first", false));
  const Children children(root, swap);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_EQ(children.hear(), std::vector<Message>(process_count, Message::ready));
    children.go();
    const std::vector<Message> outcomes = children.hear();
    ASSERT_EQ(outcomes.size(), process_count);
    std::vector<std::string> winners;
    for (std::size_t process = 0; process < process_count; ++process) {
      ASSERT_NE(outcomes[process], Message::failed);
      if (outcomes[process] == Message::won) winners.push_back(body_of(round, process));
    }
    // The next round's puts wait for a byte from here: what is in the store is this round's.
    const std::string path = root + "/" + (swap ? "swapped" : claim_of(round));
    ASSERT_EQ(winners, std::vector<std::string>{env::read_file(env::posix_file_system(), path, 100).value_or("error")});
  }
}

INSTANTIATE_TEST_SUITE_P(Conditions, ProcessRace, testing::Bool(),
                         [](const auto& info) { return info.param ? "IfMatch" : "IfNoneMatch"; });

}  // namespace
}  // namespace seekfs::objectstore
