// Whose turn it is. So many requests are worked on at once, from their first step until their answer is sent; the rest wait, each user's in
// a line of its own, and a place that gets free goes to the user who has the fewest. No user may have them all: however many requests one
// sends, and however slowly it takes the answers, others get in. What waits is bounded, and refused past that. Streams (watches, logs) hold
// no place, but are counted. Loop thread only.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/loop.h"

namespace stint::rest {

struct ShareLimits {
  size_t running_max = 400;
  size_t running_per_user_max = 300;
  size_t waiting_per_user_max = 1000;
  size_t waiting_max = 4000;
  Duration wait_max = std::chrono::seconds(30);
  size_t streams_per_user_max = 1000;
  size_t streams_max = 4000;
};

class FairShare {
  struct User;

 public:
  // A place, or a stream's count; given back when it goes.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept : share_(std::exchange(other.share_, nullptr)), user_(other.user_), is_stream_(other.is_stream_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(share_, other.share_);
      std::swap(user_, other.user_);
      std::swap(is_stream_, other.is_stream_);
      return *this;
    }
    ~Ticket() {
      if (share_ != nullptr) share_->give_back(user_, is_stream_);
    }

   private:
    friend class FairShare;
    Ticket(FairShare& share, const std::string& user, bool is_stream) : share_(&share), user_(&user), is_stream_(is_stream) {}
    FairShare* share_;
    const std::string* user_;  // the key in users_
    bool is_stream_;
  };

  FairShare(Loop& loop, ShareLimits limits) : loop_(loop), limits_(limits) {}
  FairShare(const FairShare&) = delete;
  FairShare& operator=(const FairShare&) = delete;

  // A place that is free at once.
  std::optional<Ticket> enter_now(const std::string& user);
  // A place, when it is this user's turn. Nothing: too many wait, or it took too long.
  Task<std::optional<Ticket>> enter(std::string user);
  // Nothing: the user has too many, or all have.
  std::optional<Ticket> open_stream(const std::string& user);

  size_t running() const { return running_; }
  size_t waiting() const { return waiting_; }

 private:
  struct Waiter {
    explicit Waiter(Loop& loop) : turn(loop) {}
    Event turn;
    std::optional<Ticket>* ticket = nullptr;  // filled when it is its turn
  };
  struct User {
    size_t running = 0;
    size_t streams = 0;
    std::deque<Waiter*> line;
    bool is_idle() const { return running == 0 && streams == 0 && line.empty(); }
  };
  using Users = std::map<std::string, User, std::less<>>;
  struct PlaceInLine;

  Ticket admit(Users::iterator user);
  void give_back(const std::string* user, bool is_stream);
  bool may_run(const User& user) const { return user.running < limits_.running_per_user_max; }
  void let_next_in();
  void leave_line(const std::string& user, Waiter& waiter);
  void forget_if_idle(Users::iterator user);

  Loop& loop_;
  const ShareLimits limits_;
  Users users_;
  size_t running_ = 0;
  size_t waiting_ = 0;
  size_t streams_ = 0;
};

}  // namespace stint::rest
