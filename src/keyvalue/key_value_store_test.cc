#include "keyvalue/key_value_store.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace stint::keyvalue {
namespace {

class KeyValue : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = testing::TempDir() + "/keyvalue-" + std::to_string(getpid());
    std::filesystem::create_directories(dir_);
    open();
    app_ = store_->make_app_key(*rng_).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  void open() {
    store_.reset();
    store_ = KeyValueStore::open(dir_ + "/keyvalue.db").value();
  }

  std::string dir_;
  std::unique_ptr<Rng> rng_ = seeded_rng(1);
  std::unique_ptr<KeyValueStore> store_;
  std::string app_;
};

TEST_F(KeyValue, GivesOutAppKeysOfEightLettersAndDigits) {
  EXPECT_EQ(app_.size(), 8u);
  for (char c : app_) EXPECT_TRUE(isalnum(static_cast<unsigned char>(c)));
  EXPECT_NE(store_->make_app_key(*rng_).value(), app_);
}

TEST_F(KeyValue, KeepsValuesOverARestart) {
  EXPECT_EQ(store_->get(app_, "job").value(), "");
  ASSERT_TRUE(store_->set(app_, "job", "1"));
  ASSERT_TRUE(store_->set(app_, "job", "0"));
  open();
  EXPECT_EQ(store_->get(app_, "job").value(), "0");
}

TEST_F(KeyValue, CountsUpAndDownFromNothing) {
  ASSERT_TRUE(store_->act(app_, "n", Action::kIncrement));
  ASSERT_TRUE(store_->act(app_, "n", Action::kIncrement));
  ASSERT_TRUE(store_->act(app_, "n", Action::kDecrement));
  EXPECT_EQ(store_->get(app_, "n").value(), "1");
}

TEST_F(KeyValue, RefusesToCountWhatIsNoInteger) {
  ASSERT_TRUE(store_->set(app_, "n", "one"));
  EXPECT_EQ(store_->act(app_, "n", Action::kIncrement).error().reason, Reason::kBadRequest);
  ASSERT_TRUE(store_->set(app_, "n", "9223372036854775807"));
  EXPECT_EQ(store_->act(app_, "n", Action::kIncrement).error().reason, Reason::kBadRequest);
  EXPECT_EQ(store_->get(app_, "n").value(), "9223372036854775807");
}

TEST_F(KeyValue, RefusesAnUnknownAppKey) {
  EXPECT_EQ(store_->get("nosuchky", "a").error().reason, Reason::kNotFound);
  EXPECT_EQ(store_->set("nosuchky", "a", "1").error().reason, Reason::kNotFound);
}

TEST_F(KeyValue, RefusesWhatIsTooLong) {
  EXPECT_EQ(store_->set(app_, std::string(kKeyBytesMax + 1, 'k'), "1").error().reason, Reason::kRequestEntityTooLarge);
  EXPECT_EQ(store_->set(app_, "k", std::string(kValueBytesMax + 1, 'v')).error().reason, Reason::kRequestEntityTooLarge);
}

}  // namespace
}  // namespace stint::keyvalue
