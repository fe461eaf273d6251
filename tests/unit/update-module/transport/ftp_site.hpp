/// The plugin's end of the second path as a script: certification, files, and all that can go wrong.
#pragma once

#include "ftp/server.hpp"
#include "protocol/certification.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace two_path::tests {

/// An FTP server in a thread. Everything public is set before the transfer starts, or read after it ended.
/// Start processes before it: it has a thread.
class FtpSite : public ftp::Service {
  public:
    /// What a RETR serves.
    struct Serving {
        Bytes bytes;
        bool answers = true; ///< false: the reply never comes
    };

    FtpSite();
    ~FtpSite() override;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    std::string session = make_nonce();
    Certification certification = Certification::make();
    std::map<std::string, Bytes> files;

    /// What the `nth` RETR (from 0) gives, from the file's start; `files` unless set.
    std::function<Serving(const std::string& name, int nth)> serve;
    /// After each piece of the nth RETR: bytes sent so far, and the connection.
    std::function<void(int nth, std::uint64_t bytes, const ftp::ConnectionHandle& connection)> sent;
    /// Instead of the challenge that certifies.
    std::function<std::string(const std::string& user)> challenge;
    /// Whether the device's proof lets it in; asked for the nth login.
    std::function<bool(int nth)> admit = [](int) { return true; };

    std::atomic<int> connections{0};
    std::atomic<int> proofs{0}; ///< PASS commands
    std::atomic<int> logins{0}; ///< that held
    std::atomic<int> transfers{0};

    std::unique_ptr<ftp::Visitor> connected(const ftp::Peer& peer, ftp::ConnectionHandle handle) override;

  private:
    boost::asio::io_context loop_;
    std::unique_ptr<ftp::Server> server_;
    std::uint16_t port_{0};
    std::thread thread_;
};

} // namespace two_path::tests
