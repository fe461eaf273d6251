/// JSON from outside, read with bounds and with errors that name the field.
#pragma once

#include "protocol/error.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace two_path {

namespace json = boost::json;

/// Parses an object; `what` names the document in errors. Fails with bad_request on anything else, on over
/// 16 levels, and on bytes behind the object.
[[nodiscard]] Result<json::object> parse_object(std::string_view text, std::string_view what);

[[nodiscard]] json::array array_of(const std::vector<std::string>& texts);

/// Reads fields of one object; the first thing wrong is kept, and later reads give empty values.
/// Unknown fields are ignored, as docs/protocol.md asks. The object must outlive the reader.
class Fields {
  public:
    Fields(const json::object& object, std::string_view what, Errc code = Errc::bad_request)
      : object_(object)
      , what_(what)
      , code_(code) {}

    [[nodiscard]] std::string text(std::string_view name);
    [[nodiscard]] std::string text_or(std::string_view name, std::string_view absent);
    /// 0 to 2^53 - 1, also when written as 1.0 or 1e6 (what re-serialisers make of it).
    [[nodiscard]] std::uint64_t number(std::string_view name);
    [[nodiscard]] std::uint64_t number_or(std::string_view name, std::uint64_t absent);
    [[nodiscard]] double real_or(std::string_view name, double absent);
    [[nodiscard]] bool boolean_or(std::string_view name, bool absent);
    [[nodiscard]] std::vector<std::string> texts(std::string_view name);
    [[nodiscard]] std::vector<std::string> texts_or_none(std::string_view name);
    /// An empty object when absent.
    [[nodiscard]] json::object object_or_empty(std::string_view name);
    /// Fails when absent; stays valid as long as the object read.
    [[nodiscard]] const json::object& object(std::string_view name);
    [[nodiscard]] const json::array& array(std::string_view name);

    [[nodiscard]] bool has(std::string_view name) const;
    /// For checks of the caller's own: keeps the first.
    void refuse(std::string detail);
    [[nodiscard]] bool ok() const { return error_.detail.empty(); }
    /// Only when !ok().
    [[nodiscard]] const Error& error() const { return error_; }

  private:
    const json::value* find(std::string_view name, std::string_view kind);
    void wrong(std::string_view name, std::string_view kind);

    const json::object& object_;
    std::string what_; ///< owned: callers put it together
    Errc code_;
    Error error_;
};

} // namespace two_path
