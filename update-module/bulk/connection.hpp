/// One connection of the second path, from the side that has the certification and never sees FTP.
#pragma once

#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/connection_messages.hpp"
#include "update-module/bulk/second_path.hpp"
#include "update-module/deadline.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace two_path::bulk {

/// Why a connection is of no more use, or a file not to be had.
struct Setback {
    enum class Kind {
        lost,          ///< no connection, silence, a temporary refusal, a dead child: try again
        ended_early,   ///< the data connection closed before its time: try again
        mismatch,      ///< the second certification information is not the first, or there is none
        login_refused, ///< for good
        file_refused,  ///< for good
        bad_block,     ///< bytes came that do not match: a new connection fetches that block alone
        stopped,       ///< the caller's own `stop` said so, or the deadline passed
        no_process,    ///< the device cannot start the child
    };
    Kind kind{Kind::lost};
    std::string what; ///< one line for people
};
template<class T>
using Attempt = boost::system::result<T, Setback>;
[[noreturn]] void throw_exception_from_error(const Setback& setback, const boost::source_location& where);

/// Between two questions whether to stop.
inline constexpr milliseconds look_around{500};

/// How long each wait for the child may take, and what ends it early.
struct Patience {
    Deadline deadline;
    milliseconds connect; ///< for a TCP connection; no longer than `silence`
    milliseconds silence;
    std::function<bool()> stop; ///< asked at least once a second; may be empty
    std::uint64_t rate{0};      ///< bytes per second that are read of a data connection; 0: all that come
    std::uint64_t min_rate{1};  ///< bytes per second that a block must come with, once `stall` is over
    milliseconds stall{0};

    /// The longest that a block of so many bytes may take.
    [[nodiscard]] milliseconds block_time(std::uint64_t bytes) const;
    [[nodiscard]] bool over() const { return deadline.passed() || (stop && stop()); }
    /// Waits until then; false when it is over before.
    bool wait(Deadline until) const;
};

/// Steps in order: login once, then size, fetch, finish for each file. After a failure end it.
class Connection {
  public:
    /// A new child process; nothing is connected yet.
    static Attempt<Connection> start(ConnectionHelper& helper, Patience patience);

    /// Connects, and logs in by certification: the server's proof is compared with what the first
    /// certification information gives, in constant time, before ours is sent (claims C3 and C4). Lost when
    /// that is not done by `by`.
    Attempt<void> login(const SecondPath& path, Deadline by);
    /// Bytes of the file as the server has it.
    Attempt<std::uint64_t> size(const std::string& file);
    /// The data connection, open and in blocking mode, with the file's bytes from `offset` on.
    Attempt<ftp::Descriptor> fetch(const std::string& file, std::uint64_t offset);
    /// After the last byte: the server's word that it sent all.
    Attempt<void> finish();
    /// Says goodbye, waiting no more than a second.
    void quit();

  private:
    Connection(ftp::Descriptor socket, Patience patience);
    Attempt<ConnectionEvent> ask(const ConnectionOrder& order, ConnectionEvent::Kind wanted,
                                 Setback::Kind when_refused, Deadline by);
    Attempt<ConnectionEvent> await_event(Deadline deadline);
    Attempt<void> connect(const SecondPath& path, Deadline by);

    ftp::Descriptor socket_;
    Patience patience_;
    ftp::Descriptor data_; ///< came with the latest event
};

} // namespace two_path::bulk
