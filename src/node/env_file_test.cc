#include "node/env_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace stint {
namespace {

namespace fs = std::filesystem;

TEST(EnvFile, AValueStandsBetweenSingleQuotesAsItIs) {
  constexpr std::string_view kText = "# first\n\n  A='x $B \\n' # why\nB='one\ntwo'\nC= 'lost'\nD='d'";
  EXPECT_EQ(*env_file_value(kText, "A"), "x $B \\n");
  EXPECT_EQ(*env_file_value(kText, "B"), "one\ntwo");
  EXPECT_EQ(*env_file_value(kText, "C"), "");
  EXPECT_EQ(*env_file_value(kText, "D"), "d");
  EXPECT_EQ(*env_file_value(kText, "E"), "");
}

TEST(EnvFile, ALineOfAnotherFormIsNamedByItsNumber) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"A='1'\nword", "line 2: missing '='"},
      {"='x'", "line 1: empty variable name"},
      {"A ='x'", "line 1: whitespace before '=' is not allowed"},
      {"A=x", "line 1: value must be enclosed in single quotes"},
      {"A=", "line 1: value must be enclosed in single quotes"},
      {"\nA='x\ny", "line 2: unclosed single quote"},
      {"A='x\ny'z", "line 2: unexpected content after closing quote"},
  };
  for (const auto& [text, error] : cases) {
    const auto value = env_file_value(text, "KEY");
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message, "invalid environment variable format at " + std::string(error));
  }
}

TEST(EnvFile, FilesAreReadWithinTheirVolumeAlone) {
  std::string dir = fs::temp_directory_path() / "stint-env-XXXXXX";
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  corev1::Pod pod;
  pod.mutable_metadata()->set_uid("u");
  const PodPaths paths(dir, dir + "/logs", pod);
  const fs::path volume = paths.volume("v");
  fs::create_directories(volume / "sub");
  std::ofstream(volume / "sub/env") << "K='v'";
  std::ofstream(dir + "/secret") << "K='s'";
  fs::create_symlink(dir + "/secret", volume / "absolute");
  fs::create_symlink("../../../../secret", volume / "relative");
  fs::create_symlink("sub/env", volume / "inside");
  ASSERT_EQ(mkfifo((volume / "fifo").c_str(), 0600), 0);
  corev1::Container container;
  EXPECT_FALSE(names_env_files(container));
  for (const char* path : {"sub/env", "absolute", "relative", "inside", "fifo", "missing"}) {
    auto& ref = *container.add_env()->mutable_valuefrom()->mutable_filekeyref();
    ref.set_volumename("v");
    ref.set_path(path);
  }
  EXPECT_TRUE(names_env_files(container));
  EXPECT_EQ(read_env_files(container, paths), (EnvFiles{{{"v", "inside"}, "K='v'"}, {{"v", "sub/env"}, "K='v'"}}));
  fs::remove_all(dir);
}

TEST(EnvFile, AMissingKeyKeepsTheContainerFromStartingUnlessOptional) {
  corev1::Container container;
  auto& variable = *container.add_env();
  variable.set_name("N");
  auto& ref = *variable.mutable_valuefrom()->mutable_filekeyref();
  ref.set_volumename("v");
  ref.set_path("env");
  ref.set_key("K");
  corev1::Pod pod;
  ReferencedObjects objects;
  EXPECT_EQ(build_environment(container, {.pod = pod}, objects).error().message, "couldn't parse env file");
  objects.files[{"v", "env"}] = "K='text'";
  EXPECT_EQ(build_environment(container, {.pod = pod}, objects)->at("N"), "text");
  ref.set_key("L");
  EXPECT_EQ(build_environment(container, {.pod = pod}, objects).error().message,
            "environment variable key \"L\" not found in file \"env\"");
  ref.set_optional(true);
  EXPECT_TRUE(build_environment(container, {.pod = pod}, objects)->empty());
}

}  // namespace
}  // namespace stint
