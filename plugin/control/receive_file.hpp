/// A body on its way into a file of the catalog: in large pieces, so that the threads rarely meet.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/control/http.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace two_path::control {

/// Whether so many more bytes may be written.
using Admit = std::function<Result<void>(std::uint64_t more)>;
/// too_large over `limit` bytes in all.
[[nodiscard]] Admit at_most(std::uint64_t limit);

/// Writes all of `body` into `incoming`, on `files`, and asks before each piece. Fails with what `admit`, the
/// body or the disk fails with. All referred to must outlive the call.
[[nodiscard]] awaitable<Result<void>> receive_file(RequestBody& body, catalog::Incoming& incoming,
                                                   boost::asio::any_io_executor files, const Admit& admit);
/// Incoming::finish(), on `files`.
[[nodiscard]] awaitable<Result<catalog::Payload>>
finish_file(catalog::Incoming& incoming, std::string expected, boost::asio::any_io_executor files);

} // namespace two_path::control
