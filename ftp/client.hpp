/// An FTP client that trusts its server with nothing but bytes.
#pragma once

#include "ftp/asio.hpp"
#include "ftp/descriptor.hpp"
#include "ftp/error.hpp"
#include "ftp/port_range.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace two_path::ftp {

/// Limits of a client. Every wait has one.
struct ClientOptions {
    milliseconds connect_time{10'000}; ///< each TCP connection, control or data
    milliseconds banner_time{5'000};   ///< from the connection to 220
    /// Of data connections; a reply that names another port fails with `bad_port`. Below 1024 are other
    /// people's services.
    PortRange data_ports = {1024, 65535};
    milliseconds reply_time{30'000};          ///< each reply
    milliseconds login_time{60'000};          ///< USER to 230, the caller's answer included
    milliseconds unacknowledged_time{30'000}; ///< TCP_USER_TIMEOUT and keepalive of both connections
    milliseconds data_progress_time{60'000};  ///< without a byte moving while a file is stored
    std::uint64_t least_rate = 256;           ///< bytes per second that the server takes, over each such time
    milliseconds verdict_time{120'000}; ///< from a stored file's last byte to the reply: it may be verified
};

/// A file that is stored.
struct Upload {
    int file = -1; ///< regular file, open for reading until `store` completes; read at its own offsets
    std::uint64_t size = 0; ///< bytes, at most 2^63-1
    /// From where, at most `size`; none: SIZE is asked, and it goes on where the server says that it ends.
    std::optional<std::uint64_t> offset = {};
    /// Told where the server went on, then each position reached: bytes handed to the kernel; called often.
    /// May be empty.
    std::function<void(std::uint64_t position)> progress = {};
};

/// One control connection, one operation at a time, on one thread. No operation throws for what the network
/// or the server does. After any failure but `refused`, `bad_argument` and `out_of_order` the connection is
/// closed: take a new client.
/// Destroy it only when no operation is under way; `close` ends one.
class Client {
  public:
    /// Given the text after `331 `: the argument of PASS, or nothing, which says QUIT and fails with
    /// `declined`.
    using Answer = std::function<awaitable<std::optional<std::string>>(std::string challenge)>;

    explicit Client(const asio::any_io_executor& executor, ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Connects and reads the banner; once per client.
    awaitable<Outcome<void>> connect(tcp::endpoint server);

    /// USER, the answer, PASS; gives the text after `230 `. A server that lets the user in without asking for
    /// the password is `unexpected_reply`.
    awaitable<Outcome<std::string>> login(std::string user, Answer answer);

    /// SIZE, in TYPE I.
    awaitable<Outcome<std::uint64_t>> size(std::string name);

    /// Starts RETR at `offset` and gives the open data connection, in blocking mode: it belongs to the
    /// caller, who may hand it to another process. Only the server's port is taken from its reply, never an
    /// address. Read it to its end, count the bytes against `size`, close it (ProFTPD waits for
    /// that, up to ten seconds), and then `finish`.
    awaitable<Outcome<Descriptor>> retrieve(std::string name, std::uint64_t offset);

    /// SIZE, where no offset is given, then REST and STOR; completes with the final reply. Success says that
    /// the server has taken all. Fails with `refused` (426, 451, 452, 552, 553, ...), with `bad_file` or,
    /// when the control connection died after the transfer began, with `unknown_outcome`. What a server of
    /// another's make already holds is trusted when it is resumed: verify, or store anew, from offset 0.
    awaitable<Outcome<void>> store(std::string name, Upload upload);

    /// What `store` sends at most, in bytes per second; 0: no limit. Holds at once, for a running one too.
    void pace(std::uint64_t bytes_per_second);

    /// The final reply of a `retrieve`. Fails with `refused` (426, 451, ...) or, when the control connection
    /// died meanwhile, with `unknown_outcome`: the data may nevertheless be whole. Success says that the
    /// server sent all, not that all arrived.
    awaitable<Outcome<void>> finish();

    /// ABOR: ends the running transfer; close the descriptor as well. The connection stays usable on success.
    awaitable<Outcome<void>> abort();

    /// QUIT, waits for 221 and closes; what goes wrong no longer matters.
    awaitable<void> quit();

    /// Closes at once; a running operation fails with `closed`. May be called at any time on the client's
    /// thread.
    void close() noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace two_path::ftp
