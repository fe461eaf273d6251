#include "update-module/bulk/push_listener.hpp"

#include "update-module/bulk/packet_socket.hpp"
#include "update-module/resolve.hpp"

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

constexpr milliseconds listen_time{5'000};

ListenerOrder listen_order(const PushPath& path, milliseconds silence) {
    ListenerOrder order;
    order.kind = ListenerOrder::Kind::listen;
    order.text = PacketText(device::with_numeric_scope(path.listen));
    order.port = path.port;
    order.first_data_port = path.data_ports.first;
    order.last_data_port = path.data_ports.last;
    order.silence_ms = static_cast<std::uint32_t>(silence.count());
    std::string admitted;
    for (const auto& address : path.push_from)
        admitted += device::with_numeric_scope(address) + " ";
    order.admitted = PacketText(admitted);
    return order;
}

} // namespace

Attempt<PushListener> PushListener::start(ConnectionHelper& helper, const PushPath& path,
                                          milliseconds silence) {
    auto socket = helper.start_worker(WorkerRole::server);
    if (!socket) return Setback{Kind::no_process, socket.error().detail};
    PushListener listener(std::move(*socket));
    listener.send(listen_order(path, silence));
    const auto event = listener.next(Deadline::in(listen_time));
    if (!event) return event.error();
    if (!*event) return Setback{Kind::lost, "the process that talks FTP does not answer"};
    if ((*event)->kind != ListenerEvent::Kind::listening)
        return Setback{Kind::lost, "cannot listen: " + (*event)->text.text()};
    return listener;
}

Attempt<std::optional<ListenerEvent>> PushListener::next(Deadline deadline) {
    data_ = ftp::Descriptor();
    ListenerEvent event;
    switch (receive_packet(socket_.get(), event, data_, deadline)) {
    case Receipt::packet:
        return std::optional(event);
    case Receipt::timed_out:
        return std::optional<ListenerEvent>();
    case Receipt::closed:
        return Setback{Kind::lost, "the process that talks FTP ended"};
    case Receipt::malformed:
        break;
    }
    return Setback{Kind::lost, "the process that talks FTP is confused"};
}

void PushListener::answer(const ListenerEvent& question, ListenerOrder::Kind kind, std::uint64_t number,
                          std::uint64_t whole) {
    ListenerOrder order;
    order.kind = kind;
    order.question = question.question;
    order.number = number;
    order.whole = whole;
    send(order);
}

void PushListener::answer(const ListenerEvent& question, ListenerOrder::Kind kind, const std::string& text) {
    ListenerOrder order;
    order.kind = kind;
    order.question = question.question;
    order.text = PacketText(text);
    send(order);
}

void PushListener::send(const ListenerOrder& order) {
    const bool sent = send_packet(socket_.get(), order);
    static_cast<void>(sent); // a child that is gone is noticed by `next`
}

} // namespace two_path::bulk
