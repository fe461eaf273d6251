#include "tests/unit/update-module/transport/http_site.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace two_path::tests {
namespace {

void want(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string("test server: ") + what);
}

/// Clear or TLS, as the server is.
class Wire {
  public:
    Wire(int socket, SSL_CTX* tls)
      : socket_(socket)
      , tls_(tls != nullptr ? SSL_new(tls) : nullptr, &SSL_free) {
        if (!tls_) return;
        SSL_set_fd(tls_.get(), socket);
        good_ = SSL_accept(tls_.get()) == 1;
    }
    bool good() const { return good_; }
    long read(char* into, int size) {
        return tls_ ? SSL_read(tls_.get(), into, size)
                    : ::recv(socket_, into, static_cast<std::size_t>(size), 0);
    }
    void write(const std::string& text) {
        if (tls_)
            SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()));
        else
            static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
    }

  private:
    int socket_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
    bool good_{true};
};

std::size_t length_of(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

std::string read_request(Wire& wire) {
    std::string request;
    std::array<char, 4096> some{};
    for (;;) {
        const auto head = request.find("\r\n\r\n");
        if (head != std::string::npos && request.size() >= head + 4 + length_of(request.substr(0, head)))
            return request;
        const auto got = wire.read(some.data(), static_cast<int>(some.size()));
        if (got <= 0) return request;
        request.append(some.data(), static_cast<std::size_t>(got));
    }
}

} // namespace

std::string http_answer(const std::string& status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string refusal(const std::string& status, const std::string& reason, const std::string& headers) {
    return http_answer(status,
                       R"({"error":"no","request_id":"r","detail":"said so","reason":")" + reason + "\"}",
                       "Content-Type: application/json\r\n" + headers);
}

TestCertificate::TestCertificate(const std::string& folder, long begins, const std::string& name,
                                 const std::string& common_name, const TestCertificate* issuer)
  : certificate_file(folder + "/server.crt")
  , key_file(folder + "/server.key")
  , certificate(X509_new(), &X509_free)
  , key(EVP_EC_gen("P-256"), &EVP_PKEY_free) {
    auto* const made = certificate.get();
    want(key && made, "no key");
    constexpr long hour = 3600;
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), begins);
    X509_gmtime_adj(X509_getm_notAfter(made), begins + hour);
    X509_set_pubkey(made, key.get());
    auto* const subject = X509_get_subject_name(made);
    const std::vector<unsigned char> common(common_name.begin(), common_name.end());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common.data(), static_cast<int>(common.size()),
                               -1, 0);
    X509_set_issuer_name(made, issuer ? X509_get_subject_name(issuer->certificate.get()) : subject);
    const std::pair<int, std::string> extensions[] = {{NID_subject_alt_name, name},
                                                      {NID_basic_constraints, "critical,CA:TRUE"},
                                                      {NID_subject_key_identifier, "hash"},
                                                      {NID_authority_key_identifier, "keyid"}};
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer->certificate.get() : made, made, nullptr, nullptr, 0);
    for (const auto& [kind, value] : extensions) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
        X509_add_ext(made, extension.get(), -1);
    }
    want(X509_sign(made, issuer ? issuer->key.get() : key.get(), EVP_sha256()) > 0, "no signature");
    const auto write = [](const std::string& path, const auto& print) {
        const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "w"), &std::fclose);
        want(file && print(file.get()) == 1, "cannot write a certificate");
    };
    write(certificate_file, [&](FILE* file) { return PEM_write_X509(file, made); });
    if (issuer)
        std::ofstream(certificate_file, std::ios::app) << std::ifstream(issuer->certificate_file).rdbuf();
    write(key_file, [&](FILE* file) {
        return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

HttpSite::HttpSite(const TestCertificate* certificate)
  : secure_(certificate != nullptr) {
    if (secure_) {
        tls_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
        want(SSL_CTX_use_certificate_chain_file(tls_.get(), certificate->certificate_file.c_str()) == 1 &&
                 SSL_CTX_use_PrivateKey_file(tls_.get(), certificate->key_file.c_str(), SSL_FILETYPE_PEM) ==
                     1,
             "cannot use the certificate");
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    want(::bind(listener_, generic, size) == 0 && ::listen(listener_, 8) == 0 &&
             ::getsockname(listener_, generic, &size) == 0,
         "cannot listen");
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

HttpSite::~HttpSite() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
}

void HttpSite::then(std::string answer) {
    then([answer = std::move(answer)](const std::string&) { return answer; });
}

void HttpSite::then(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
}

std::string HttpSite::url() const {
    return (secure_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

std::vector<std::string> HttpSite::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::vector<long> HttpSite::open_times() {
    const std::lock_guard lock(mutex_);
    return open_times_;
}

void HttpSite::run() {
    // Who only looks at the certificate leaves while TLS still writes.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stop_) {
        pollfd wait{listener_, POLLIN, 0};
        if (::poll(&wait, 1, 20) <= 0) continue;
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        const auto start = std::chrono::steady_clock::now();
        // A client that never leaves must not hold up the end of a test.
        const timeval longest{10, 0};
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
        serve(connection);
        ::close(connection);
        const auto open = std::chrono::steady_clock::now() - start;
        const std::lock_guard lock(mutex_);
        open_times_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(open).count());
    }
}

void HttpSite::serve(int connection) {
    Wire wire(connection, tls_.get());
    if (!wire.good()) return;
    const auto answer = answer_to(read_request(wire));
    if (!answer.empty()) wire.write(answer);
    if (!answer.empty() && !tls_) ::shutdown(connection, SHUT_WR);
    std::array<char, 256> rest{};
    while (wire.read(rest.data(), static_cast<int>(rest.size())) > 0) {
    }
}

std::string HttpSite::answer_to(const std::string& request) {
    Answer answer;
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        if (next_ < answers_.size()) answer = answers_[next_++];
    }
    return answer ? answer(request) : http_answer("500 Unscripted", "");
}

} // namespace two_path::tests
