// A store that asks another for everything; who derives from it changes what he wants to. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/store.h"

namespace stint {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  std::optional<Entry> get(std::string_view key) const override { return store_->get(key); }
  Result<Range> range(const RangeOptions& options) const override { return store_->range(options); }
  Revision revision() const override { return store_->revision(); }
  Revision compacted() const override { return store_->compacted(); }
  void compact(Revision oldest) override { store_->compact(oldest); }
  Task<Result<Revision>> commit(Write write) override { return store_->commit(std::move(write)); }
  Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from) override { return store_->watch(std::move(prefix), from); }

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace stint
