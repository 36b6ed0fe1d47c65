#include "node/probes/fetcher.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace stint {
namespace {

constexpr int kPollMs = 1000;

struct Job {
  Job(Loop& loop, FetchRequest asked) : request(std::move(asked)), done(loop) {}

  const FetchRequest request;
  // The thread's until `done` is posted.
  FetchAnswer answer;
  curl_slist* headers = nullptr;
  size_t header_bytes = 0;
  bool cut = false;  // enough of the body was read
  char error[CURL_ERROR_SIZE] = "";
  Event done;  // the loop's
};
using JobPtr = std::shared_ptr<Job>;

size_t take_body(char* bytes, size_t, size_t size, void* to) {
  auto& job = *static_cast<Job*>(to);
  const size_t room = Fetcher::kBodyBytesMax - job.answer.body.size();
  job.answer.body.append(bytes, std::min(room, size));
  if (size <= room) return size;
  job.cut = true;
  return CURL_WRITEFUNC_ERROR;
}

size_t take_header(char* bytes, size_t, size_t size, void* to) {
  auto& job = *static_cast<Job*>(to);
  job.header_bytes += size;
  if (job.header_bytes > Fetcher::kHeaderBytesMax) return 0;
  const std::string_view line(bytes, size);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  const size_t from = value.find_first_not_of(" \t");
  const size_t to_last = value.find_last_not_of(" \t\r\n");
  job.answer.headers[name] = from == std::string_view::npos ? "" : std::string(value.substr(from, to_last - from + 1));
  return size;
}

long http_version(const FetchRequest& request) {
  if (request.http2) return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  return request.url.starts_with("https:") ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
}

void set_options(CURL* easy, Job& job) {
  const FetchRequest& request = job.request;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(request.timeout).count()));
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http_version(request));
  if (request.connect_only) curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  if (request.post) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  }
  for (const auto& header : request.headers) job.headers = curl_slist_append(job.headers, header.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job.headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &job);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &job);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job.error);
}

void read_answer(CURL* easy, CURLcode code, Job& job) {
  FetchAnswer& answer = job.answer;
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && job.cut)) {
    answer.kind = FetchAnswer::Kind::kAnswered;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    char* location = nullptr;
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
    if (location != nullptr) answer.location = location;
    return;
  }
  answer.error = job.error[0] != '\0' ? job.error : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) answer.kind = FetchAnswer::Kind::kTimedOut;
  // What OpenSSL makes of a plain answer to its first record.
  if (code == CURLE_SSL_CONNECT_ERROR && answer.error.find("wrong version number") != std::string::npos)
    answer.kind = FetchAnswer::Kind::kNotTls;
}

}  // namespace

class Fetcher::Worker {
 public:
  explicit Worker(Loop& loop) : loop_(loop), multi_(curl_multi_init()), thread_([this] { run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  bool add(JobPtr job) {
    {
      const std::lock_guard lock(mutex_);
      if (count_ >= kAtOnceMax) return false;
      ++count_;
      incoming_.push_back(std::move(job));
    }
    curl_multi_wakeup(multi_);
    return true;
  }

 private:
  void run() {
    while (begin_new()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
        if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
      curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    while (!jobs_.empty()) forget(jobs_.begin()->first);
  }

  bool begin_new() {
    std::vector<JobPtr> fresh;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      fresh.swap(incoming_);
    }
    for (auto& job : fresh) {
      CURL* easy = curl_easy_init();
      set_options(easy, *job);
      jobs_.emplace(easy, std::move(job));
      curl_multi_add_handle(multi_, easy);
    }
    return true;
  }

  void finish(CURL* easy, CURLcode code) {
    const JobPtr job = jobs_.at(easy);
    read_answer(easy, code, *job);
    forget(easy);
    loop_.post_from_thread([job] { job->done.set(); });
  }

  void forget(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(jobs_.at(easy)->headers);
    jobs_.erase(easy);
    const std::lock_guard lock(mutex_);
    --count_;
  }

  Loop& loop_;
  CURLM* multi_;
  std::unordered_map<CURL*, JobPtr> jobs_;  // the thread's

  std::mutex mutex_;  // of what follows
  std::vector<JobPtr> incoming_;
  size_t count_ = 0;
  bool stopping_ = false;

  std::thread thread_;  // last: runs with all of the above
};

Fetcher::Fetcher(Loop& loop) : loop_(loop) {}
Fetcher::~Fetcher() = default;

Task<FetchAnswer> Fetcher::fetch(FetchRequest request) {
  if (!worker_) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    worker_ = std::make_unique<Worker>(loop_);
  }
  const auto job = std::make_shared<Job>(loop_, std::move(request));
  if (!worker_->add(job)) co_return FetchAnswer{.error = "too many checks at once"};
  co_await job->done.wait();
  co_return std::move(job->answer);
}

}  // namespace stint
