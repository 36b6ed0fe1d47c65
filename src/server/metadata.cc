#include "server/metadata.h"

#include <algorithm>
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
  if (kind.has_generation) meta.set_generation(1);  // of other kinds it is the client's
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
  // Who says that an object goes that does not is told so by validation.
  if (was.has_deletiontimestamp()) *meta.mutable_deletiontimestamp() = was.deletiontimestamp();
  if (was.has_deletiongraceperiodseconds() && !meta.has_deletiongraceperiodseconds()) {
    meta.set_deletiongraceperiodseconds(was.deletiongraceperiodseconds());
  }
}

void drop_duplicate_owners(Message& object, bool by_patch, std::vector<std::string>& warnings) {
  auto& owners = *mutable_meta(object).mutable_ownerreferences();
  std::string dropped;
  for (int i = 0; i < owners.size();) {
    const auto before = owners.begin() + i;
    const bool again =
        std::any_of(owners.begin(), before, [&](const metav1::OwnerReference& one) { return semantically_equal(one, *before); });
    if (!again) {
      ++i;
      continue;
    }
    dropped.append(dropped.empty() ? "" : ", ").append(before->uid());
    owners.DeleteSubrange(i, 1);
  }
  if (dropped.empty()) return;
  // Upstream looks at patches only then.
  const std::string when = by_patch ? " after mutating admission happens" : "";
  warnings.push_back(".metadata.ownerReferences contains duplicate entries" + when +
                     "; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your "
                     "requests; duplicate UID(s) observed: " +
                     dropped);
}

void advance_generation(const Kind& kind, Message& next, const Message& old) {
  if (!kind.has_generation) return;
  const Message* spec = spec_of(next);
  if (spec == nullptr || same_bytes(*spec, *spec_of(old)) || semantically_equal(*spec, *spec_of(old))) return;
  mutable_meta(next).set_generation(meta(old).generation() + 1);
}

}  // namespace stint
