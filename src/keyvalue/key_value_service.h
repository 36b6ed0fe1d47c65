// The lab's key-value service over HTTP: an outside program decides a Job's exit code through it.
//   GET  /api/KeyVal/GetAppKey                                  → "x7k2p9qa"
//   POST /api/KeyVal/UpdateValue/{appkey}/{key}/{value}         → true
//   GET  /api/KeyVal/GetValue/{appkey}/{key}                    → "1", "" if unset
//   POST /api/KeyVal/ActOnValue/{appkey}/{key}/{Increment|Decrement} → true
// Loop thread only; the store's blocking calls run on the pool.
#pragma once

#include <memory>

#include "keyvalue/key_value_store.h"
#include "wire/http.h"

namespace stint::keyvalue {

class KeyValueService {
 public:
  KeyValueService(Loop& loop, std::unique_ptr<KeyValueStore> store);
  Task<void> handle(http::Request request, http::Response& response);

 private:
  Loop& loop_;
  std::shared_ptr<KeyValueStore> store_;  // shared with work on the pool, which may outlive a request
  // One call at a time: SQLite's transactions here are read-modify-write.
  bool busy_ = false;
  Event free_;

  template <class Work>
  Task<std::invoke_result_t<Work>> in_turn(Work work);
  Task<Result<std::string>> answer(std::string method, std::vector<std::string> segments);
};

}  // namespace stint::keyvalue
