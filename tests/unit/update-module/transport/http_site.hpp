/// The plugin's end of the first path as a script: answers, word for word, in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace two_path::tests {

/// An answer's text, with its length.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& body,
                                      const std::string& headers = "Content-Type: application/json\r\n");
/// The plugin's way to refuse.
[[nodiscard]] std::string refusal(const std::string& status, const std::string& reason,
                                  const std::string& headers = {});

/// A certificate for 127.0.0.1, valid from `begins` seconds from now for an hour, with `subject` as its
/// common name. Self-signed, or signed by `issuer`, whose certificates then follow it in its file.
struct TestCertificate {
    explicit TestCertificate(const std::string& folder, long begins = -60,
                             const std::string& name = "IP:127.0.0.1", const std::string& subject = "plugin",
                             const TestCertificate* issuer = nullptr);
    std::string certificate_file;
    std::string key_file;
    std::shared_ptr<x509_st> certificate;
    std::shared_ptr<evp_pkey_st> key;
};

/// A server in a thread, one connection at a time. Each answer serves one connection; one more gets 500.
class HttpSite {
  public:
    /// Makes the answer; empty: says nothing until the client leaves.
    using Answer = std::function<std::string(const std::string& request)>;

    explicit HttpSite(const TestCertificate* certificate = nullptr);
    ~HttpSite();

    void then(std::string answer);
    void then(Answer answer);

    [[nodiscard]] std::string url() const;
    /// Whole requests, in order.
    [[nodiscard]] std::vector<std::string> requests();
    /// Milliseconds that each connection was open.
    [[nodiscard]] std::vector<long> open_times();

  private:
    void run();
    void serve(int connection);
    std::string answer_to(const std::string& request);

    bool secure_;
    std::shared_ptr<ssl_ctx_st> tls_;
    int listener_{-1};
    std::uint16_t port_{0};
    std::mutex mutex_;
    std::vector<Answer> answers_;
    std::size_t next_{0};
    std::vector<std::string> requests_;
    std::vector<long> open_times_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace two_path::tests
