#include "ftp/connection.hpp"

#include "ftp/data_channel.hpp"
#include "ftp/reply.hpp"

#include <boost/asio/co_spawn.hpp>

namespace two_path::ftp {

using Do = ServerDialogue::Do;

Connection::Connection(std::shared_ptr<ServerCore> core, tcp::socket socket, const Peer& peer)
  : core_(std::move(core))
  , socket_(std::move(socket))
  , peer_(peer)
  , dialogue_({core_->options.banner, core_->options.max_login_failures, peer.local.address().is_v6()})
  , deadline_(core_->executor,
              [this] { close(dialogue_.logged_in() ? "Idle for too long." : "Login took too long."); }) {}

Connection::~Connection() = default;

void Connection::start(std::unique_ptr<Visitor> visitor) {
    visitor_ = std::move(visitor);
    deadline_.expires_after(core_->options.login_time);
    asio::co_spawn(
        core_->executor, [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this()](const std::exception_ptr&) { self->finish(); });
}

void Connection::refuse(std::string_view why) {
    send(print_reply(421, why));
    abandon();
}

void Connection::stop() {
    stop_ = true;
    wake();
}

void Connection::close(std::string reason) {
    if (!close_reason_) close_reason_ = std::move(reason);
    wake();
}

void Connection::pace(std::uint64_t bytes_per_second) {
    rate_ = bytes_per_second;
    if (channel_) channel_->pace(rate_);
}

void Connection::abandon() {
    closed_ = true;
    cut();
    error_code ec;
    socket_.close(ec);
    wake();
}

void Connection::wake() {
    error_code ec;
    socket_.cancel(ec);
    if (pause_) pause_->cancel();
}

void Connection::finish() {
    abandon();
    visitor_.reset();
    core_->left(*this);
}

awaitable<void> Connection::run() {
    try {
        co_await talk();
    } catch (...) { // the visitor's own trouble
    }
    abandon();
    // It still has the data of a file, and must live until it says what came of them.
    while (channel_ && channel_->receiving())
        co_await pause(asio::steady_timer::time_point::max());
}

/// Waits here and in no coroutine of its own: thousands of connections do nothing else.
awaitable<void> Connection::talk() {
    send(dialogue_.connected().reply);
    while (!closed_) {
        if (auto step = event()) {
            co_await perform(std::move(*step));
            continue;
        }
        set_deadline();
        if (deaf()) {
            co_await pause(asio::steady_timer::time_point::max());
            continue;
        }
        error_code ec;
        co_await socket_.async_wait(tcp::socket::wait_read, into(ec));
        if (!ec) receive();
    }
}

/// What the dialogue makes of the next thing that has happened; nothing if nothing has.
std::optional<ServerDialogue::Step> Connection::event() {
    if (close_reason_) return dialogue_.closing(*close_reason_);
    if (std::exchange(stop_, false)) return dialogue_.stopping();
    if (channel_ && channel_->connected() && !std::exchange(told_connected_, true))
        return dialogue_.data_connected();
    if (channel_ && channel_->ended()) {
        const auto end = *channel_->ended();
        cut();
        return dialogue_.data_ended(end);
    }
    if (auto step = dialogue_.queued()) return step;
    if (dialogue_.wants_line())
        if (const auto line = lines_.next(dialogue_.line_limit())) return dialogue_.line(*line);
    if (std::exchange(end_of_input_, false)) return dialogue_.end_of_input();
    return std::nullopt;
}

/// A transfer has its own deadline, and the login has one for all its steps.
void Connection::set_deadline() {
    if (dialogue_.transferring())
        deadline_.cancel();
    else if (dialogue_.logged_in() && std::exchange(active_, false))
        deadline_.expires_after(core_->options.idle_time);
}

/// Only the transfer's end, or someone who closes us, can change anything now.
bool Connection::deaf() const noexcept {
    return input_ended_ || !dialogue_.wants_line();
}

void Connection::receive() {
    error_code ec;
    const auto count = socket_.read_some(asio::buffer(core_->scratch), ec);
    lines_.feed({core_->scratch.data(), count});
    if (!ec || ec == asio::error::would_block || ec == asio::error::interrupted) return;
    input_ended_ = end_of_input_ = true;
}

/// Until then, or until somebody wakes us.
awaitable<void> Connection::pause(asio::steady_timer::time_point until) {
    error_code ec;
    pause_ = std::make_unique<asio::steady_timer>(core_->executor, until);
    co_await pause_->async_wait(into(ec));
    pause_.reset();
}

awaitable<void> Connection::perform(Step step) {
    active_ = true;
    for (;;) {
        if (step.delayed) {
            const auto until = std::chrono::steady_clock::now() + core_->options.login_failure_delay;
            co_await pause(until);
        }
        send(step.reply);
        if (closed_) co_return;
        auto then = co_await act(std::move(step));
        if (!then) co_return;
        step = std::move(*then);
    }
}

/// Does what a step says; gives the next one when that was a question.
awaitable<std::optional<ServerDialogue::Step>> Connection::act(Step step) {
    switch (step.what) {
    case Do::nothing:
        break;
    case Do::challenge: {
        const auto text = co_await visitor_->challenge(std::move(step.argument));
        co_return dialogue_.challenged(text);
    }
    case Do::authenticate: {
        const auto text = co_await visitor_->authenticate(std::move(step.argument));
        if (text)
            core_->logged_in(*this);
        else if (core_->login_failed(*this))
            close("Too many failed logins."); // after this one's reply
        co_return dialogue_.authenticated(text);
    }
    case Do::size: {
        const auto answer = co_await visitor_->size(std::move(step.argument));
        co_return dialogue_.sized(answer);
    }
    case Do::open: {
        auto next = co_await open(std::move(step.argument));
        co_return std::move(next);
    }
    case Do::store: {
        const auto answer = co_await visitor_->store(std::move(step.argument));
        co_return dialogue_.allotted(answer);
    }
    case Do::listen:
        co_return listen();
    case Do::transfer:
        if (channel_) channel_->send(std::move(source_), step.offset, *visitor_);
        break;
    case Do::receive:
        take(step);
        break;
    case Do::stop:
        if (channel_) channel_->stop();
        break;
    case Do::cut:
        cut();
        break;
    case Do::close: {
        // Unread input would turn the close into a reset, which may overtake the last reply.
        error_code ec;
        if (dialogue_.left()) core_->session_over(*this);
        socket_.shutdown(tcp::socket::shutdown_send, ec);
        for (int i = 0; i < 16 && !ec; ++i)
            socket_.read_some(asio::buffer(core_->scratch), ec);
        abandon();
        break;
    }
    }
    co_return std::nullopt;
}

awaitable<ServerDialogue::Step> Connection::open(std::string name) {
    auto answer = co_await visitor_->open(std::move(name));
    std::variant<std::uint64_t, Refusal> size = Refusal::failed;
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        size = *refusal;
    } else {
        source_ = std::move(std::get<Source>(answer));
        size = source_.size;
    }
    co_return dialogue_.opened(size);
}

void Connection::take(const Step& step) {
    Incoming incoming;
    incoming.offset = step.offset;
    incoming.size = step.size;
    incoming.exact = step.exact;
    if (channel_) channel_->receive(std::move(incoming), *visitor_);
}

ServerDialogue::Step Connection::listen() {
    cut();
    channel_ = std::make_shared<DataChannel>(core_->executor, core_->options, [this] { wake(); });
    told_connected_ = false;
    channel_->pace(rate_);
    auto endpoint = channel_->listen(peer_);
    if (!endpoint)
        cut();
    else if (core_->options.advertised_address && !peer_.local.address().is_v6())
        endpoint->address(*core_->options.advertised_address);
    return dialogue_.listening(endpoint);
}

void Connection::send(const std::string& reply) {
    if (reply.empty() || closed_) return;
    // A client that leaves tens of kilobytes of replies unread has lost its right to the next one.
    error_code ec;
    const auto count = socket_.write_some(asio::buffer(reply), ec);
    if (ec || count != reply.size()) abandon();
}

void Connection::cut() {
    if (channel_) channel_->cut();
    // What the visitor still has to end stays until it has told how.
    if (channel_ && !channel_->receiving()) channel_.reset();
    source_ = Source();
}

} // namespace two_path::ftp
