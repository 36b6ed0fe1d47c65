// Tar files and docker-archives made on the spot, for tests. Any thread.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "image/sha256.h"

namespace stint {

struct TarEntry {
  std::string name;
  mode_t type = AE_IFREG;
  std::string content;  // or the target of a link
  bool hard_link = false;
};

// Returns `path`.
inline std::string make_tar(const std::string& path, const std::vector<TarEntry>& entries, bool zstd = false) {
  archive* tar = archive_write_new();
  archive_write_set_format_pax_restricted(tar);
  if (zstd) archive_write_add_filter_zstd(tar);
  archive_write_open_filename(tar, path.c_str());
  for (const auto& item : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, item.name.c_str());
    archive_entry_set_perm(entry, 0755);
    archive_entry_set_filetype(entry, item.type);
    if (item.hard_link) {
      archive_entry_set_hardlink(entry, item.content.c_str());
    } else if (item.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, item.content.c_str());
    } else {
      archive_entry_set_size(entry, static_cast<la_int64_t>(item.content.size()));
    }
    archive_write_header(tar, entry);
    if (item.type == AE_IFREG && !item.hard_link) archive_write_data(tar, item.content.data(), item.content.size());
    archive_entry_free(entry);
  }
  archive_write_free(tar);
  return path;
}

inline std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The config of an image with these layers, each the bytes of a plain tar.
inline std::string make_image_config(const std::vector<std::string>& layers) {
  std::string diff_ids;
  for (const std::string& layer : layers) diff_ids += (diff_ids.empty() ? "\"" : ",\"") + sha256_of(layer) + "\"";
  return R"({"architecture":"amd64","os":"linux","config":{"Cmd":["sh"],"Env":["A=b"]},"rootfs":{"type":"layers","diff_ids":[)" + diff_ids +
         "]}}";
}

// A docker-archive of one image, as `docker save` writes it. Returns `path`.
inline std::string make_docker_archive(const std::string& path, const std::string& name, const std::vector<std::string>& layers) {
  std::vector<TarEntry> entries;
  std::string files;
  for (const std::string& layer : layers) {
    const std::string file = "layer" + std::to_string(entries.size()) + ".tar";
    files += (files.empty() ? "\"" : ",\"") + file + "\"";
    entries.push_back({file, AE_IFREG, layer});
  }
  entries.push_back({"config.json", AE_IFREG, make_image_config(layers)});
  entries.push_back({"manifest.json", AE_IFREG, R"([{"Config":"config.json","RepoTags":[")" + name + R"("],"Layers":[)" + files + "]}]"});
  return make_tar(path, entries);
}

}  // namespace stint
