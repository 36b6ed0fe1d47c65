#include "image/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

namespace stint {
namespace {

constexpr long kConnectSecondsMax = 30;
constexpr long kStallBytesPerSecond = 1024;
constexpr size_t kErrorBytesMax = 16 * 1024;
constexpr long kRedirectsMax = 5;

std::once_flag curl_once;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// The number that `text` begins with, -1 for none.
int64_t leading_number(std::string_view text) {
  int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool worth_another_try(long status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

// The line was there and broke; what never came to be, such as a refused connection or a bad certificate, is told at once.
bool is_broken_line(CURLcode code) {
  return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
         code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

// What libcurl calls back with.
struct Context {
  CURL* curl;
  const BodySink& sink;
  const std::stop_token& stop;
  HttpReply reply;
  int64_t position = 0;  // of the next byte in the whole body

  static int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Context*>(context)->stop.stop_requested() ? 1 : 0;
  }
  static size_t on_body(char* data, size_t, size_t size, void* context) {
    auto* self = static_cast<Context*>(context);
    long status = 0;
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 || status == 206) {
      const bool taken = self->sink(self->position, {data, size});
      self->position += static_cast<int64_t>(size);
      return taken ? size : 0;
    }
    self->reply.body.append(data, std::min(size, kErrorBytesMax - std::min(kErrorBytesMax, self->reply.body.size())));
    return size;
  }
  static size_t on_header(char* data, size_t, size_t size, void* context) {
    auto* self = static_cast<Context*>(context);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {  // of a redirect, or of the answer behind it
      self->reply = {};
      self->position = 0;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    const std::string_view value = trimmed(line.substr(colon + 1));
    const std::string name = lower(line.substr(0, colon));
    if (name == "content-type") self->reply.content_type = value;
    if (name == "www-authenticate") self->reply.authenticate = value;
    if (name == "retry-after") self->reply.retry_after_seconds = std::max<int64_t>(leading_number(value), 0);
    if (name == "content-range" && value.starts_with("bytes ")) self->position = std::max<int64_t>(leading_number(value.substr(6)), 0);
    return size;
  }
};

}  // namespace

struct Transfer::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

struct Transfer::Once {
  CURLcode code;
  std::string words;  // of a failure
  HttpReply reply;
};

Transfer::Transfer(Patience patience, TransferSecurity security, std::stop_token stop)
    : patience_(patience), security_(std::move(security)), stop_(std::move(stop)) {
  std::call_once(curl_once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_ = std::make_unique<Handle>();
}

Transfer::Transfer(Transfer&& other) noexcept = default;
Transfer::~Transfer() = default;

std::string Transfer::escape(const std::string& text) const {
  char* escaped = curl_easy_escape(handle_->curl, text.c_str(), static_cast<int>(text.size()));
  std::string out = escaped != nullptr ? escaped : "";
  curl_free(escaped);
  return out;
}

bool Transfer::pause(std::chrono::milliseconds wait) const {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop_, wait, [] { return false; });
  return !stop_.stop_requested();
}

Transfer::Once Transfer::get_once(const Request& request, const BodySink& sink, int64_t offset) {
  CURL* curl = handle_->curl;
  Context context{.curl = curl, .sink = sink, .stop = stop_, .reply = {}};
  curl_easy_reset(curl);
  curl_slist* headers = nullptr;
  if (!request.accept.empty()) headers = curl_slist_append(headers, ("Accept: " + request.accept).c_str());
  // libcurl itself keeps this header from other hosts when a blob redirects to one.
  if (!request.authorization.empty()) headers = curl_slist_append(headers, ("Authorization: " + request.authorization).c_str());
  const std::string range = std::to_string(offset) + "-";
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  if (offset > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "stint/" STINT_VERSION);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A form holds a secret, which libcurl would send to whatever host a redirect names.
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.form.empty() ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, security_.plain_http ? "http,https" : "https");
  if (!request.form.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.form.c_str());
  if (!security_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, security_.ca_file.c_str());
  if (security_.skip_verify) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSecondsMax);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, patience_.stall_seconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Context::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &context);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Context::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &context);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Context::on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &context);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &context.reply.status);
  return {.code = code, .words = words[0] != '\0' ? words : curl_easy_strerror(code), .reply = std::move(context.reply)};
}

Result<HttpReply> Transfer::get(const Request& request, const BodySink& sink) {
  int64_t reached = 0, furthest = 0;  // bytes that the sink has, and had at most
  const BodySink counted = [&](int64_t offset, std::string_view bytes) {
    reached = offset + static_cast<int64_t>(bytes.size());
    return sink(offset, bytes);
  };
  auto wait = patience_.first_wait;
  int breaks = 0;
  for (int tries = 1;; ++tries) {
    Once once = get_once(request, counted, request.resume ? reached : 0);
    const bool busy = once.code == CURLE_OK && worth_another_try(once.reply.status);
    const std::chrono::seconds asked(busy ? once.reply.retry_after_seconds : 0);
    const bool news = reached > furthest;
    const bool broken = is_broken_line(once.code) || (once.code == CURLE_OPERATION_TIMEDOUT && news);
    furthest = std::max(furthest, reached);
    if (news) tries = 1;
    if (broken) ++breaks;
    const bool last =
        !(broken || busy) || tries >= patience_.tries_max || breaks > patience_.breaks_max || asked > patience_.asked_wait_max;
    if (!last && ((news && broken) || pause(std::max<std::chrono::milliseconds>(asked, wait)))) {
      if (!news) wait *= 2;
      continue;
    }
    if (once.code != CURLE_OK) return fail(Reason::kServiceUnavailable, "get " + request.url + ": " + once.words);
    return std::move(once.reply);
  }
}

}  // namespace stint
