#include "kubelet/node_pages.h"

namespace stint {
namespace {

constexpr size_t kPageBytesMax = size_t{32} << 20;
constexpr Duration kPageMax = std::chrono::seconds(30);

}  // namespace

Task<Result<NodePage>> NodePages::page(std::string node, std::string target) {
  CO_TRY(const auto found, co_await get<corev1::Node>(client_, "", node));
  if (own_ != nullptr && node == own_name_) co_return co_await own_->page(std::move(node), std::move(target));
  CO_TRY(KubeletClient::Connection kubelet, co_await kubelets_.connect(node));
  auto head = co_await with_timeout(kubelets_.loop(), kPageMax, kubelet.stream->get(kubelet.authority, target, ""));
  if (!head) co_return fail(Reason::kServiceUnavailable, "the kubelet of node \"" + node + "\" does not answer");
  CO_TRY(const http::ResponseHead answer, *std::move(head));
  NodePage page{.code = answer.status, .content_type = "text/plain; charset=utf-8"};
  if (const std::string_view type = answer.header("Content-Type"); !type.empty()) page.content_type = type;
  page.body = co_await kubelet.stream->read_text(kPageBytesMax);
  co_return page;
}

}  // namespace stint
