// For tests: SQLite's file layer that fails the n-th write, sync or truncation as a full or broken disk does. One at a time.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdlib>

namespace stint {

class FailingVfs {
 public:
  // Becomes the default file layer of what is opened while it lives. REQUIRES: no other lives; outlives every database.
  FailingVfs() {
    below_ = sqlite3_vfs_find(nullptr);
    vfs_ = *below_;
    vfs_.zName = "failing";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + below_->szOsFile;
    vfs_.xOpen = &FailingVfs::open;
    sqlite3_vfs_register(&vfs_, 1);
    instance_ = this;
  }
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;
  ~FailingVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(below_, 1);
    instance_ = nullptr;
  }

  // The n-th change from now on (1: the next) fails with `code`, once.
  void fail_after(int changes, int code) {
    code_ = code;
    left_ = changes;
  }
  void disarm() { left_ = 0; }
  bool armed() const { return left_ > 0; }

 private:
  // What SQLite sees as the file; the real one lies behind it in the same allocation.
  struct File {
    sqlite3_file base;
    sqlite3_io_methods methods;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

  static bool fails() {
    const int left = instance_->left_.load();
    if (left == 0) return false;
    instance_->left_ = left - 1;
    return left == 1;
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* wrapper = reinterpret_cast<File*>(file);
    sqlite3_file* below = wrapper->real();
    below->pMethods = nullptr;
    wrapper->base.pMethods = nullptr;
    const int code = instance_->below_->xOpen(instance_->below_, name, below, flags, out_flags);
    if (below->pMethods == nullptr) return code;
    sqlite3_io_methods& m = wrapper->methods;
    m = {};
    m.iVersion = 1;  // without shared memory, which exclusive locking does not need
    m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
    m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, n, at); };
    m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      return fails() ? instance_->code_.load() : real(f)->pMethods->xWrite(real(f), from, n, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return fails() ? instance_->code_.load() : real(f)->pMethods->xTruncate(real(f), size);
    };
    m.xSync = [](sqlite3_file* f, int how) { return fails() ? instance_->code_.load() : real(f)->pMethods->xSync(real(f), how); };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); };
    m.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
    m.xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); };
    m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); };
    wrapper->base.pMethods = &m;
    return code;
  }

  static inline FailingVfs* instance_ = nullptr;
  sqlite3_vfs* below_ = nullptr;
  sqlite3_vfs vfs_{};
  std::atomic<int> left_{0};
  std::atomic<int> code_{SQLITE_OK};
};

}  // namespace stint
