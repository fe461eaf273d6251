#include "update-module/bulk/ftp_listener_child.hpp"

#include "ftp/server.hpp"
#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/listener_messages.hpp"
#include "update-module/bulk/packet_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <optional>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace two_path::bulk {
namespace {

using ftp::awaitable;
using ftp::error_code;
using ftp::tcp;
using ftp::asio::io_context;
using ftp::asio::steady_timer;

constexpr std::size_t most_connections = 8; ///< one, and those whose lines broke

ListenerEvent question(ListenerEvent::Kind kind, std::uint32_t visitor, std::string_view text) {
    ListenerEvent event;
    event.kind = kind;
    event.visitor = visitor;
    event.text = PacketText(text);
    return event;
}

/// The module behind its socket: questions of several visitors at a time, each with its answer.
class Module {
  public:
    Module(io_context& loop, ftp::Descriptor socket)
      : loop_(loop)
      , socket_(loop, socket.release()) {}

    /// The first order; none when it does not come.
    std::optional<ListenerOrder> first_order() {
        ListenerOrder order;
        ftp::Descriptor none;
        const auto receipt =
            receive_packet(socket_.native_handle(), order, none, Deadline::in(first_order_time));
        if (receipt != Receipt::packet || order.kind != ListenerOrder::Kind::listen) return std::nullopt;
        return order;
    }

    void tell(const ListenerEvent& event) {
        if (!send_packet(socket_.native_handle(), event)) loop_.stop();
    }

    awaitable<ListenerOrder> ask(ListenerEvent event, ftp::Descriptor descriptor = {}) {
        event.question = ++last_question_;
        Waiting waiting{ListenerOrder(), steady_timer(loop_, steady_timer::time_point::max())};
        waiting_.emplace(event.question, &waiting);
        if (!send_packet(socket_.native_handle(), event, descriptor.get())) loop_.stop();
        descriptor = ftp::Descriptor(); // the module's now
        error_code ec;
        co_await waiting.answered.async_wait(ftp::into(ec));
        waiting_.erase(event.question);
        co_return waiting.answer;
    }

    /// Ends the loop when the module is gone.
    awaitable<void> hear() {
        for (;;) {
            error_code ec;
            co_await socket_.async_wait(ftp::asio::posix::stream_descriptor::wait_read, ftp::into(ec));
            ListenerOrder order;
            ftp::Descriptor none;
            const auto receipt =
                ec ? Receipt::closed
                   : receive_packet(socket_.native_handle(), order, none, Deadline::in(milliseconds(0)));
            if (receipt == Receipt::timed_out) continue;
            if (receipt != Receipt::packet) break;
            const auto found = waiting_.find(order.question);
            if (found == waiting_.end()) continue;
            found->second->answer = order;
            found->second->answered.cancel();
        }
        loop_.stop();
    }

  private:
    struct Waiting {
        ListenerOrder answer;
        steady_timer answered;
    };
    io_context& loop_;
    ftp::asio::posix::stream_descriptor socket_;
    std::uint32_t last_question_{0};
    std::map<std::uint32_t, Waiting*> waiting_;
};

ftp::Refusal refusal_of(const ListenerOrder& answer) {
    return answer.kind == ListenerOrder::Kind::busy ? ftp::Refusal::busy : ftp::Refusal::not_found;
}

ftp::DataEnd end_of(const ListenerOrder& answer) {
    switch (answer.kind) {
    case ListenerOrder::Kind::received:
        return ftp::DataEnd::whole;
    case ListenerOrder::Kind::again:
        return ftp::DataEnd::broken;
    case ListenerOrder::Kind::rejected:
        return ftp::DataEnd::rejected;
    default:
        return ftp::DataEnd::failed;
    }
}

/// One control connection: every question is the module's.
class PushVisitor : public ftp::Visitor {
  public:
    PushVisitor(Module& module, std::uint32_t number)
      : module_(module)
      , number_(number) {}
    ~PushVisitor() override { module_.tell(question(ListenerEvent::Kind::left, number_, {})); }

    awaitable<std::string> challenge(std::string user) override {
        const auto answer = co_await ask(ListenerEvent::Kind::user, std::move(user));
        co_return answer.text.text();
    }

    awaitable<std::optional<std::string>> authenticate(std::string password) override {
        const auto answer = co_await ask(ListenerEvent::Kind::password, std::move(password));
        if (answer.kind != ListenerOrder::Kind::accept) co_return std::nullopt;
        co_return answer.text.text();
    }

    awaitable<std::variant<std::uint64_t, ftp::Refusal>> size(std::string name) override {
        const auto answer = co_await ask(ListenerEvent::Kind::size, std::move(name));
        if (answer.kind != ListenerOrder::Kind::size) co_return refusal_of(answer);
        co_return answer.number;
    }

    awaitable<std::variant<ftp::Space, ftp::Refusal>> store(std::string name) override {
        file_ = name;
        const auto answer = co_await ask(ListenerEvent::Kind::store, std::move(name));
        if (answer.kind != ListenerOrder::Kind::space) co_return refusal_of(answer);
        co_return ftp::Space{answer.number, answer.whole, true};
    }

    awaitable<ftp::Received> receive(ftp::Incoming incoming) override {
        auto event = question(ListenerEvent::Kind::data, number_, file_);
        event.offset = incoming.offset;
        const auto answer = co_await module_.ask(event, std::move(incoming.data));
        co_return ftp::Received{end_of(answer), answer.number};
    }

  private:
    awaitable<ListenerOrder> ask(ListenerEvent::Kind kind, std::string text) {
        return module_.ask(question(kind, number_, text));
    }

    Module& module_;
    std::uint32_t number_;
    std::string file_; ///< of the STOR that was allowed last
};

class Visitors : public ftp::Service {
  public:
    explicit Visitors(Module& module)
      : module_(module) {}
    std::unique_ptr<ftp::Visitor> connected(const ftp::Peer&, ftp::ConnectionHandle) override {
        return std::make_unique<PushVisitor>(module_, ++last_);
    }

  private:
    Module& module_;
    std::uint32_t last_{0};
};

ftp::asio::ip::address unmapped(const ftp::asio::ip::address& any) {
    if (any.is_v4() || !any.to_v6().is_v4_mapped()) return any;
    return ftp::asio::ip::make_address_v4(ftp::asio::ip::v4_mapped, any.to_v6());
}

ftp::ServerOptions options_of(const ListenerOrder& order) {
    ftp::ServerOptions options;
    const milliseconds silence(order.silence_ms);
    options.max_connections = options.max_connections_per_peer = most_connections;
    options.data_progress_time = options.unacknowledged_time = silence;
    if (order.first_data_port != 0)
        options.passive_ports = ftp::PortRange{order.first_data_port, order.last_data_port};
    std::istringstream admitted(order.admitted.text());
    for (std::string address; admitted >> address;)
        options.only_from.push_back(unmapped(ftp::asio::ip::make_address(address)));
    options.one_session = true;
    return options;
}

void serve(ftp::Descriptor socket) {
    io_context loop(1);
    Module module(loop, std::move(socket));
    const auto order = module.first_order();
    if (!order) return;
    auto options = options_of(*order);
    if (options.only_from.empty()) return; // never open to all
    Visitors visitors(module);
    ftp::Server server(loop.get_executor(), visitors, std::move(options));
    const auto address = ftp::asio::ip::make_address(order->text.text());
    const auto ec = server.listen(tcp::endpoint(address, order->port));
    if (ec) return module.tell(question(ListenerEvent::Kind::failed, 0, ec.message()));
    module.tell(question(ListenerEvent::Kind::listening, 0, {}));
    ftp::asio::co_spawn(loop, module.hear(), ftp::asio::detached);
    loop.run();
    ::_exit(0); // what still waits for an answer waits for nobody
}

} // namespace

void run_ftp_listener_child(ftp::Descriptor socket) noexcept {
    try {
        serve(std::move(socket));
    } catch (...) {
        ::_exit(1);
    }
    ::_exit(1);
}

} // namespace two_path::bulk
