/// What an FTP client may ask when, and which replies it accepts, as a state machine without sockets.
#pragma once

#include "ftp/error.hpp"
#include "ftp/reply.hpp"

#include <string>
#include <string_view>

namespace two_path::ftp {

/// One request at a time: `begin` gives the line to send, then each reply goes to `judge` until it says that
/// the request has ended. A reply that does not belong there ends the dialogue for good.
class ClientDialogue {
  public:
    enum class Request {
        banner, ///< nothing is sent: the server speaks first
        user,
        password,
        type, ///< TYPE I
        extended_passive,
        passive,
        size,
        restart,
        retrieve, ///< until the preliminary reply
        store,    ///< until the preliminary reply
        result,   ///< nothing is sent: the final reply of the transfer
        abort,
        quit,
    };

    enum class Verdict {
        accepted,
        more,       ///< another reply must come
        refused,    ///< 4xx or 5xx; after 421 the dialogue is over
        unexpected, ///< over
    };

    /// The line to send, end included, perhaps empty; or `out_of_order` or `bad_argument`, and nothing has
    /// changed.
    boost::system::result<std::string> begin(Request request, std::string_view argument = {});

    Verdict judge(const Reply& reply);

    bool logged_in() const noexcept { return state_ == State::ready || state_ == State::transferring; }
    bool transferring() const noexcept { return state_ == State::transferring; }

  private:
    enum class State { silent, greeted, named, ready, transferring, over };
    struct Rule;
    static const Rule& rule(Request request) noexcept;
    bool allowed(Request request) const noexcept;

    State state_ = State::silent;
    Request request_ = Request::banner;
    bool abort_answers_transfer_ = false; ///< ABOR: the transfer's own final reply comes first
};

} // namespace two_path::ftp
