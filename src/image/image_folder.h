// The image store's folder on disk:
//   images/<hex of the config's digest>.json   one image: its names, layers and config
//   layers/<hex of the diff id>/               one unpacked layer
//   tmp/                                        work in progress, and what running pulls need; of processes that are gone it is swept at
//   open
// A file or directory appears under its final name only when it is whole. Blocking; any thread, and several processes, may use one folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "image/image_store.h"
#include "image/manifest.h"

namespace stint {

// Layers that are about to be used, safe from being swept by any process for as long as this lives.
class LayerClaim {
 public:
  explicit LayerClaim(std::string path) : path_(std::move(path)) {}
  LayerClaim(LayerClaim&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  LayerClaim& operator=(LayerClaim&&) = delete;
  ~LayerClaim();

 private:
  std::string path_;  // of the file that says so
};

struct ImageRecord {
  ImageInfo info;
  std::vector<std::string> diff_ids;
  std::string config;                 // the config blob as it came
  std::shared_ptr<LayerClaim> claim;  // until the record is saved
};

class ImageFolder {
 public:
  static Result<ImageFolder> open(std::string dir);

  Result<std::map<std::string, ImageRecord>> load() const;  // by image id
  Result<void> save(const ImageRecord& record) const;
  Result<void> erase(const std::string& id) const;

  bool has_layer(const std::string& diff_id) const;
  std::string layer_dir(const std::string& diff_id) const;
  // Unpacks the archive to the layer `diff_id`; an archive with another digest is refused. Fine if the layer is there.
  Result<int64_t> add_layer(const std::string& archive, const std::string& diff_id) const;
  // To be had before the layers are looked for.
  Result<LayerClaim> claim_layers(const std::vector<std::string>& diff_ids) const;
  // Removes the layers that no image on disk has, no mount of this machine uses and no running process claims. A layer goes whole or not at
  // all, whenever we are killed; whoever claims it meanwhile finds it there until the claim ends, or not at all.
  Result<void> sweep_layers() const;

  // A new empty directory below tmp/; the caller removes it.
  Result<std::string> make_work_dir() const;
  // Changes when another process added or removed an image.
  int64_t version() const;

  // A complete record; layer sizes are measured by add_layer.
  Result<ImageRecord> make_record(const std::string& config, std::vector<std::string> references, int64_t size_bytes) const;

 private:
  explicit ImageFolder(std::string dir) : dir_(std::move(dir)) {}
  Result<std::set<std::string>> wanted_layers() const;  // names in layers/; under its lock
  Result<void> take_unwanted_layers(const std::string& to) const;

  std::string dir_;
};

}  // namespace stint
