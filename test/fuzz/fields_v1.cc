// Field sets, A === B: what is read is written as the same set; the operations agree with each other.
#include "api/field_set.h"
#include "fuzz.h"

namespace {

using stint::FieldSet;
using stint::fuzz::expect;

FieldSet parsed(std::string_view text) {
  const auto set = FieldSet::parse(text);
  expect(set.has_value(), text);
  return *set;
}

}  // namespace

void stint::fuzz::run(std::string_view input) {
  const auto [first, second] = parts<2>(input);
  const Result<FieldSet> a = FieldSet::parse(first), b = FieldSet::parse(second);
  if (!a) return;
  const std::string text = a->to_text();
  expect(parsed(text) == *a, text);
  expect_equal(parsed(text).to_text(), text);
  FieldSet nothing = *a;
  nothing.subtract(*a);
  expect(nothing.empty(), text);
  for (const auto& path : a->paths()) {
    expect(a->contains(path), text);
    expect(!shown(path).empty(), text);
  }
  if (!b) return;
  const std::string other = b->to_text();
  FieldSet sum = *a, reverse = *b, rest = *a;
  sum.add(*b);
  reverse.add(*a);
  expect(sum == reverse, text, other);
  rest.subtract(*b);
  expect(!rest.intersects(*b), text, other);
  expect(rest.intersects(*a) != rest.empty(), text, other);
  rest.add(a->intersection(*b));
  expect(rest == *a, text, other);
  sum.subtract_trees(*a);
  expect(!sum.intersects(*a), text, other);
}
