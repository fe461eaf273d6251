#include "ftp/visitor.hpp"

#include "ftp/connection.hpp"

namespace two_path::ftp {

void ConnectionHandle::close(std::string reason) const {
    if (const auto connection = connection_.lock()) connection->close(std::move(reason));
}

void ConnectionHandle::pace(std::uint64_t bytes_per_second) const {
    if (const auto connection = connection_.lock()) connection->pace(bytes_per_second);
}

awaitable<std::variant<Source, Refusal>> Visitor::open(std::string) {
    co_return Refusal::unserved;
}

void Visitor::sent(std::uint64_t) noexcept {}

awaitable<std::variant<Space, Refusal>> Visitor::store(std::string) {
    co_return Refusal::unserved;
}

awaitable<Received> Visitor::receive(Incoming) {
    co_return Received{DataEnd::failed, 0};
}

} // namespace two_path::ftp
