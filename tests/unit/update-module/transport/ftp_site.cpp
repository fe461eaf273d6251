#include "tests/unit/update-module/transport/ftp_site.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

namespace two_path::tests {
namespace {

using ftp::awaitable;
using ftp::Refusal;

ftp::Descriptor file_of(const Bytes& bytes) {
    ftp::Descriptor file(::memfd_create("served", MFD_CLOEXEC));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto written = ::write(file.get(), bytes.data() + done, bytes.size() - done);
        if (written <= 0) throw std::runtime_error("no room for a file to serve");
        done += static_cast<std::size_t>(written);
    }
    return file;
}

class SiteVisitor : public ftp::Visitor {
  public:
    SiteVisitor(FtpSite& site, ftp::ConnectionHandle handle)
      : site_(site)
      , handle_(std::move(handle)) {}

    awaitable<std::string> challenge(std::string user) override {
        user_ = std::move(user);
        if (site_.challenge) co_return site_.challenge(user_);
        const auto proof = site_.certification.proof(Party::plugin, input());
        co_return "certify " + server_nonce_ + " " + proof;
    }

    awaitable<std::optional<std::string>> authenticate(std::string password) override {
        const int nth = site_.proofs++;
        const bool good = user_.substr(0, user_.find('.')) == site_.session &&
                          site_.certification.proves(password, Party::device, input()) && site_.admit(nth);
        if (!good) co_return std::nullopt;
        ++site_.logins;
        co_return "Welcome.";
    }

    awaitable<std::variant<std::uint64_t, Refusal>> size(std::string name) override {
        const auto file = site_.files.find(name);
        if (file == site_.files.end()) co_return Refusal::not_found;
        co_return std::uint64_t{file->second.size()};
    }

    awaitable<std::variant<ftp::Source, Refusal>> open(std::string name) override {
        const auto file = site_.files.find(name);
        if (file == site_.files.end()) co_return Refusal::not_found;
        nth_ = site_.transfers++;
        sent_ = 0;
        FtpSite::Serving serving;
        if (site_.serve)
            serving = site_.serve(name, nth_);
        else
            serving.bytes = file->second;
        if (!serving.answers) co_await never();
        ftp::Source source;
        source.file = file_of(serving.bytes);
        source.size = serving.bytes.size();
        co_return source;
    }

    void sent(std::uint64_t bytes) noexcept override {
        sent_ += bytes;
        if (site_.sent) site_.sent(nth_, sent_, handle_);
    }

  private:
    ProofInput input() const {
        const std::string_view user = user_;
        const auto dot = std::min(user.find('.'), user.size() - 1);
        return {Mode::pull, site_.session, user.substr(dot + 1), server_nonce_};
    }

    awaitable<void> never() {
        const auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::steady_timer timer(executor, std::chrono::hours(1));
        ftp::error_code ec;
        co_await timer.async_wait(ftp::into(ec));
    }

    FtpSite& site_;
    ftp::ConnectionHandle handle_;
    std::string user_;
    const std::string server_nonce_ = make_nonce();
    int nth_{0};
    std::uint64_t sent_{0};
};

} // namespace

FtpSite::FtpSite() {
    ftp::ServerOptions options;
    options.login_failure_delay = ftp::milliseconds(1);
    server_ = std::make_unique<ftp::Server>(loop_.get_executor(), *this, options);
    const auto loopback = boost::asio::ip::make_address("127.0.0.1");
    if (const auto error = server_->listen({loopback, 0})) throw std::runtime_error(error.message());
    port_ = server_->local_endpoint().port();
    thread_ = std::thread([this] { loop_.run(); });
}

FtpSite::~FtpSite() {
    loop_.stop();
    thread_.join();
}

std::unique_ptr<ftp::Visitor> FtpSite::connected(const ftp::Peer&, ftp::ConnectionHandle handle) {
    ++connections;
    return std::make_unique<SiteVisitor>(*this, std::move(handle));
}

} // namespace two_path::tests
