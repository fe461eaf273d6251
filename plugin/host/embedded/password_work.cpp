#include "plugin/host/embedded/password_work.hpp"

#include "plugin/host/embedded/password.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace two_path::host::embedded {
namespace {

awaitable<std::string> hashed(std::string password) {
    auto stored = hash_password(password);
    wipe(password);
    co_return stored;
}

awaitable<bool> compared(std::string password, std::string stored) {
    const bool equal = password_matches(password, stored);
    wipe(password);
    co_return equal;
}

Error too_many_passwords() {
    return fail(Errc::busy, "many passwords are being checked");
}

} // namespace

class PasswordWork::Turn {
  public:
    explicit Turn(std::size_t& waiting)
      : waiting_(waiting) {
        ++waiting_;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { --waiting_; }

  private:
    std::size_t& waiting_;
};

awaitable<Result<std::string>> PasswordWork::hash(std::string password) {
    if (waiting_ >= most_waiting) co_return too_many_passwords();
    const Turn turn(waiting_);
    auto work = hashed(std::move(password));
    co_return co_await boost::asio::co_spawn(files_, std::move(work), boost::asio::use_awaitable);
}

awaitable<Result<bool>> PasswordWork::matches(std::string password, std::string stored) {
    if (waiting_ >= most_waiting) co_return too_many_passwords();
    const Turn turn(waiting_);
    auto work = compared(std::move(password), std::move(stored));
    co_return co_await boost::asio::co_spawn(files_, std::move(work), boost::asio::use_awaitable);
}

} // namespace two_path::host::embedded
