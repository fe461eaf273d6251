#include "plugin/bulk/push_connection.hpp"

#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>

#include <optional>

namespace two_path::bulk {
namespace {

using boost::asio::co_spawn;
using boost::asio::use_awaitable;

/// `certify <n_server>`
std::optional<std::string> server_nonce(std::string_view challenge) {
    constexpr std::string_view word = "certify ";
    if (!challenge.starts_with(word) || !is_nonce(challenge.substr(word.size()))) return std::nullopt;
    return std::string(challenge.substr(word.size()));
}

// The worker's half. Its arguments are copies: the frames may outlive a connection.

awaitable<std::optional<std::string>> push_proof(state::Admission& admission, Login login) {
    const auto* pass = admission.find(login.session);
    if (pass == nullptr || pass->mode != Mode::push) co_return std::nullopt;
    co_return pass->certification.proof(Party::plugin, login.input());
}

/// Whether the one who let us in is the device: anyone can say 230.
awaitable<bool> certify_push(state::Admission& admission, Login login, std::string proof, std::string peer) {
    const auto* pass = admission.find(login.session);
    if (pass == nullptr || pass->mode != Mode::push) co_return false;
    if (!pass->certification.proves(proof, Party::device, login.input())) co_return false;
    co_return admission.login(login.session, peer);
}

/// A device must not send us to other ports than the operator allows.
ftp::ClientOptions options_of(const PushOrder& order, ftp::ClientOptions limits) {
    limits.data_ports = order.ports;
    return limits;
}

} // namespace

PushConnection::PushConnection(Executors executors, state::Admission& admission,
                               const catalog::Payloads& payloads, PushOrder order, ftp::ClientOptions limits)
  : executors_(std::move(executors))
  , admission_(admission)
  , payloads_(payloads)
  , order_(std::move(order))
  , client_(executors_.network, options_of(order_, limits))
  , account_(std::make_shared<Account>(executors_.worker, admission_, order_.session)) {}

std::string PushConnection::place() const {
    return order_.receiver.host + " port " + std::to_string(order_.receiver.port) + ": ";
}

awaitable<std::string> PushConnection::deliver(std::function<void()> logged_in) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(order_.receiver.host, ec);
    if (ec) co_return place() + ec.message();
    const ftp::tcp::endpoint receiver(address, order_.receiver.port);
    const auto connected = co_await client_.connect(receiver);
    if (!connected) co_return place() + connected.error().message();
    auto why = co_await log_in();
    if (why.empty()) {
        log_of(Level::info, order_.session, "logged in to " + order_.receiver.host);
        logged_in();
    }
    for (auto file = order_.files.begin(); why.empty() && file != order_.files.end(); ++file)
        why = co_await send(file->first, file->second);
    if (!why.empty()) co_return place() + why;
    co_await client_.quit(); // says that all is done: the device closes its port
    co_return why;
}

awaitable<std::string> PushConnection::log_in() {
    Login login{Mode::push, order_.session, make_nonce(), {}};
    const ftp::Client::Answer answer =
        [this, &login](std::string challenge) -> awaitable<std::optional<std::string>> {
        auto nonce = server_nonce(challenge);
        if (!nonce) co_return std::nullopt;
        login.server_nonce = std::move(*nonce);
        auto work = push_proof(admission_, login);
        auto proof = co_await co_spawn(executors_.worker, std::move(work), use_awaitable);
        co_return proof;
    };
    auto user = login.session + "." + login.client_nonce;
    auto entered = co_await client_.login(std::move(user), answer);
    if (!entered) co_return entered.error().message();
    auto work = certify_push(admission_, login, std::move(*entered), order_.receiver.host);
    const bool certified = co_await co_spawn(executors_.worker, std::move(work), use_awaitable);
    co_return certified ? "" : "what listens there does not have the certification";
}

/// As often as the device takes something: it says where the next missing block lies.
awaitable<std::string> PushConnection::send(std::string file, std::uint64_t size) {
    std::optional<std::uint64_t> before;
    std::string why;
    for (;;) {
        const auto held = co_await client_.size(file);
        if (!held) co_return held.error().message();
        if (*held > size)
            co_return "the device says that it holds " + std::to_string(*held) + " bytes of a file of " +
                std::to_string(size);
        if (before && *held <= *before) co_return why;
        reached_ += *held - before.value_or(0);
        if (*held == size) co_return std::string();
        before = *held;
        log_of(Level::info, order_.session,
               "sends file " + file + " from byte " + std::to_string(*held) + " to " + order_.receiver.host);
        const auto stored = co_await store(file, *held, size);
        if (!stored && stored.error().error != ftp::Errc::refused) co_return stored.error().message();
        why = stored ? "the device says that it took the file, and asks for the same bytes again"
                     : stored.error().message();
    }
}

awaitable<ftp::Outcome<void>> PushConnection::store(std::string file, std::uint64_t offset,
                                                    std::uint64_t size) {
    const auto payload = payloads_.open_payload(file);
    if (!payload || payload->size != size) co_return ftp::Failure(ftp::Errc::bad_file);
    std::optional<std::uint64_t> position;
    ftp::Upload upload;
    upload.file = payload->file.get();
    upload.size = size;
    upload.offset = offset;
    upload.progress = [this, &position](std::uint64_t now) {
        account_->sent(now - position.value_or(now));
        position = now;
    };
    auto stored = co_await client_.store(std::move(file), std::move(upload));
    co_return stored;
}

} // namespace two_path::bulk
