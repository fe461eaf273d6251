/// What can go wrong on an FTP connection, as error codes.
#pragma once

#include "ftp/reply.hpp"

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <string>

namespace two_path::ftp {

enum class Errc {
    timed_out = 1,    ///< a deadline passed; which one is in the operation that failed
    closed,           ///< the other side closed the control connection
    refused,          ///< a 4xx or 5xx reply; the reply says why
    malformed,        ///< not an FTP reply
    too_long,         ///< a reply over its limits (line, lines, bytes before login)
    unexpected_reply, ///< a reply that this command cannot have, such as 2xx before 1xx
    bad_argument,     ///< a name that cannot be sent, an offset past the file's end: nothing was sent
    bad_port,         ///< a passive reply without a usable port
    declined,         ///< the caller's answer to the challenge was "leave"
    out_of_order,     ///< called in a state in which it makes no sense
    bad_file,         ///< the file to store could not be read to the size that was told
    unknown_outcome,  ///< the control connection died after the transfer began: ask SIZE, or the other path
};

const boost::system::error_category& error_category() noexcept;
boost::system::error_code make_error_code(Errc code) noexcept;

/// Why a client's operation failed; `reply` is what the server said last, its code 0 if it said nothing.
struct Failure {
    Failure() = default;
    Failure(boost::system::error_code why, Reply said = {})
      : error(why)
      , reply(std::move(said)) {}
    Failure(Errc why, Reply said = {})
      : error(make_error_code(why))
      , reply(std::move(said)) {}

    /// One line for a person: the error, then code and text of the reply.
    std::string message() const;

    boost::system::error_code error;
    Reply reply;
};

/// Lets `Outcome::value()` throw a `boost::system::system_error` with the failure's message.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

/// A client's result.
template<class T>
using Outcome = boost::system::result<T, Failure>;

} // namespace two_path::ftp

template<>
struct boost::system::is_error_code_enum<two_path::ftp::Errc> : std::true_type {};
