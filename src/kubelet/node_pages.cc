#include "kubelet/node_pages.h"

namespace stint {
namespace {

constexpr size_t kPageBytesMax = size_t{32} << 20;
constexpr Duration kPageMax = std::chrono::seconds(30);

Task<Result<std::string>> whole_body(http::ClientConnection& stream) {
  std::string body;
  while (true) {
    CO_TRY(const std::string piece, co_await stream.read_body());
    if (piece.empty()) co_return body;
    body += piece;
    if (body.size() > kPageBytesMax) co_return fail(Reason::kInternalError, "the kubelet's page is too long");
  }
}

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
  auto body = co_await with_timeout(kubelets_.loop(), kPageMax, whole_body(*kubelet.stream));
  if (!body) co_return fail(Reason::kServiceUnavailable, "the kubelet of node \"" + node + "\" does not come to an end");
  CO_TRY(page.body, *std::move(body));
  co_return page;
}

}  // namespace stint
