#include "app/commands.h"

#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "app/data_directory.h"
#include "app/signals.h"
#include "image/image_store.h"
#include "image/registry_settings.h"
#include "keyvalue/key_value_service.h"
#include "os/file.h"
#include "wire/http.h"

namespace stint {
namespace {

constexpr int kPoolThreads = 4;

int complain(const Error& error) {
  std::cerr << "stint: " << error.message << std::endl;
  return 2;
}

Task<void> stop_loop_on_signal(Loop& loop) {
  StopSignals signals(loop);
  co_await signals.next();
  loop.stop();
}

Result<void> serve_keyvalue(const cli::KeyValueCommand& command) {
  TRY(const cli::Address address, cli::parse_address(command.listen));
  TRY(http::Listener listener, http::Listener::open(address.host, address.port));
  const std::string url = "http://" + listener.authority();
  TRY(const os::FileLock lock, take_data_directory(command.data_dir));
  TRY(auto store, keyvalue::KeyValueStore::open(command.data_dir + "/keyvalue.db"));
  auto loop = make_system_loop(1);
  keyvalue::KeyValueService service(*loop, std::move(store));
  TRY(auto server, http::serve(*loop, std::move(listener), {}, [&service](http::Request request, http::Response& response) {
        return service.handle(std::move(request), response);
      }));
  std::cout << "the key-value service listens at " << url << std::endl;
  Scope scope(*loop);
  scope.spawn(stop_loop_on_signal(*loop));
  loop->run();
  return {};
}

std::string megabytes(int64_t bytes) { return std::to_string((bytes + 500'000) / 1'000'000) + " MB"; }

void print_images(const std::vector<ImageInfo>& images) {
  std::cout << std::left << std::setw(60) << "IMAGE" << std::setw(16) << "ID" << "SIZE\n";
  for (const auto& image : images) {
    for (const auto& name : image.references) {
      if (name.find('@') != std::string::npos && image.references.size() > 1) continue;
      std::cout << std::setw(60) << name << std::setw(16) << image.id.substr(7, 12) << megabytes(image.size_bytes) << "\n";
    }
  }
}

// One line that is written over where it goes to a terminal, and nothing where it does not.
void show_progress(PullProgress progress) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::cerr << "\r\033[K" << megabytes(progress.bytes_done) << " of " << megabytes(progress.bytes_total) << std::flush;
  if (progress.bytes_done >= progress.bytes_total) std::cerr << "\r\033[K";
}

Task<Result<void>> act_on_images(ImageStore& images, cli::ImageCommand command) {
  if (command.verb == cli::ImageCommand::Verb::kList) print_images(images.list());
  for (const std::string& argument : command.arguments) {
    if (command.verb == cli::ImageCommand::Verb::kImport) {
      CO_TRY(const auto imported, co_await images.import_file(argument));
      print_images(imported);
    } else if (command.verb == cli::ImageCommand::Verb::kPull) {
      CO_TRY(ImageReference reference, ImageReference::parse(argument));
      CO_TRY(const ImageInfo pulled, co_await images.pull(std::move(reference), {.credentials = {}, .progress = show_progress}));
      print_images({pulled});
    } else {
      CO_TRY_VOID(co_await images.remove(argument));
    }
  }
  co_return Result<void>{};
}

Task<void> act_and_stop(Loop& loop, ImageStore& images, cli::ImageCommand command, Result<void>* result) {
  *result = co_await act_on_images(images, std::move(command));
  loop.stop();
}

}  // namespace

int run_keyvalue(const cli::KeyValueCommand& command) {
  block_stop_signals();
  auto served = serve_keyvalue(command);
  return served ? 0 : complain(served.error());
}

int run_image(const cli::ImageCommand& command) {
  if (geteuid() != 0) return complain({.message = "images hold files of any owner: run stint image as root"});
  if (auto made = os::make_directories(command.data_dir, 0700); !made) return complain(made.error());
  auto loop = make_system_loop(kPoolThreads);
  auto registries = read_registries(command.registries);
  if (!registries) return complain(registries.error());
  auto images = open_image_store(*loop, command.data_dir + "/images", *std::move(registries));
  if (!images) return complain(images.error());
  Result<void> result;
  Scope scope(*loop);
  scope.spawn(act_and_stop(*loop, **images, command, &result));
  loop->run();
  return result ? 0 : complain(result.error());
}

}  // namespace stint
