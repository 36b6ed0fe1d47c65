// Image references: what is read, printed in full, reads as the same.
#include "fuzz.h"
#include "image/image_store.h"

void stint::fuzz::run(std::string_view input) {
  const Result<ImageReference> reference = ImageReference::parse(input);
  if (!reference) return;
  expect(!reference->registry.empty() && !reference->repository.empty(), input);
  expect(!reference->tag.empty() || !reference->digest.empty(), input);
  const std::string text = reference->to_string();
  const Result<ImageReference> again = ImageReference::parse(text);
  expect(again.has_value(), input, text);
  expect_equal(again->to_string(), text);
}
