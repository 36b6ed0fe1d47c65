#include "store/memory/memory_store.h"

#include "store/index.h"

namespace stint {
namespace {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(Loop& loop) : index_(loop) {}

  std::optional<Entry> get(std::string_view key) const override { return index_.get(key); }
  Result<Range> range(const RangeOptions& options) const override { return index_.range(options); }
  Revision revision() const override { return index_.revision(); }
  Revision compacted() const override { return index_.compacted(); }
  void compact(Revision oldest) override { index_.compact(oldest); }

  Task<Result<Revision>> commit(Write write) override {
    CO_TRY_VOID(check_expected(write, index_.mod_revision(write.key)));
    index_.apply(std::move(write), index_.revision() + 1);
    co_return index_.revision();
  }

  Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from) override { return index_.watch(std::move(prefix), from); }

 private:
  Index index_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(Loop& loop) { return std::make_unique<MemoryStore>(loop); }

}  // namespace stint
