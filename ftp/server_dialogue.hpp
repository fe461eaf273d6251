/// What an FTP server answers, as a state machine: events in, one step out, no sockets and no clock.
#pragma once

#include "ftp/command.hpp"
#include "ftp/line.hpp"
#include "ftp/visitor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace two_path::ftp {

/// Drives one control connection. The caller feeds an event, sends the step's reply, does what the step says,
/// and, if that was a question, feeds its answer before any other event.
class ServerDialogue {
  public:
    enum class Do {
        nothing,
        challenge,    ///< ask the visitor with `argument` -> `challenged`
        authenticate, ///< ask the visitor with `argument` -> `authenticated`
        size,         ///< ask the visitor with `argument` -> `sized`
        open,         ///< ask the visitor with `argument` -> `opened`
        store,        ///< ask the visitor with `argument` -> `allotted`
        listen,       ///< close the old data channel, open a new one -> `listening`
        transfer,     ///< send the opened file from `offset`; later `data_connected`, `data_ended`
        receive, ///< let the visitor have what comes, from `offset`; later `data_connected`, `data_ended`
        stop,    ///< end the transfer, one that sends at a block's edge; later `data_ended`
        cut,     ///< end and forget the data channel and the opened file; but once the client was connected
                 ///< to send us a file, `data_ended` follows
        close,   ///< cut, then close the control connection
    };
    struct Step {
        Do what = Do::nothing;
        std::string reply;    ///< whole lines, sent first
        std::string argument; ///< user, password or file name
        std::uint64_t offset = 0;
        std::uint64_t size = 0; ///< for `receive`, with `exact`: as in `Incoming`
        bool exact = true;
        bool delayed = false; ///< wait `ServerOptions::login_failure_delay` before the reply
    };
    struct Settings {
        std::string_view banner; ///< outlives the dialogue
        unsigned max_login_failures = 3;
        bool ipv6 = false; ///< the control connection's family
    };

    /// Commands kept while a transfer runs; with more than that, nothing is read until it ends.
    static constexpr std::size_t max_queue = 8;

    explicit ServerDialogue(Settings settings)
      : settings_(settings) {}

    // Events.
    Step connected() const;
    Step line(const Line& line);
    Step challenged(std::string_view text);
    Step authenticated(const std::optional<std::string>& text);
    Step sized(const std::variant<std::uint64_t, Refusal>& answer);
    Step opened(const std::variant<std::uint64_t, Refusal>& size); ///< the file's size
    Step allotted(const std::variant<Space, Refusal>& answer);
    Step listening(std::optional<tcp::endpoint> endpoint); ///< to advertise; nothing if none could be had
    Step data_connected();
    Step data_ended(DataEnd end);
    Step end_of_input();                ///< the client will send no more
    Step stopping();                    ///< the server stops gracefully
    Step closing(std::string_view why); ///< the connection must end now
    /// A command that came during the transfer and is due now.
    std::optional<Step> queued();

    // What the caller needs to know.
    bool wants_line() const noexcept { return queue_.size() < max_queue; }
    std::size_t line_limit() const noexcept { return logged_in() ? 1024 : 512; }
    bool logged_in() const noexcept { return state_ >= State::ready; }
    bool transferring() const noexcept { return state_ >= State::transferring; }
    /// The client has said QUIT after it was let in.
    bool left() const noexcept { return left_; }

  private:
    enum class State {
        user,
        password,
        ready,
        transferring,
        aborting, ///< answered, but the visitor still has the data: commands wait as in a transfer
    };

    Step execute(const std::string& line);
    Step before_login(const Command& command);
    Step after_login(const Command& command);
    std::optional<Step> anytime(const Command& command);
    Step abort();
    Step type(std::string_view argument);
    Step passive(const Command& command);
    Step restart(std::string_view argument);
    Step allocate(std::string_view argument);
    Step file(const Command& command);

    Settings settings_;
    State state_ = State::user;
    unsigned failures_ = 0;
    bool offended_ = false; ///< one over-long line is forgiven
    bool binary_ = false;
    bool passive_ = false;       ///< a data channel is open
    bool extended_ = false;      ///< ... and the client asked for it with EPSV
    bool extended_only_ = false; ///< EPSV ALL, for the whole session (RFC 2428 section 4)
    bool stopping_ = false;
    bool left_ = false;
    bool storing_ = false;                    ///< the transfer, or the one being opened, is a STOR or APPE
    bool taken_ = false;                      ///< ... and the visitor has its data
    bool append_ = false;                     ///< ... and an APPE without REST
    std::optional<std::uint64_t> restart_;    ///< REST, for the very next transfer
    std::optional<std::uint64_t> allocation_; ///< ALLO, for the very next STOR or APPE
    std::uint64_t offset_ = 0;                ///< of the file being opened
    std::vector<std::string> queue_;
};

} // namespace two_path::ftp
