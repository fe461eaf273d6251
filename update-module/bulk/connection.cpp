#include "update-module/bulk/connection.hpp"

#include "update-module/bulk/challenge.hpp"
#include "update-module/bulk/packet_socket.hpp"
#include "update-module/resolve.hpp"

#include <algorithm>
#include <poll.h>
#include <stdexcept>

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

constexpr milliseconds quit_time{1'000};

ConnectionOrder order_of(ConnectionOrder::Kind kind, const std::string& text = {}, std::uint64_t number = 0) {
    ConnectionOrder order;
    order.kind = kind;
    order.number = number;
    order.text = PacketText(text);
    return order;
}

/// A refusal that another try cannot change: 5xx (RFC 959, section 4.2.1).
bool for_good(const ConnectionEvent& event) {
    constexpr int permanent = 500;
    return event.code >= permanent;
}

} // namespace

void throw_exception_from_error(const Setback& setback, const boost::source_location&) {
    throw std::runtime_error(setback.what);
}

milliseconds Patience::block_time(std::uint64_t bytes) const {
    constexpr std::uint64_t milli = 1000;
    // Who reads slowly gets a block slowly.
    const auto floor = rate == 0 ? min_rate : std::clamp<std::uint64_t>(rate / 2, 1, min_rate);
    return std::max(stall, milliseconds(bytes * milli / floor));
}

bool Patience::wait(Deadline until) const {
    while (!over()) {
        if (until.passed()) return true;
        ::poll(nullptr, 0, static_cast<int>(until.within(look_around).left().count()) + 1);
    }
    return false;
}

Connection::Connection(ftp::Descriptor socket, Patience patience)
  : socket_(std::move(socket))
  , patience_(std::move(patience)) {}

Attempt<Connection> Connection::start(ConnectionHelper& helper, Patience patience) {
    auto socket = helper.start_worker(WorkerRole::client);
    if (!socket) return Setback{Kind::no_process, socket.error().detail};
    return Connection(std::move(*socket), std::move(patience));
}

Attempt<ConnectionEvent> Connection::await_event(Deadline deadline) {
    for (;;) {
        ConnectionEvent event;
        switch (receive_packet(socket_.get(), event, data_, deadline.within(look_around))) {
        case Receipt::packet:
            return event;
        case Receipt::closed:
            return Setback{Kind::lost, "the process that talks FTP ended"};
        case Receipt::malformed:
            return Setback{Kind::lost, "the process that talks FTP is confused"};
        case Receipt::timed_out:
            break;
        }
        if (patience_.over()) return Setback{Kind::stopped, {}};
        if (deadline.passed()) return Setback{Kind::lost, "no answer in time"};
    }
}

Attempt<ConnectionEvent> Connection::ask(const ConnectionOrder& order, ConnectionEvent::Kind wanted,
                                         Kind when_refused, Deadline by) {
    data_ = ftp::Descriptor();
    if (!send_packet(socket_.get(), order)) return Setback{Kind::lost, "the process that talks FTP ended"};
    // The child itself waits no longer than `silence` for one reply; a step has a few.
    const auto event = await_event(by.within(4 * patience_.silence));
    if (!event) return event.error();
    if (event->kind == wanted) return *event;
    if (event->kind == ConnectionEvent::Kind::failed)
        return Setback{for_good(*event) ? when_refused : Kind::lost, event->text.text()};
    return Setback{Kind::lost, "the process that talks FTP is confused"};
}

/// To the first of the host's addresses that lets it.
Attempt<void> Connection::connect(const SecondPath& path, Deadline by) {
    const auto addresses = device::resolve(path.host, by, [this] { return patience_.over(); });
    if (!addresses) return Setback{patience_.over() ? Kind::stopped : Kind::lost, addresses.error().detail};
    auto connect = order_of(ConnectionOrder::Kind::connect);
    connect.port = path.port;
    const auto connect_time = std::min(patience_.connect, patience_.silence);
    connect.connect_ms = static_cast<std::uint32_t>(connect_time.count());
    connect.silence_ms = static_cast<std::uint32_t>(patience_.silence.count());
    // The longest wait for an order is a whole transfer; it ends with this process anyway.
    constexpr std::chrono::hours longest(48);
    const auto lifetime = std::min<milliseconds>(patience_.deadline.left(), longest);
    connect.lifetime_ms = static_cast<std::uint32_t>(lifetime.count());
    Attempt<ConnectionEvent> connected = Setback();
    for (const auto& address : *addresses) {
        connect.text = PacketText(address);
        connected = ask(connect, ConnectionEvent::Kind::connected, Kind::lost, by);
        if (connected) return {};
        if (patience_.over() || by.passed()) break;
    }
    return connected.error();
}

Attempt<void> Connection::login(const SecondPath& path, Deadline by) {
    // Each wait for the server is no longer than `silence`; a connection has a few.
    const auto connected = connect(path, by.within(4 * patience_.silence));
    if (!connected) return connected.error();

    const auto client_nonce = make_nonce();
    const auto user = order_of(ConnectionOrder::Kind::login, path.session + "." + client_nonce);
    const auto challenged = ask(user, ConnectionEvent::Kind::challenge, Kind::login_refused, by);
    if (!challenged) return challenged.error();

    const auto challenge = parse_challenge(challenged->text.text());
    const std::string_view server_nonce = challenge ? challenge->server_nonce : std::string_view();
    const ProofInput input{Mode::pull, path.session, client_nonce, server_nonce};
    if (!challenge || !path.certification.proves(challenge->proof, Party::plugin, input)) {
        const auto left =
            ask(order_of(ConnectionOrder::Kind::decline), ConnectionEvent::Kind::failed, Kind::lost, by);
        static_cast<void>(left);
        return Setback{Kind::mismatch, challenge ? "the server's proof does not match"
                                                 : "the server offers no certification"};
    }
    const auto answer =
        order_of(ConnectionOrder::Kind::answer, path.certification.proof(Party::device, input));
    const auto logged_in = ask(answer, ConnectionEvent::Kind::logged_in, Kind::login_refused, by);
    if (!logged_in) return logged_in.error();
    return {};
}

Attempt<std::uint64_t> Connection::size(const std::string& file) {
    const auto event = ask(order_of(ConnectionOrder::Kind::size, file), ConnectionEvent::Kind::size,
                           Kind::file_refused, patience_.deadline);
    if (!event) return event.error();
    return event->number;
}

Attempt<ftp::Descriptor> Connection::fetch(const std::string& file, std::uint64_t offset) {
    const auto event = ask(order_of(ConnectionOrder::Kind::fetch, file, offset), ConnectionEvent::Kind::data,
                           Kind::file_refused, patience_.deadline);
    if (!event) return event.error();
    if (!data_) return Setback{Kind::lost, "the process that talks FTP is confused"};
    return std::move(data_);
}

Attempt<void> Connection::finish() {
    const auto event = ask(order_of(ConnectionOrder::Kind::finish), ConnectionEvent::Kind::finished,
                           Kind::lost, patience_.deadline);
    if (!event) return event.error();
    return {};
}

void Connection::quit() {
    if (!send_packet(socket_.get(), order_of(ConnectionOrder::Kind::quit))) return;
    const auto gone = await_event(Deadline::in(quit_time));
    static_cast<void>(gone);
}

} // namespace two_path::bulk
