#include "ftp/error.hpp"

#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

namespace two_path::ftp {
namespace {

// Boost's categories are never deleted through their base; GCC warns nevertheless.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ftp"; }
    std::string message(int code) const override {
        switch (static_cast<Errc>(code)) {
        case Errc::timed_out:
            return "FTP: the server did not answer in time";
        case Errc::closed:
            return "FTP: the connection is closed";
        case Errc::refused:
            return "FTP: the server refused";
        case Errc::malformed:
            return "FTP: not an FTP reply";
        case Errc::too_long:
            return "FTP: the reply is too long";
        case Errc::unexpected_reply:
            return "FTP: a reply that does not belong here";
        case Errc::bad_argument:
            return "FTP: no such name or offset can be asked for";
        case Errc::bad_port:
            return "FTP: the server names no usable data port";
        case Errc::declined:
            return "FTP: we did not accept the server's challenge";
        case Errc::out_of_order:
            return "FTP: not possible at this point";
        case Errc::bad_file:
            return "FTP: the file could not be read to its end";
        case Errc::unknown_outcome:
            return "FTP: the connection was lost before the transfer's result";
        }
        return "FTP: error " + std::to_string(code);
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(Errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

std::string Failure::message() const {
    auto text = error.message();
    if (reply.code != 0) text += " (" + std::to_string(reply.code) + ' ' + reply.text + ')';
    return text;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location& where) {
    boost::throw_exception(boost::system::system_error(failure.error, failure.message()), where);
}

} // namespace two_path::ftp
