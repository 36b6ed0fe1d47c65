#include "image/image_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "api/json.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "image/layer.h"
#include "image/sha256.h"
#include "os/file.h"
#include "os/pidfd.h"

namespace stint {
namespace {

constexpr size_t kRecordBytesMax = 8 * 1024 * 1024;
constexpr char kClaim[] = "-layers-";  // in the name of an entry of tmp/
constexpr size_t kMountsBytesMax = 16 * 1024 * 1024;

std::string hex_of(std::string_view digest) { return std::string(digest.substr(digest.find(':') + 1)); }

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// A work directory that goes with its scope.
struct WorkDir {
  std::string path;
  ~WorkDir() {
    if (auto removed = os::remove_tree(path); !removed)
      log_warning("image work directory stays", "path", path, "error", removed.error().message);
  }
};

// Names a process for as long as it runs: pids are used again, and in a container ours is the one before.
std::string process_name(pid_t pid) {
  const auto ticks = os::process_start_ticks(pid);
  return ticks ? std::to_string(pid) + "." + std::to_string(*ticks) : "";
}

std::string own_name() { return process_name(getpid()); }

// Of the process that made the entry of tmp/.
bool is_running(const std::string& entry) {
  const std::string name = entry.substr(0, entry.find('-'));
  pid_t pid = 0;
  std::from_chars(name.data(), name.data() + name.size(), pid);
  return pid > 0 && process_name(pid) == name;
}

// Of every process that uses the folder. Shared by those who say which layers they need, exclusive while layers go; never held for long.
Result<os::Descriptor> lock_layers(const std::string& dir, int operation) {
  TRY(os::Descriptor layers, os::open_path(dir + "/layers", O_RDONLY | O_DIRECTORY));
  while (flock(layers.get(), operation) != 0) {
    if (errno != EINTR) return fail(errno_error("lock " + dir + "/layers", errno));
  }
  return layers;
}

// Every mount table of this machine, once each mount namespace.
std::string all_mounts() {
  std::string mounts;
  std::set<ino_t> seen;
  const auto processes = os::list_directory("/proc");
  if (!processes) return mounts;
  for (const auto& name : *processes) {
    struct stat space{};
    if (stat(("/proc/" + name + "/ns/mnt").c_str(), &space) != 0 || !seen.insert(space.st_ino).second) continue;
    if (auto table = os::read_file("/proc/" + name + "/mountinfo", kMountsBytesMax)) mounts += *table;
  }
  return mounts;
}

json::Value access_to_json(const std::map<std::string, ImageAccess>& access) {
  json::Members names;
  for (const auto& [name, who] : access) {
    json::Array secrets;
    for (const auto& secret : who.secrets) {
      secrets.push_back(json::Members{{"namespace", secret.identity.ns},
                                      {"name", secret.identity.name},
                                      {"uid", secret.identity.uid},
                                      {"credentialHash", secret.hash}});
    }
    names[name] = json::Members{{"everyone", who.everyone}, {"secrets", std::move(secrets)}};
  }
  return names;
}

std::map<std::string, ImageAccess> access_from_json(const json::Value* names) {
  std::map<std::string, ImageAccess> access;
  if (names == nullptr || !names->is_object()) return access;
  for (const auto& [name, who] : names->as_object()) {
    ImageAccess& of = access[name];
    const json::Value* everyone = who.find("everyone");
    of.everyone = everyone != nullptr && everyone->is_bool() && everyone->as_bool();
    const json::Value* secrets = who.find("secrets");
    if (secrets == nullptr || !secrets->is_array()) continue;
    for (const json::Value& secret : secrets->as_array()) {
      of.secrets.push_back({.identity = {.ns = std::string(secret.string_at("namespace")),
                                         .name = std::string(secret.string_at("name")),
                                         .uid = std::string(secret.string_at("uid"))},
                            .hash = std::string(secret.string_at("credentialHash"))});
    }
  }
  return access;
}

}  // namespace

LayerClaim::~LayerClaim() {
  if (!path_.empty()) unlink(path_.c_str());
}

Result<ImageFolder> ImageFolder::open(std::string dir) {
  for (const char* part : {"/images", "/layers", "/tmp"}) TRY_VOID(os::make_directories(dir + part, 0700));
  ImageFolder folder(std::move(dir));
  TRY(auto leftovers, os::list_directory(folder.dir_ + "/tmp"));
  for (const auto& name : leftovers) {
    if (!is_running(name)) TRY_VOID(os::remove_tree(folder.dir_ + "/tmp/" + name));
  }
  TRY(auto records, os::list_directory(folder.dir_ + "/images"));
  for (const auto& name : records) {                 // half written when somebody was killed
    constexpr std::string_view kHalf = ".json.tmp";  // the pid follows
    const size_t at = name.find(kHalf);
    if (at == std::string::npos) continue;
    const std::string pid = name.substr(at + kHalf.size(), name.rfind('.') - at - kHalf.size());
    if (pid == std::to_string(getpid()) || !exists("/proc/" + pid)) unlink((folder.dir_ + "/images/" + name).c_str());
  }
  return folder;
}

Result<std::map<std::string, ImageRecord>> ImageFolder::load() const {
  std::map<std::string, ImageRecord> images;
  TRY(auto names, os::list_directory(dir_ + "/images"));
  for (const auto& name : names) {
    if (!name.ends_with(".json")) continue;
    const auto text = os::read_file(dir_ + "/images/" + name, kRecordBytesMax);
    if (!text && text.error().reason == Reason::kNotFound) continue;  // removed meanwhile
    if (!text) return fail(text.error());
    TRY(const json::Value document, json::parse(*text));
    std::vector<std::string> references;
    if (const json::Value* list = document.find("references"); list != nullptr && list->is_array()) {
      for (const auto& reference : list->as_array()) references.push_back(reference.as_string());
    }
    const json::Value* size = document.find("sizeBytes");
    auto record = make_record(std::string(document.string_at("config")), std::move(references),
                              size != nullptr && size->is_int() ? size->as_int() : 0);
    if (!record) {
      log_warning("image record is not usable", "file", name, "error", record.error().message);
      continue;
    }
    record->info.access = access_from_json(document.find("access"));
    images.emplace(record->info.id, std::move(*record));
  }
  return images;
}

Result<ImageRecord> ImageFolder::make_record(const std::string& config, std::vector<std::string> references, int64_t size_bytes) const {
  TRY(ImageConfig parsed, read_config(config));
  ImageRecord record{.info = std::move(parsed.info), .diff_ids = std::move(parsed.diff_ids), .config = config};
  record.info.id = sha256_of(config);
  record.info.references = std::move(references);
  record.info.size_bytes = size_bytes;
  for (const auto& diff_id : record.diff_ids) {
    if (!has_layer(diff_id)) return fail(Reason::kNotFound, "layer " + diff_id + " is missing");
    record.info.layer_dirs.push_back(layer_dir(diff_id));
  }
  return record;
}

Result<void> ImageFolder::save(const ImageRecord& record) const {
  json::Array references;
  for (const auto& reference : record.info.references) references.push_back(reference);
  const json::Value document = json::Members{{"references", std::move(references)},
                                             {"sizeBytes", record.info.size_bytes},
                                             {"access", access_to_json(record.info.access)},
                                             {"config", record.config}};
  return os::write_file_atomically(dir_ + "/images/" + hex_of(record.info.id) + ".json", json::to_text(document) + "\n",
                                   os::Durability::kSynced);
}

Result<void> ImageFolder::erase(const std::string& id) const {
  if (unlink((dir_ + "/images/" + hex_of(id) + ".json").c_str()) != 0 && errno != ENOENT)
    return fail(errno_error("remove image " + id, errno));
  return os::sync_directory(dir_ + "/images");
}

bool ImageFolder::has_layer(const std::string& diff_id) const { return exists(layer_dir(diff_id)); }

std::string ImageFolder::layer_dir(const std::string& diff_id) const { return dir_ + "/layers/" + hex_of(diff_id); }

Result<int64_t> ImageFolder::add_layer(const std::string& archive, const std::string& diff_id) const {
  if (has_layer(diff_id)) return int64_t{0};
  TRY(const std::string work_path, make_work_dir());
  const WorkDir work{work_path};
  const std::string root = work.path + "/layer";
  if (mkdir(root.c_str(), 0755) != 0) return fail(errno_error("make " + root, errno));
  TRY(const UnpackedLayer layer, unpack_layer(archive, root));
  if (layer.diff_id != diff_id) return fail(Reason::kInvalid, "layer has diff id " + layer.diff_id + " where the image says " + diff_id);
  os::Descriptor directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || syncfs(directory.get()) != 0) return fail(errno_error("write layer", errno));
  if (rename(root.c_str(), layer_dir(diff_id).c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    return fail(errno_error("keep layer", errno));
  crash_point("kept", diff_id);
  TRY_VOID(os::sync_directory(dir_ + "/layers"));
  return layer.size_bytes;
}

// First what is claimed, then what images have: a pull saves its image before its claim ends.
Result<std::set<std::string>> ImageFolder::wanted_layers() const {
  std::set<std::string> wanted;
  TRY(const auto in_progress, os::list_directory(dir_ + "/tmp"));
  for (const auto& entry : in_progress) {
    if (entry.find(kClaim) == std::string::npos || !is_running(entry)) continue;
    std::stringstream claimed(os::read_file(dir_ + "/tmp/" + entry, kRecordBytesMax).value_or(""));  // it may have ended meanwhile
    for (std::string layer; std::getline(claimed, layer);) wanted.insert(layer);
  }
  TRY(const auto images, load());
  for (const auto& [id, record] : images) {
    for (const auto& diff_id : record.diff_ids) wanted.insert(hex_of(diff_id));
  }
  return wanted;
}

Result<void> ImageFolder::take_unwanted_layers(const std::string& to) const {
  TRY(const os::Descriptor lock, lock_layers(dir_, LOCK_EX));
  TRY(const auto wanted, wanted_layers());
  TRY(auto names, os::list_directory(dir_ + "/layers"));
  std::erase_if(names, [&](const std::string& name) { return wanted.contains(name); });
  if (names.empty()) return {};
  const std::string mounts = all_mounts();
  for (const auto& name : names) {
    if (mounts.find(name) != std::string::npos) continue;
    if (rename((dir_ + "/layers/" + name).c_str(), (to + "/" + name).c_str()) != 0 && errno != ENOENT)
      return fail(errno_error("remove layer " + name, errno));
  }
  return {};
}

Result<void> ImageFolder::sweep_layers() const {
  TRY(const std::string work_path, make_work_dir());
  const WorkDir work{work_path};
  TRY_VOID(take_unwanted_layers(work.path));
  return os::remove_tree(work.path);
}

Result<LayerClaim> ImageFolder::claim_layers(const std::vector<std::string>& diff_ids) const {
  std::string text;
  for (const auto& diff_id : diff_ids) text += hex_of(diff_id) + "\n";
  std::string path = dir_ + "/tmp/" + own_name() + kClaim + "XXXXXX";
  TRY(const os::Descriptor lock, lock_layers(dir_, LOCK_SH));
  const os::Descriptor file(mkstemp(path.data()));
  if (!file) return fail(errno_error("make " + path, errno));
  LayerClaim claim(path);
  TRY_VOID(os::write_all(file.get(), text));
  return claim;
}

Result<std::string> ImageFolder::make_work_dir() const {
  std::string path = dir_ + "/tmp/" + own_name() + "-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return fail(errno_error("make " + path, errno));
  crash_point("made", path);
  return path;
}

int64_t ImageFolder::version() const {
  struct stat found{};
  if (stat((dir_ + "/images").c_str(), &found) != 0) return 0;
  return found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec;
}

}  // namespace stint
