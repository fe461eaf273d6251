/// A body on its way into a file of the catalog: in large pieces, so that the threads rarely meet.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/control/http.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <string>

namespace two_path::control {

/// Writes all of `body` into `incoming`, on `files`. too_large over `limit` bytes; else what the body or the
/// disk fails with. Both must outlive the call.
[[nodiscard]] awaitable<Result<void>> receive_file(RequestBody& body, catalog::Incoming& incoming,
                                                   boost::asio::any_io_executor files, std::uint64_t limit);
/// Incoming::finish(), on `files`.
[[nodiscard]] awaitable<Result<catalog::Payload>>
finish_file(catalog::Incoming& incoming, std::string expected, boost::asio::any_io_executor files);

} // namespace two_path::control
