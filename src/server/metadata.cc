#include "server/metadata.h"

#include <array>

#include "api/equality.h"

namespace stint {

namespace {

constexpr size_t kGeneratedBaseBytesMax = 58;
constexpr size_t kSuffixBytes = 5;
constexpr std::string_view kSuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

// What a generation is of: the spec, or a PodTemplate's template. Null when the kind has neither.
const Message* spec_of(const Message& object) {
  const auto* field = object.GetDescriptor()->FindFieldByName("spec");
  if (field == nullptr) field = object.GetDescriptor()->FindFieldByName("template");
  if (field == nullptr || field->message_type() == nullptr) return nullptr;
  return &object.GetReflection()->GetMessage(object, field);
}

}  // namespace

std::string make_uid(Rng& rng) {
  std::array<uint64_t, 2> bits = {rng.next(), rng.next()};
  bits[0] = (bits[0] & ~0xf000ULL) | 0x4000ULL;        // version 4
  bits[1] = (bits[1] & ~(3ULL << 62)) | (2ULL << 62);  // RFC 4122 variant
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text += '-';
    text += kHex[(bits[digit / 16] >> (60 - 4 * (digit % 16))) & 0xf];
  }
  return text;
}

std::string generate_name(std::string_view base, Rng& rng) {
  std::string name(base.substr(0, kGeneratedBaseBytesMax));
  for (size_t i = 0; i < kSuffixBytes; ++i) name += kSuffixAlphabet[rng.next() % kSuffixAlphabet.size()];
  return name;
}

void fill_system_metadata(const Kind& kind, Message& object, std::string_view ns, Rng& rng, WallTime now) {
  metav1::ObjectMeta& meta = mutable_meta(object);
  if (kind.namespaced) {
    meta.set_namespace_(std::string(ns));
  } else {
    meta.clear_namespace_();
  }
  meta.set_uid(make_uid(rng));
  *meta.mutable_creationtimestamp() = to_time(now);
  meta.clear_selflink();
  meta.clear_resourceversion();
  meta.clear_deletiontimestamp();
  meta.clear_deletiongraceperiodseconds();
  if (kind.has_generation) {
    meta.set_generation(1);
  } else {
    meta.clear_generation();
  }
}

void keep_system_metadata(Message& next, const Message& old) {
  metav1::ObjectMeta& meta = mutable_meta(next);
  const metav1::ObjectMeta& was = stint::meta(old);
  if (meta.namespace_().empty()) meta.set_namespace_(was.namespace_());
  if (was.namespace_().empty()) meta.clear_namespace_();
  if (meta.uid().empty()) meta.set_uid(was.uid());
  meta.clear_selflink();
  if (was.has_generation()) {
    meta.set_generation(was.generation());
  } else {
    meta.clear_generation();
  }
  *meta.mutable_creationtimestamp() = was.creationtimestamp();
  if (was.has_deletiontimestamp()) {
    *meta.mutable_deletiontimestamp() = was.deletiontimestamp();
  } else {
    meta.clear_deletiontimestamp();
  }
  if (was.has_deletiongraceperiodseconds()) {
    meta.set_deletiongraceperiodseconds(was.deletiongraceperiodseconds());
  } else {
    meta.clear_deletiongraceperiodseconds();
  }
}

void advance_generation(const Kind& kind, Message& next, const Message& old) {
  if (!kind.has_generation) return;
  const Message* spec = spec_of(next);
  if (spec == nullptr || semantically_equal(*spec, *spec_of(old))) return;
  mutable_meta(next).set_generation(meta(old).generation() + 1);
}

}  // namespace stint
