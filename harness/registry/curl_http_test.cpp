// SPDX-License-Identifier: Apache-2.0
//
// The real Http against a server of this test that says what it is told to.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/files.hpp"
#include "harness/registry/http.hpp"

namespace rtfx::registry {
namespace {

using namespace std::chrono_literals;
using Kind = TransportError::Kind;

/// Listens on loopback; reads one request a connection (with its body), sends `answer`, closes.
class Server {
 public:
  explicit Server(std::string answer) : answer_(std::move(answer)) {
    listener_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 16);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~Server() {
    thread_.request_stop();
    ::shutdown(listener_.get(), SHUT_RDWR);
  }

  std::string url;
  bool silent = false;  ///< takes connections and says nothing
  std::string request() {
    const std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  void serve(const std::stop_token& stop) {
    std::vector<FileDescriptor> silent_ones;
    while (!stop.stop_requested()) {
      FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) continue;
      if (silent) {
        silent_ones.push_back(std::move(connection));
        continue;
      }
      std::string request = read_request(connection.get());
      {
        const std::lock_guard lock(mutex_);
        request_ = std::move(request);
      }
      ::send(connection.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }
  static std::string read_request(int fd) {
    std::string request;
    char buffer[65536];
    const auto whole = [&] {
      if (request.starts_with('\x16')) return true;  // the hello of TLS
      const std::size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::size_t at = request.find("Content-Length: ");
      const std::size_t length = at == std::string::npos ? 0 : std::stoul(request.substr(at + 16));
      return request.size() >= end + 4 + length;
    };
    while (!whole()) {
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      request.append(buffer, static_cast<std::size_t>(n));
    }
    return request;
  }

  std::string answer_;
  FileDescriptor listener_;
  std::mutex mutex_;
  std::string request_;
  std::jthread thread_;
};

Kind kind_of(const Request& request, const Limits& limits = {}) {
  try {
    make_curl_http({}, limits)->send(request, {});
  } catch (const TransportError& error) {
    EXPECT_EQ(error.code(), ExitCode::host);
    return error.kind();
  }
  ADD_FAILURE() << "an answer";
  return Kind::other;
}

TEST(CurlHttp, gives_status_headers_and_body) {
  Server server(
      "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 404 No\r\nX-Two: "
      "a\r\nx-two:b\r\nContent-Length: 4\r\n\r\nbody");
  const Response response = make_curl_http()->send({.url = server.url}, {});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers, (Headers{{"x-two", "a"}, {"x-two", "b"}, {"content-length", "4"}}));
  EXPECT_EQ(response.body, "body");
}

TEST(CurlHttp, sends_headers_and_nothing_of_its_own_that_hurts) {
  Server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  make_curl_http()->send({.url = server.url, .headers = {{"Accept", "a/b"}}}, {});
  EXPECT_TRUE(server.request().starts_with("GET / HTTP/1.1\r\n")) << server.request();
  EXPECT_NE(server.request().find("Accept: a/b\r\n"), std::string::npos);
  for (const char* unwanted : {"Expect:", "Accept-Encoding:", "Authorization:"})
    EXPECT_EQ(server.request().find(unwanted), std::string::npos) << unwanted;
}

TEST(CurlHttp, sends_texts_and_files) {
  Server server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  const auto http = make_curl_http();
  http->send({.method = "PUT", .url = server.url, .body = "some text"}, {});
  EXPECT_TRUE(server.request().ends_with("\r\n\r\nsome text")) << server.request();
  EXPECT_NE(server.request().find("Content-Length: 9\r\n"), std::string::npos);

  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "blob", std::string(3'000'000, 'x'));
  http->send({.method = "PUT", .url = server.url, .body_file = directory.path() / "blob"}, {});
  EXPECT_NE(server.request().find("Content-Length: 3000000\r\n"), std::string::npos);
  EXPECT_TRUE(server.request().ends_with(std::string(1000, 'x')));

  http->send({.method = "POST", .url = server.url}, {});
  EXPECT_TRUE(server.request().starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(server.request().find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(CurlHttp, follows_no_redirect_and_reads_no_body_of_head) {
  Server server("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 5\r\n\r\n");
  const Response response = make_curl_http()->send({.method = "HEAD", .url = server.url}, {});
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(response.header("location"), "http://127.0.0.1:1/");
  EXPECT_EQ(response.header("content-length"), "5");
}

TEST(CurlHttp, a_sink_gets_what_is_ok_and_nothing_else) {
  std::string got;
  const auto sink = [&](std::string_view bytes) { got += bytes; };
  Server good("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(make_curl_http()->send({.url = good.url, .sink = sink}, {}).body, "");
  EXPECT_EQ(got, "body");
  Server bad("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops");
  EXPECT_EQ(make_curl_http()->send({.url = bad.url, .sink = sink}, {}).body, "oops");
  EXPECT_EQ(got, "body");
}

TEST(CurlHttp, what_a_sink_throws_is_thrown) {
  Server server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  try {
    make_curl_http()->send(
        {.url = server.url, .sink = [](std::string_view) { throw Error("the disk is full"); }}, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the disk is full");
  }
}

TEST(CurlHttp, too_much_is_an_error) {
  Server server("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_THROW(make_curl_http()->send({.url = server.url, .max_answer = 999}, {}), Error);
  EXPECT_EQ(make_curl_http()->send({.url = server.url, .max_answer = 1000}, {}).body.size(), 1000u);
}

TEST(CurlHttp, less_than_was_promised_is_a_broken_connection) {
  Server half("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
  EXPECT_EQ(kind_of({.url = half.url}), Kind::broken);
  Server none("");
  EXPECT_EQ(kind_of({.url = none.url}), Kind::broken);
  Server chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n9\r\nabc");
  EXPECT_EQ(kind_of({.url = chunked.url}), Kind::broken);
}

TEST(CurlHttp, an_answer_that_ends_within_its_headers_is_a_broken_connection) {
  for (const char* method : {"GET", "HEAD"}) {
    for (const char* head : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
                             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"}) {
      Server server(head);
      EXPECT_EQ(kind_of({.method = method, .url = server.url}), Kind::broken) << method << head;
    }
  }
}

TEST(CurlHttp, what_is_not_http_is_told) {
  Server garbage("SSH-2.0-OpenSSH_9.2p1\r\n");
  EXPECT_EQ(kind_of({.url = garbage.url}), Kind::other);
}

TEST(CurlHttp, nobody_there) {
  EXPECT_EQ(kind_of({.url = "http://127.0.0.1:1/"}), Kind::refused);
  EXPECT_EQ(kind_of({.url = "http://nobody.invalid/"}), Kind::unresolved);
  Server plain("HTTP/1.1 400 plain http\r\n\r\n");
  EXPECT_EQ(kind_of({.url = "https" + plain.url.substr(4)}), Kind::tls);
}

TEST(CurlHttp, silence_ends) {
  Server server("");
  server.silent = true;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of({.url = server.url}, {.stall = 1s}), Kind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(CurlHttp, stops_when_asked_to) {
  Server server("");
  server.silent = true;
  std::stop_source stop;
  const std::jthread later([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  try {
    make_curl_http()->send({.url = server.url}, stop.get_token());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(CurlHttp, many_threads_share_four_connections) {
  Server server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  const auto http = make_curl_http();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i)
      threads.emplace_back(
          [&] { good += http->send({.url = server.url}, {}).body == "body" ? 1 : 0; });
  }
  EXPECT_EQ(good, 12);
}

TEST(CurlHttp, authorities_must_be_certificates) {
  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "empty.pem", "");
  for (const auto& file : {directory.path() / "none.pem", directory.path() / "empty.pem"}) {
    try {
      make_curl_http({file});
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace rtfx::registry
