#include "server/rest/fair_share.h"

#include <algorithm>

namespace stint::rest {

FairShare::Ticket FairShare::admit(Users::iterator user) {
  ++running_;
  ++user->second.running;
  return Ticket(*this, user->first, false);
}

std::optional<FairShare::Ticket> FairShare::enter_now(const std::string& user) {
  // Nobody waits while there is a place for him.
  if (running_ >= limits_.running_max) return std::nullopt;
  const auto entry = users_.try_emplace(user).first;
  if (!may_run(entry->second)) return std::nullopt;
  return admit(entry);
}

// Leaves the line however the wait ends.
struct FairShare::PlaceInLine {
  PlaceInLine(FairShare& its_share, std::string its_user) : share(its_share), user(std::move(its_user)), waiter(its_share.loop_) {
    share.users_[user].line.push_back(&waiter);
    ++share.waiting_;
  }
  PlaceInLine(const PlaceInLine&) = delete;
  PlaceInLine& operator=(const PlaceInLine&) = delete;
  ~PlaceInLine() { share.leave_line(user, waiter); }
  FairShare& share;
  const std::string user;
  Waiter waiter;
};

namespace {

Task<bool> wait_for(Event& event) {
  co_await event.wait();
  co_return true;
}

}  // namespace

Task<std::optional<FairShare::Ticket>> FairShare::enter(std::string user) {
  if (auto ticket = enter_now(user)) co_return std::move(ticket);
  const auto known = users_.find(user);
  const size_t own_waiting = known == users_.end() ? 0 : known->second.line.size();
  if (waiting_ >= limits_.waiting_max || own_waiting >= limits_.waiting_per_user_max) co_return std::nullopt;
  std::optional<Ticket> ticket;  // given back if this task is destroyed between its turn and its going on
  PlaceInLine place(*this, std::move(user));
  place.waiter.ticket = &ticket;
  co_await with_timeout(loop_, limits_.wait_max, wait_for(place.waiter.turn));
  co_return std::move(ticket);
}

std::optional<FairShare::Ticket> FairShare::open_stream(const std::string& user) {
  const auto entry = users_.try_emplace(user).first;
  if (streams_ >= limits_.streams_max || entry->second.streams >= limits_.streams_per_user_max) {
    forget_if_idle(entry);
    return std::nullopt;
  }
  ++streams_;
  ++entry->second.streams;
  return Ticket(*this, entry->first, true);
}

void FairShare::give_back(const std::string* user, bool is_stream) {
  const auto entry = users_.find(*user);
  --(is_stream ? streams_ : running_);
  --(is_stream ? entry->second.streams : entry->second.running);
  if (!is_stream) let_next_in();
  forget_if_idle(entry);
}

void FairShare::let_next_in() {
  if (waiting_ == 0) return;
  auto next = users_.end();
  for (auto user = users_.begin(); user != users_.end(); ++user) {
    if (user->second.line.empty() || !may_run(user->second)) continue;
    if (next == users_.end() || user->second.running < next->second.running) next = user;
  }
  if (next == users_.end()) return;
  Waiter& waiter = *next->second.line.front();
  next->second.line.pop_front();
  --waiting_;
  waiter.ticket->emplace(admit(next));
  waiter.turn.set();
}

void FairShare::leave_line(const std::string& user, Waiter& waiter) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return;
  waiting_ -= std::erase(entry->second.line, &waiter);
  forget_if_idle(entry);
}

void FairShare::forget_if_idle(Users::iterator user) {
  if (user->second.is_idle()) users_.erase(user);
}

}  // namespace stint::rest
