/// One FTP reply: printed by the server, parsed by the client, always bounded.
#pragma once

#include <boost/asio/ip/address_v4.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::ftp {

/// A reply as RFC 959 section 4.2 has it; the lines of a longer one are joined by '\n'.
struct Reply {
    int code = 0; ///< 100 to 599; 0 is "none"
    std::string text;

    int kind() const noexcept { return code / 100; } ///< first digit, the only one a client must act on
};

/// `code text CR LF`; a text with '\n' becomes a multi-line reply whose middle lines keep their text
/// (RFC 959 section 4.2, RFC 2389 section 3.2: the caller puts the leading space of a feature).
std::string print_reply(int code, std::string_view text);

/// Texts of the passive replies, after their code (RFC 959 section 4.1.2, RFC 2428 section 3).
std::string passive_text(const boost::asio::ip::address_v4& address, std::uint16_t port);
std::string extended_passive_text(std::uint16_t port);

/// The port of a 227 text. Its address is checked for form and then dropped: a client that believes it can
/// be aimed at others (RFC 2577 section 3).
std::optional<std::uint16_t> parse_passive(std::string_view text);
/// The port of a 229 text. Neither is ever 0.
std::optional<std::uint16_t> parse_extended_passive(std::string_view text);

/// Puts lines together to replies and refuses what is no reply or never ends.
class ReplyParser {
  public:
    static constexpr std::size_t max_lines = 64;

    enum class State {
        more,      ///< goes on in the next line
        complete,  ///< `take()` has it
        malformed, ///< not a reply
        too_long,  ///< more than `max_lines`
    };

    /// One line without its end.
    State line(std::string_view line);
    /// The complete reply; the parser is ready for the next one.
    Reply take();

  private:
    Reply reply_;
    std::size_t lines_ = 0;
};

} // namespace two_path::ftp
