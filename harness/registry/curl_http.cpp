// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/registry/authorities.hpp"
#include "harness/registry/http.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::registry {

namespace {

constexpr std::size_t max_connections = 4;

/// The bytes of a request, which libcurl may want again from the start: when a connection that it used again turns out
/// to be closed.
class Source {
 public:
  explicit Source(const Request& request) : text_(request.body), size_(request.body.size()) {
    if (request.body_file.empty()) return;
    file_ = FileDescriptor(::open(request.body_file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0)
      throw system_error("reading " + request.body_file.string(), errno);
    const auto end = static_cast<std::uint64_t>(status.st_size);
    start_ = request.body_offset;
    size_ = request.body_size.value_or(end - std::min(start_, end));
    if (start_ + size_ > end)
      throw Error("reading " + request.body_file.string() + ": it has become shorter");
  }

  std::uint64_t size() const { return size_; }

  static std::size_t read(char* to, std::size_t size, std::size_t count, void* self) {
    auto& source = *static_cast<Source*>(self);
    if (!source.file_) {
      const std::size_t n = std::min(size * count, source.text_.size() - source.offset_);
      std::memcpy(to, source.text_.data() + source.offset_, n);
      source.offset_ += n;
      return n;
    }
    const std::uint64_t left = source.size_ - source.offset_;
    const ssize_t n = ::pread(source.file_.get(), to, std::min<std::uint64_t>(size * count, left),
                              static_cast<off_t>(source.start_ + source.offset_));
    if (n < 0) return CURL_READFUNC_ABORT;
    source.offset_ += static_cast<std::size_t>(n);
    return static_cast<std::size_t>(n);
  }

  static int seek(void* self, curl_off_t offset, int origin) {
    auto& source = *static_cast<Source*>(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > source.size_)
      return CURL_SEEKFUNC_CANTSEEK;
    source.offset_ = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

 private:
  std::string_view text_;
  FileDescriptor file_;
  std::uint64_t start_ = 0, size_;
  std::size_t offset_ = 0;
};

/// What comes in during one exchange.
struct Incoming {
  const Request& request;
  const std::stop_token& stop;
  CURL* handle;
  Response response{};
  bool whole_head = false;  ///< the empty line behind the headers came
  bool too_big = false;
  std::exception_ptr failure{};  ///< of the sink

  static std::size_t header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& incoming = *static_cast<Incoming*>(self);
    const std::string_view line(bytes, size * count);
    // Another answer begins: after "100 Continue", say.
    if (line.starts_with("HTTP/")) {
      incoming.response.headers.clear();
      incoming.whole_head = false;
    }
    if (text::trim(line).empty()) incoming.whole_head = true;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size * count;
    std::string name(text::trim(line.substr(0, colon)));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    incoming.response.headers.emplace_back(std::move(name), text::trim(line.substr(colon + 1)));
    return size * count;
  }

  static std::size_t body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& incoming = *static_cast<Incoming*>(self);
    const std::string_view piece(bytes, size * count);
    long status = 0;
    curl_easy_getinfo(incoming.handle, CURLINFO_RESPONSE_CODE, &status);
    if (incoming.request.sink && status >= 200 && status < 300) {
      try {
        incoming.request.sink(piece);
      } catch (...) {
        incoming.failure = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
      }
      return piece.size();
    }
    incoming.too_big = incoming.response.body.size() + piece.size() > incoming.request.max_answer;
    if (incoming.too_big) return CURL_WRITEFUNC_ERROR;
    incoming.response.body += piece;
    return piece.size();
  }

  /// Called about once a second, and whenever bytes move.
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Incoming*>(self)->stop.stop_requested() ? 1 : 0;
  }
};

TransportError::Kind kind_of(CURLcode code, std::string_view message) {
  using Kind = TransportError::Kind;
  const bool reset = message.find("reset by peer") != std::string_view::npos ||
                     message.find("SSL_ERROR_SYSCALL") != std::string_view::npos;
  switch (static_cast<int>(code)) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Kind::unresolved;
    case CURLE_COULDNT_CONNECT:
      return Kind::refused;
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
      return reset ? Kind::broken : Kind::tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Kind::tls;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return Kind::broken;
    default:  // of the hundred codes these are the ones with a meaning here
      return Kind::other;
  }
}

class CurlHttp final : public Http {
 public:
  CurlHttp(const std::vector<std::filesystem::path>& cert_files, const Limits& limits)
      : limits_(limits) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialised != CURLE_OK) throw Error("libcurl does not start", ExitCode::host);
    authorities_ = authorities(cert_files);
  }
  ~CurlHttp() override {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }

  Response send(const Request& request, std::stop_token stop) override {
    const Lease lease(*this, stop);
    return exchange(lease.handle(), request, stop);
  }

 private:
  /// One of the handles, each of which has its connections; waits for its turn.
  class Lease {
   public:
    Lease(CurlHttp& pool, std::stop_token stop) : pool_(pool) {
      std::unique_lock lock(pool_.mutex_);
      const auto free = [&] { return !pool_.idle_.empty() || pool_.made_ < max_connections; };
      if (!pool_.returned_.wait(lock, std::move(stop), free))
        throw Error("interrupted", ExitCode::interrupted);
      if (pool_.idle_.empty()) {
        handle_ = curl_easy_init();
        if (handle_ == nullptr) throw Error("libcurl has no memory", ExitCode::host);
        ++pool_.made_;
      } else {
        handle_ = pool_.idle_.back();
        pool_.idle_.pop_back();
      }
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      {
        const std::lock_guard lock(pool_.mutex_);
        pool_.idle_.push_back(handle_);
      }
      pool_.returned_.notify_one();
    }
    CURL* handle() const { return handle_; }

   private:
    CurlHttp& pool_;
    CURL* handle_ = nullptr;
  };

  void configure(CURL* handle, const Request& request, const Url& url) const {
    curl_easy_reset(handle);  // its connections stay
    curl_easy_setopt(handle, CURLOPT_URL, url.text.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "rtfx");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 10L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits_.stall.count()));
    if (request.own_connection) {
      curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    }
    if (url.is_loopback()) curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (!authorities_.empty()) {
      curl_blob blob{const_cast<char*>(authorities_.data()), authorities_.size(), CURL_BLOB_NOCOPY};
      curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
    } else if (const std::string file = environment("SSL_CERT_FILE"); !file.empty()) {
      curl_easy_setopt(handle, CURLOPT_CAINFO, file.c_str());
    }
    if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    if (request.method != "GET" && request.method != "HEAD")
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  static void send_body(CURL* handle, const Request& request, Source& source) {
    const bool sends = request.method == "PUT" || request.method == "POST" ||
                       request.method == "PATCH" || source.size() > 0;
    if (!sends) return;
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(source.size()));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Source::read);
    curl_easy_setopt(handle, CURLOPT_READDATA, &source);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &Source::seek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &source);
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  }

  Response exchange(CURL* handle, const Request& request, const std::stop_token& stop) const {
    const Url url = parse_url(request.url);
    configure(handle, request, url);
    Source source(request);
    send_body(handle, request, source);

    using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
    List headers(nullptr, &curl_slist_free_all);
    const auto add = [&](const std::string& line) {
      headers = List(curl_slist_append(headers.release(), line.c_str()), &curl_slist_free_all);
    };
    add("Expect:");  // a server that does not know it would cost a second a request
    for (const auto& [name, value] : request.headers) add(name + ": " + value);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());

    Incoming incoming{.request = request, .stop = stop, .handle = handle};
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Incoming::header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &incoming);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Incoming::body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &incoming);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Incoming::progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &incoming);
    std::array<char, CURL_ERROR_SIZE> message{};
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message.data());

    const CURLcode code = curl_easy_perform(handle);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
    if (incoming.failure) std::rethrow_exception(incoming.failure);
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    if (incoming.too_big)
      throw Error("the answer has more than " + std::to_string(request.max_answer) + " bytes");
    if (code != CURLE_OK) {
      const std::string said = message[0] != '\0' ? message.data() : curl_easy_strerror(code);
      throw TransportError(kind_of(code, said), text::one_line(said));
    }
    // libcurl takes a connection that ends within the headers for an answer without a body.
    if (!incoming.whole_head)
      throw TransportError(TransportError::Kind::broken, "the answer ended within its headers");
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    incoming.response.status = static_cast<int>(status);
    return std::move(incoming.response);
  }

  Limits limits_;
  std::string authorities_;
  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<CURL*> idle_;
  std::size_t made_ = 0;
};

}  // namespace

std::unique_ptr<Http> make_curl_http(const std::vector<std::filesystem::path>& cert_files,
                                     const Limits& limits) {
  return std::make_unique<CurlHttp>(cert_files, limits);
}

}  // namespace rtfx::registry
