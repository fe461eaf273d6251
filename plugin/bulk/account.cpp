#include "plugin/bulk/account.hpp"

#include "plugin/log.hpp"

#include <boost/asio/post.hpp>

#include <exception>

namespace two_path::bulk {

void Account::sent(std::uint64_t bytes) noexcept {
    // Whoever makes it more than zero sends for the worker, which takes all that has come together by then.
    if (bytes == 0 || bytes_.fetch_add(bytes) != 0) return;
    boost::asio::post(worker_, [self = shared_from_this()] { self->enter(); });
}

/// Nobody waits for it, so a disk that fails here is only told: whoever needs the state next finds out.
void Account::enter() {
    try {
        admission_.sent(session_, bytes_.exchange(0));
    } catch (const std::exception& error) {
        log_of(Level::error, session_, std::string("what was sent is not in the state: ") + error.what());
    }
}

} // namespace two_path::bulk
