// Makes room on the disk of the images: when it is used beyond a threshold, images that no pod here needs are removed, the least recently
// used first, until it is below another. Source: upstream's pkg/kubelet/images/image_gc_manager.go. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "api/types.h"
#include "base/loop.h"
#include "client/recorder.h"
#include "image/image_store.h"

namespace stint {

struct ImageCollection {
  int high_percent = 85;  // used: from here images are removed; 100: never
  int low_percent = 80;   // used: down to here
  Duration age_min = std::chrono::minutes(2);
  Duration period = std::chrono::minutes(1);
};

struct DiskRoom {
  int64_t capacity_bytes = 0, available_bytes = 0;
};

class ImageCollector {
 public:
  struct Machine {
    std::function<Task<Result<DiskRoom>>()> look_at_disk;
    std::function<std::set<std::string>()> images_in_use;  // ids
  };
  ImageCollector(Loop& loop, ImageStore& store, Recorder& recorder, std::string node, Machine machine, ImageCollection settings)
      : loop_(loop), store_(store), recorder_(recorder), node_(std::move(node)), machine_(std::move(machine)), settings_(settings) {}

  Task<void> run();
  // One look, and what follows from it. An error when there is still too little room.
  Task<Result<void>> collect();
  // Removes every image that may go. True if there was one.
  Task<bool> remove_unused();

 private:
  struct Record {
    WallTime first_seen, last_used;
  };
  void note_images();
  std::vector<ImageInfo> removable() const;

  Loop& loop_;
  ImageStore& store_;
  Recorder& recorder_;
  std::string node_;
  Machine machine_;
  ImageCollection settings_;
  std::map<std::string, Record> records_;  // by id, of the images that are here
  std::string trouble_;                    // of the last look, so that it is told once
};

// Adds the ids of the images that the pod names, as far as they are here.
void add_images_of(const corev1::PodSpec& spec, const ImageStore& store, std::set<std::string>& ids);

// Of the file system that holds `path`. Blocking; any thread.
Result<DiskRoom> disk_room(const std::string& path);

}  // namespace stint
