// A store that remembers whether its medium took the last write, for who asks how the server is. Loop thread only.
#pragma once

#include <memory>
#include <optional>

#include "store/store.h"

namespace stint {

class ObservedStore final : public Store {
 public:
  explicit ObservedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // Why the medium refused the last write; that somebody else wrote first is no refusal.
  Result<void> health() const;

  std::optional<Entry> get(std::string_view key) const override { return store_->get(key); }
  Result<Range> range(const RangeOptions& options) const override { return store_->range(options); }
  Revision revision() const override { return store_->revision(); }
  Revision compacted() const override { return store_->compacted(); }
  void compact(Revision oldest) override { store_->compact(oldest); }
  Task<Result<Revision>> commit(Write write) override;
  Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from) override { return store_->watch(std::move(prefix), from); }

 private:
  std::unique_ptr<Store> store_;
  std::optional<Error> refusal_;
};

}  // namespace stint
