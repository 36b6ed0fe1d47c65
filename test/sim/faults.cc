#include "faults.h"

#include "api/go_duration.h"

namespace stint::sim {

void Journal::add(std::string text) {
  lines_.push_back(go_duration_text(loop_.now() - start_) + "  " + std::move(text));
  if (lines_.size() > kLinesMax) lines_.pop_front();
}

std::string Journal::text() const {
  std::string text;
  for (const std::string& line : lines_) text += "  " + line + "\n";
  return text;
}

Task<void> Faults::delay(int seldom_one_in) {
  if (!on) co_return;
  if (dice.one_in(seldom_one_in))
    co_await sleep_for(loop, std::chrono::milliseconds(dice.between(100, 4000)));
  else if (dice.one_in(3))
    co_await sleep_for(loop, std::chrono::milliseconds(dice.between(1, 20)));
}

}  // namespace stint::sim
